// Gradients of causal attention over packed sequences on tensor cores; see flash.cuh.
//
// Two kernels, for dq and for dk and dv, make seven products instead of the five of one, which would have to add its
// part of dq to that of other blocks, in an order that changes, or through N / 64 copies of dq. dk and dv are made for
// each query head and folded in order, since the key heads alone are too few blocks.
#include "flash.cuh"

// log2 of the sum of e^score of each row of a head, as m * log2 e - log2 r.
KERNEL(flashLogSums, const float* statistics, float* logSums, Index count) {
    for (Index i = FIRST; i < count; i += STRIDE) {
        logSums[i] = fmaf(statistics[i * 2], LOG2_E, -logOf(statistics[i * 2 + 1]) * LOG2_E);
    }
}

// What both kernels of the backward pass read: dout and q [N, H, E], k and v [N, G, E], logSums and dots [N, H].
struct FlashGradient {
    const BfloatBits *dout, *q, *k, *v;
    const float *logSums, *dots;
    const int* bounds;
    float scale;
    int tokens, heads, groups;
};

template <int E, int M, int N> DEVICE void flashQueryGradient(const FlashGradient& x, float* dq) {
    constexpr int COLUMNS = 8 * N;
    FlashTile<M> tile = FlashTile<M>::of(x.tokens, x.heads, true);
    DYNAMIC_SHARED(BfloatBits, shared);
    BfloatBits* queries = shared;                                  // [ROWS, PITCH]
    BfloatBits* douts = queries + FlashTile<M>::ROWS * PITCH<E>;   // [ROWS, PITCH]
    BfloatBits* values = douts + FlashTile<M>::ROWS * PITCH<E>;    // [COLUMNS, PITCH]
    BfloatBits* keys = values + COLUMNS * PITCH<E>;                // two of [COLUMNS, PITCH]
    int group = tile.head / (x.heads / x.groups);
    int from = startOfRow(x.bounds, tile.first, x.tokens);
    copyRows<E, FlashTile<M>::ROWS>(x.q, tile.first, tile.end, x.heads, tile.head, queries);
    copyRows<E, FlashTile<M>::ROWS>(x.dout, tile.first, tile.end, x.heads, tile.head, douts);
    copyRows<E, COLUMNS>(x.k, from, tile.end, x.groups, group, keys);
    copyRows<E, COLUMNS>(x.v, from, tile.end, x.groups, group, values);
    float factor = x.scale * LOG2_E;
    float rowSums[2 * M];
    float rowDots[2 * M];
    float scales[2 * M];
    float sums[M][E / 8][4];
    clear(sums);
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        int row = tile.row + 8 * r;
        Index at = (Index)row * x.heads + tile.head;
        rowSums[r] = row < x.tokens ? x.logSums[at] : 0.0f;
        rowDots[r] = row < x.tokens ? x.dots[at] : 0.0f;
        scales[r] = x.scale;
    }
    const BfloatBits* ownQueries = queries + WARP * M * SIDE * PITCH<E>;
    const BfloatBits* ownDouts = douts + WARP * M * SIDE * PITCH<E>;
    int warpStart = startOfRow(x.bounds, tile.warpFirst, x.tokens);
    int lastStart = startOfRow(x.bounds, tile.warpFirst + M * SIDE - 1, x.tokens);
    int own = 0;
    for (; from < tile.end; from += COLUMNS) {
        int next = COLUMNS * PITCH<E> - own;
        bool isRead = from < tile.warpFirst + M * SIDE && from + COLUMNS > warpStart;
        bool isLast = from + COLUMNS >= tile.end;
        float scores[M][N][4];
        waitForCopies();
        __syncthreads();
        if (!isLast) {
            copyRows<E, COLUMNS>(x.k, from + COLUMNS, tile.end, x.groups, group, keys + next);
        }
        if (isRead) {
            clear(scores);
            addScores<E>(ownQueries, keys + own, scores);
            // dP - D, whose sum starts from -D.
            float slopes[M][N][4];
#pragma unroll
            for (int m = 0; m < M; m++) {
#pragma unroll
                for (int n = 0; n < N; n++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        slopes[m][n][i] = -rowDots[2 * m + i / 2];
                    }
                }
            }
            addScores<E>(ownDouts, values, slopes);
#pragma unroll
            for (int m = 0; m < M; m++) {
#pragma unroll
                for (int n = 0; n < N; n++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        scores[m][n][i] = exp2Of(fmaf(scores[m][n][i], factor, -rowSums[2 * m + i / 2]))
                                * slopes[m][n][i];
                    }
                }
            }
            if (from < lastStart || from + COLUMNS > tile.warpFirst + 1) {
                maskKeys(scores, from, tile.row, from >= lastStart, x.bounds, x.tokens, 0.0f);
            }
        }
        __syncthreads();
        if (!isLast) {
            copyRows<E, COLUMNS>(x.v, from + COLUMNS, tile.end, x.groups, group, values);
        }
        if (isRead) {
            addWeightedRows<E>(scores, keys + own, sums);
        }
        own = next;
    }
    storeRows<E>(sums, scales, tile.row, tile.end, x.heads, tile.head, dq);
}

