// A stand-in for libcublas.so.12, for tests: products in plain loops, with the sums of the card's kind, in F32.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))

enum { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, NOT_SUPPORTED = 15 };
enum { F32 = 0, BF16 = 14, COMPUTE_F32 = 68 };

static float at(const void* data, int type, long long i) {
    if (type == F32) {
        return ((const float*)data)[i];
    }
    uint32_t bits = (uint32_t)((const uint16_t*)data)[i] << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

typedef struct {
    int math;
    void* stream;
} Handle;

// Of the stand-in driver: does the work, or notes it with a copy of its arguments where the stream is captured.
int emulatorPut(void* stream, int (*work)(const void*), const void* arguments, size_t bytes);

API int cublasCreate_v2(void** handle) { *handle = calloc(1, sizeof(Handle)); return SUCCESS; }
API int cublasDestroy_v2(void* handle) { free(handle); return SUCCESS; }

API int cublasGetVersion_v2(void* handle, int* version) {
    *version = 120902;
    return handle ? SUCCESS : NOT_INITIALIZED;
}

API int cublasSetStream_v2(void* handle, void* stream) {
    if (!handle || !stream) {
        return NOT_INITIALIZED;
    }
    ((Handle*)handle)->stream = stream;
    return SUCCESS;
}

API int cublasSetWorkspace_v2(void* handle, void* workspace, size_t bytes) {
    return handle && workspace && bytes ? SUCCESS : INVALID_VALUE;
}

API int cublasSetMathMode(void* handle, int mode) {
    if (!handle || (mode != 0 && mode != 3)) {
        return INVALID_VALUE;
    }
    ((Handle*)handle)->math = mode;
    return SUCCESS;
}

// What JCublas asks for before a product.
API int cublasGetMathMode(void* handle, int* mode) { *mode = ((Handle*)handle)->math; return SUCCESS; }
API int cublasGetPointerMode_v2(void* handle, int* mode) { *mode = 0; return handle ? SUCCESS : NOT_INITIALIZED; }

// What a product reads and writes. The factors are those that the caller's pointers held at the call.
typedef struct {
    int turnA, turnB, m, n, k, type, lda, ldb, ldc;
    const void* a;
    const void* b;
    float* c;
    float scale, keep;
} Product;

// Column-major, as the library: element (i, j) of op(A) [m, k] lies at i + j * lda, or at j + i * lda where turned.
static int multiply(const void* arguments) {
    const Product* p = arguments;
    int m = p->m, k = p->k;
    // op(A) by columns and one column of sums, so that the inner loop runs over neighbours.
    float* columns = malloc(sizeof(float) * ((size_t)m * k + m + 1));
    float* sums = columns + (size_t)m * k;
    for (int l = 0; l < k; l++) {
        for (int i = 0; i < m; i++) {
            columns[(size_t)l * m + i] = at(p->a, p->type, p->turnA ? (long long)i * p->lda + l
                    : (long long)l * p->lda + i);
        }
    }
    for (int j = 0; j < p->n; j++) {
        memset(sums, 0, sizeof(float) * m);
        for (int l = 0; l < k; l++) {
            float y = at(p->b, p->type, p->turnB ? (long long)l * p->ldb + j : (long long)j * p->ldb + l);
            const float* column = columns + (size_t)l * m;
            for (int i = 0; i < m; i++) {
                sums[i] += column[i] * y;
            }
        }
        float* out = p->c + (long long)j * p->ldc;
        for (int i = 0; i < m; i++) {
            out[i] = p->keep == 0 ? p->scale * sums[i] : p->scale * sums[i] + p->keep * out[i];
        }
    }
    free(columns);
    return SUCCESS;
}

API int cublasGemmEx(void* handle, int turnA, int turnB, int m, int n, int k, const void* alpha, const void* a,
        int typeA, int lda, const void* b, int typeB, int ldb, const void* beta, void* c, int typeC, int ldc,
        int compute, int algorithm) {
    if (!handle) {
        return NOT_INITIALIZED;
    }
    if (compute != COMPUTE_F32 || typeC != F32 || typeA != typeB || (typeA != F32 && typeA != BF16)) {
        return NOT_SUPPORTED;
    }
    if (m < 0 || n < 0 || k < 0 || lda < (turnA ? k : m) || ldb < (turnB ? n : k) || ldc < m || lda < 1 || ldb < 1
            || ldc < 1 || algorithm != -1) {
        return INVALID_VALUE;
    }
    Product product = {turnA, turnB, m, n, k, typeA, lda, ldb, ldc, a, b, c, *(const float*)alpha,
        *(const float*)beta};
    return emulatorPut(((Handle*)handle)->stream, multiply, &product, sizeof product);
}
