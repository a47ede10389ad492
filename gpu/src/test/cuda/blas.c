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
} Handle;

API int cublasCreate_v2(void** handle) { *handle = calloc(1, sizeof(Handle)); return SUCCESS; }
API int cublasDestroy_v2(void* handle) { free(handle); return SUCCESS; }

API int cublasGetVersion_v2(void* handle, int* version) {
    *version = 120902;
    return handle ? SUCCESS : NOT_INITIALIZED;
}

API int cublasSetStream_v2(void* handle, void* stream) { return handle && stream ? SUCCESS : NOT_INITIALIZED; }

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

// Column-major, as the library: element (i, j) of op(A) [m, k] lies at i + j * lda, or at j + i * lda where turned.
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
    float scale = *(const float*)alpha;
    float keep = *(const float*)beta;
    // op(A) by columns and one column of sums, so that the inner loop runs over neighbours.
    float* columns = malloc(sizeof(float) * ((size_t)m * k + m + 1));
    float* sums = columns + (size_t)m * k;
    for (int l = 0; l < k; l++) {
        for (int i = 0; i < m; i++) {
            columns[(size_t)l * m + i] = at(a, typeA, turnA ? (long long)i * lda + l : (long long)l * lda + i);
        }
    }
    for (int j = 0; j < n; j++) {
        memset(sums, 0, sizeof(float) * m);
        for (int l = 0; l < k; l++) {
            float y = at(b, typeB, turnB ? (long long)l * ldb + j : (long long)j * ldb + l);
            const float* column = columns + (size_t)l * m;
            for (int i = 0; i < m; i++) {
                sums[i] += column[i] * y;
            }
        }
        float* out = (float*)c + (long long)j * ldc;
        for (int i = 0; i < m; i++) {
            out[i] = keep == 0 ? scale * sums[i] : scale * sums[i] + keep * out[i];
        }
    }
    free(columns);
    return SUCCESS;
}

API int cublasGemmStridedBatchedEx(void* handle, int turnA, int turnB, int m, int n, int k, const void* alpha,
        const void* a, int typeA, int lda, long long strideA, const void* b, int typeB, int ldb, long long strideB,
        const void* beta, void* c, int typeC, int ldc, long long strideC, int count, int compute, int algorithm) {
    int bytes = typeA == F32 ? 4 : 2;
    for (int i = 0; i < count; i++) {
        int code = cublasGemmEx(handle, turnA, turnB, m, n, k, alpha, (const char*)a + i * strideA * bytes, typeA, lda,
                (const char*)b + i * strideB * bytes, typeB, ldb, beta, (float*)c + i * strideC, typeC, ldc, compute,
                algorithm);
        if (code) {
            return code;
        }
    }
    return SUCCESS;
}