// Begins to copy the numbers of rows first ... first + COUNT - 1 of one head of [N, heads], those from `end` on
// as zeros.
template <int COUNT> DEVICE void copyNumbers(const float* from, int first, int end, int heads, int head, float* to) {
    static_assert(COUNT <= FLASH_THREADS, "a thread copies one number");
    int row = threadIdx.x;
    if (row < COUNT) {
        copy4(from + (Index)(first + row) * heads + head, first + row < end, to + row);
    }
}

// Sets to 0 what rows, which are keys, have in columns `from` on that do not read them: the queries before the key and,
// where the columns are not all of one sequence, those after its own. `row` is this lane's first.
template <int M, int N> DEVICE void maskQueries(float (&weights)[M][N][4], float (&slopes)[M][N][4], int from, int row,
        bool isOneSequence, const int* bounds, int tokens) {
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        int end = isOneSequence ? from + 8 * N : endOfRow(bounds, row + 8 * r, tokens);
#pragma unroll
        for (int n = 0; n < N; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                int query = from + n * 8 + LANE % 4 * 2 + i;
                if (query < row + 8 * r || query >= end) {
                    weights[r / 2][n][r % 2 * 2 + i] = 0.0f;
                    slopes[r / 2][n][r % 2 * 2 + i] = 0.0f;
                }
            }
        }
    }
}

// Sums of dP - D start from -D of their column.
template <int M, int N> DEVICE void startSlopes(const float* dots, float (&slopes)[M][N][4]) {
#pragma unroll
    for (int n = 0; n < N; n++) {
        float2 dot = *(const float2*)(dots + n * 8 + LANE % 4 * 2);
#pragma unroll
        for (int m = 0; m < M; m++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                slopes[m][n][i] = i % 2 ? -dot.y : -dot.x;
            }
        }
    }
}

// Scores become P by the log sums of their columns, and dP - D becomes dS / scale.
template <int M, int N> DEVICE void weighColumns(const float* logSums, float factor, float (&scores)[M][N][4],
        float (&slopes)[M][N][4]) {
#pragma unroll
    for (int n = 0; n < N; n++) {
        float2 sum = *(const float2*)(logSums + n * 8 + LANE % 4 * 2);
#pragma unroll
        for (int m = 0; m < M; m++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                scores[m][n][i] = exp2Of(fmaf(scores[m][n][i], factor, i % 2 ? -sum.y : -sum.x));
                slopes[m][n][i] *= scores[m][n][i];
            }
        }
    }
}

// dk and dv of each query head: [N, H, E].
template <int E, int M, int N> DEVICE void flashKeyGradient(const FlashGradient& x, float* dk, float* dv) {
    constexpr int COLUMNS = 8 * N;
    FlashTile<M> tile = FlashTile<M>::of(x.tokens, x.heads, false);
    DYNAMIC_SHARED(BfloatBits, shared);
    BfloatBits* keys = shared;                                     // [ROWS, PITCH]
    BfloatBits* values = keys + FlashTile<M>::ROWS * PITCH<E>;     // [ROWS, PITCH]
    BfloatBits* douts = values + FlashTile<M>::ROWS * PITCH<E>;    // [COLUMNS, PITCH]
    BfloatBits* queries = douts + COLUMNS * PITCH<E>;              // two of [COLUMNS, PITCH]
    float* tileSums = (float*)(queries + 2 * COLUMNS * PITCH<E>);  // [COLUMNS]
    float* tileDots = tileSums + COLUMNS;                          // [COLUMNS]
    int group = tile.head / (x.heads / x.groups);
    int end = endOfRow(x.bounds, tile.end - 1, x.tokens);
    copyRows<E, FlashTile<M>::ROWS>(x.k, tile.first, tile.end, x.groups, group, keys);
    copyRows<E, FlashTile<M>::ROWS>(x.v, tile.first, tile.end, x.groups, group, values);
    copyRows<E, COLUMNS>(x.q, tile.first, end, x.heads, tile.head, queries);
    copyRows<E, COLUMNS>(x.dout, tile.first, end, x.heads, tile.head, douts);
    copyNumbers<COLUMNS>(x.logSums, tile.first, end, x.heads, tile.head, tileSums);
    copyNumbers<COLUMNS>(x.dots, tile.first, end, x.heads, tile.head, tileDots);
    float factor = x.scale * LOG2_E;
    float scales[2 * M];
    float ones[2 * M];
    float keySums[M][E / 8][4];
    float valueSums[M][E / 8][4];
    clear(keySums);
    clear(valueSums);
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        scales[r] = x.scale;
        ones[r] = 1.0f;
    }
    const BfloatBits* ownKeys = keys + WARP * M * SIDE * PITCH<E>;
    const BfloatBits* ownValues = values + WARP * M * SIDE * PITCH<E>;
    // Queries up to here read rows of this warp, and up to there, from its last row on, all of them.
    int warpEnd = endOfRow(x.bounds, tile.warpFirst + M * SIDE - 1, x.tokens);
    int firstEnd = endOfRow(x.bounds, tile.warpFirst, x.tokens);
    int own = 0;
    for (int from = tile.first; from < end; from += COLUMNS) {
        int next = COLUMNS * PITCH<E> - own;
        bool isRead = from + COLUMNS > tile.warpFirst && from < warpEnd;
        bool isLast = from + COLUMNS >= end;
        float slopes[M][N][4];
        waitForCopies();
        __syncthreads();
        if (!isLast) {
            copyRows<E, COLUMNS>(x.q, from + COLUMNS, end, x.heads, tile.head, queries + next);
        }
        if (isRead) {
            float weights[M][N][4];
            clear(weights);
            addScores<E>(ownKeys, queries + own, weights);
            startSlopes(tileDots, slopes);
            addScores<E>(ownValues, douts, slopes);
            weighColumns(tileSums, factor, weights, slopes);
            if (from < tile.warpFirst + M * SIDE - 1 || from + COLUMNS > firstEnd) {
                maskQueries(weights, slopes, from, tile.row, from + COLUMNS <= firstEnd, x.bounds, x.tokens);
            }
            addWeightedRows<E>(weights, douts, valueSums);
        }
        __syncthreads();
        if (!isLast) {
            copyRows<E, COLUMNS>(x.dout, from + COLUMNS, end, x.heads, tile.head, douts);
            copyNumbers<COLUMNS>(x.logSums, from + COLUMNS, end, x.heads, tile.head, tileSums);
            copyNumbers<COLUMNS>(x.dots, from + COLUMNS, end, x.heads, tile.head, tileDots);
        }
        if (isRead) {
            addWeightedRows<E>(slopes, queries + own, keySums);
        }
        own = next;
    }
    storeRows<E>(keySums, scales, tile.row, tile.end, x.heads, tile.head, dk);
    storeRows<E>(valueSums, ones, tile.row, tile.end, x.heads, tile.head, dv);
}

// dk or dv from those of each query head of a key head, added in order.
KERNEL(flashFold, const float* from, float* to, Index count, int share, int size) {
    for (Index i = FIRST; i < count; i += STRIDE) {
        const float* part = from + (i / size * share) * size + i % size;
        float sum = part[0];
        for (int head = 1; head < share; head++) {
            sum += part[(Index)head * size];
        }
        to[i] = sum;
    }
}

// Kernels for heads of E numbers, with M tiles of 16 rows for each warp and N tiles of 8 columns. Grid: tiles of 64 M
// tokens times query heads.
#define FLASH_GRADIENT_PARAMETERS                                                                                  \
    const BfloatBits* dout, const BfloatBits* q, const BfloatBits* k, const BfloatBits* v, const float* logSums,   \
            const float* dots, const int* bounds, float scale, int tokens, int heads, int groups
#define FLASH_QUERY_GRADIENT(E, M, N)                                                                              \
    KERNEL(flashQueryGradient##E, FLASH_GRADIENT_PARAMETERS, float* dq) {                                          \
        flashQueryGradient<E, M, N>({dout, q, k, v, logSums, dots, bounds, scale, tokens, heads, groups}, dq);     \
    }
#define FLASH_KEY_GRADIENT(E, M, N)                                                                                \
    KERNEL(flashKeyGradient##E, FLASH_GRADIENT_PARAMETERS, float* dk, float* dv) {                                 \
        flashKeyGradient<E, M, N>({dout, q, k, v, logSums, dots, bounds, scale, tokens, heads, groups}, dk, dv);   \
    }

FLASH_QUERY_GRADIENT(64, 2, 4)
FLASH_QUERY_GRADIENT(128, 2, 4)
FLASH_KEY_GRADIENT(64, 2, 4)
FLASH_KEY_GRADIENT(128, 1, 8)
