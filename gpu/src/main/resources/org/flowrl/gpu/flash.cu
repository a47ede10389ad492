// Causal attention over packed sequences on tensor cores, after FlashAttention-2 (Dao 2023): N tokens, H query heads,
// G key heads, E head size. Operands of products are BF16, sums, softmax and results F32.
//
// Four warps hold rows of a tile each (queries, or keys for the gradients of keys) and go over tiles of columns (keys,
// or queries) that all of them read. What is read by many blocks comes rounded from a pass over the whole tensor: over
// 4,096 tokens each key is read by 16 blocks for each of its query heads on average, so that rounding it once saves
// half of these bytes and the rounding, and cp.async brings it past the registers. The queries of the forward pass are
// read by one block each, which rounds them itself.
//
// The backward pass is two kernels, for dq and for dk and dv, of seven products together instead of five in one: one
// kernel would have to add its part of dq to that of other blocks, in an order that changes, or through N / 64 copies
// of dq. dk and dv are made for each query head and folded in order, since the key heads alone are too few blocks.
//
// Rows in shared memory have E + 8 numbers: an odd count of 16 bytes, so that the eight rows of a matrix lie in
// different banks. Blocks with the most work come first.
#include "tensorcore.cuh"

#define LANE ((int)(threadIdx.x % WARP_SIZE))
#define WARP ((int)(threadIdx.x / WARP_SIZE))

static constexpr int FLASH_WARPS = 4;
static constexpr int FLASH_THREADS = FLASH_WARPS * WARP_SIZE;
// Rows and columns of A, and columns of two B beside each other.
static constexpr int SIDE = 16;

template <int E> static constexpr int PITCH = E + 8;

// Begins to copy rows first ... first + COUNT - 1 of one head of [N, heads, E], those from `end` on as zeros.
template <int E, int COUNT> DEVICE void copyRows(const BfloatBits* from, int first, int end, int heads, int head,
        BfloatBits* to) {
    constexpr int PIECES = E / 8;
    constexpr int STEP = FLASH_THREADS / PIECES;
    static_assert(FLASH_THREADS % PIECES == 0 && COUNT % STEP == 0, "all threads copy as many pieces");
    int row = threadIdx.x / PIECES;
    int e = threadIdx.x % PIECES * 8;
    from += ((Index)(first + row) * heads + head) * E + e;
    to += row * PITCH<E> + e;
#pragma unroll
    for (int i = 0; i < COUNT / STEP; i++) {
        copy16(from, first + row + i * STEP < end, to + i * STEP * PITCH<E>);
        from += STEP * heads * E;
    }
}

// The same from F32, rounded, and done when it returns.
template <int E, int COUNT> DEVICE void roundRows(const float* from, int first, int end, int heads, int head,
        BfloatBits* to) {
    constexpr int PIECES = E / 4;
    constexpr int STEP = FLASH_THREADS / PIECES;
    static_assert(FLASH_THREADS % PIECES == 0 && COUNT % STEP == 0, "all threads round as many pieces");
    int row = threadIdx.x / PIECES;
    int e = threadIdx.x % PIECES * 4;
    from += ((Index)(first + row) * heads + head) * E + e;
    to += row * PITCH<E> + e;
#pragma unroll 8
    for (int i = 0; i < COUNT / STEP; i++) {
        float4 x = {0.0f, 0.0f, 0.0f, 0.0f};
        if (first + row + i * STEP < end) {
            x = *(const float4*)from;
        }
        *(uint2*)(to + i * STEP * PITCH<E>) = {pairOf(x.x, x.y), pairOf(x.z, x.w)};
        from += STEP * heads * E;
    }
}

// Where this lane's row of an A begins in a tile; also that of two B beside each other, their columns side by side.
template <int E> DEVICE const BfloatBits* acrossRows(const BfloatBits* tile) {
    return tile + LANE % SIDE * PITCH<E> + LANE / SIDE * 8;
}

// Where this lane's row of two B below each other begins in a tile whose rows are the columns of B.
template <int E> DEVICE const BfloatBits* acrossColumns(const BfloatBits* tile) {
    return tile + (LANE % 8 + LANE / SIDE * 8) * PITCH<E> + LANE / 8 % 2 * 8;
}

template <int M, int N> DEVICE void clear(float (&sums)[M][N][4]) {
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int n = 0; n < N; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                sums[m][n][i] = 0.0f;
            }
        }
    }
}

// sums [16 M, 8 N] += rows [16 M, E] * columns [8 N, E] transposed.
template <int E, int M, int N> DEVICE void addScores(const BfloatBits* rows, const BfloatBits* columns,
        float (&sums)[M][N][4]) {
    rows = acrossRows<E>(rows);
    columns = acrossColumns<E>(columns);
#pragma unroll
    for (int k = 0; k < E / SIDE; k++) {
        unsigned a[M][4];
#pragma unroll
        for (int m = 0; m < M; m++) {
            loadMatrices(rows + m * SIDE * PITCH<E> + k * SIDE, a[m]);
        }
#pragma unroll
        for (int n = 0; n < N; n += 2) {
            unsigned b[4];
            loadMatrices(columns + n * 8 * PITCH<E> + k * SIDE, b);
#pragma unroll
            for (int m = 0; m < M; m++) {
                multiplyAdd(sums[m][n], a[m], b[0], b[1]);
                multiplyAdd(sums[m][n + 1], a[m], b[2], b[3]);
            }
        }
    }
}

// sums [16 M, E] += weights [16 M, 8 N], rounded, * columns [8 N, E].
template <int E, int M, int N> DEVICE void addWeightedRows(const float (&weights)[M][N][4], const BfloatBits* columns,
        float (&sums)[M][E / 8][4]) {
    columns = acrossRows<E>(columns);
#pragma unroll
    for (int k = 0; k < N; k += 2) {
        unsigned a[M][4];
#pragma unroll
        for (int m = 0; m < M; m++) {
            a[m][0] = pairOf(weights[m][k][0], weights[m][k][1]);
            a[m][1] = pairOf(weights[m][k][2], weights[m][k][3]);
            a[m][2] = pairOf(weights[m][k + 1][0], weights[m][k + 1][1]);
            a[m][3] = pairOf(weights[m][k + 1][2], weights[m][k + 1][3]);
        }
#pragma unroll
        for (int n = 0; n < E / 8; n += 2) {
            unsigned b[4];
            loadTransposed(columns + k * 8 * PITCH<E> + n * 8, b);
#pragma unroll
            for (int m = 0; m < M; m++) {
                multiplyAdd(sums[m][n], a[m], b[0], b[1]);
                multiplyAdd(sums[m][n + 1], a[m], b[2], b[3]);
            }
        }
    }
}

// out[row, head] = sums * factor for the rows before `end`; `row` is this lane's first.
template <int E, int M> DEVICE void storeRows(const float (&sums)[M][E / 8][4], const float (&factors)[2 * M], int row,
        int end, int heads, int head, float* out) {
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        if (row + 8 * r < end) {
            float* to = out + ((Index)(row + 8 * r) * heads + head) * E + LANE % 4 * 2;
#pragma unroll
            for (int n = 0; n < E / 8; n++) {
                float2 pair = {sums[r / 2][n][r % 2 * 2] * factors[r], sums[r / 2][n][r % 2 * 2 + 1] * factors[r]};
                *(float2*)(to + n * 8) = pair;
            }
        }
    }
}

// The sum, and the largest, over the four lanes that hold a row.
DEVICE float rowSum(float x) {
    x += __shfl_xor_sync(ALL_LANES, x, 1);
    return x + __shfl_xor_sync(ALL_LANES, x, 2);
}

DEVICE float rowLargest(float x) {
    x = largerOf(x, __shfl_xor_sync(ALL_LANES, x, 1));
    return largerOf(x, __shfl_xor_sync(ALL_LANES, x, 2));
}

// Where the sequence of a row starts, and where it ends, of the last row's for those that do not exist.
DEVICE int startOfRow(const int* bounds, int row, int tokens) {
    return bounds[(row < tokens ? row : tokens - 1) * 2];
}

DEVICE int endOfRow(const int* bounds, int row, int tokens) {
    return bounds[(row < tokens ? row : tokens - 1) * 2 + 1];
}

// Sets to `value` the scores of rows for columns `from` on that they do not read: those after the row and, where the
// columns are not all of one sequence, those before the row's own. `row` is this lane's first.
template <int M, int N> DEVICE void maskKeys(float (&scores)[M][N][4], int from, int row, bool isOneSequence,
        const int* bounds, int tokens, float value) {
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        int first = isOneSequence ? 0 : startOfRow(bounds, row + 8 * r, tokens);
#pragma unroll
        for (int n = 0; n < N; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                int key = from + n * 8 + LANE % 4 * 2 + i;
                if (key > row + 8 * r || key < first) {
                    scores[r / 2][n][r % 2 * 2 + i] = value;
                }
            }
        }
    }
}

// One tile of an online softmax (Milakov and Gimelshein 2018): scores become weights 2^(score * factor - most), where
// most, the largest score so far times factor, is carried on, with this lane's part of the sum and the weighted sums.
template <int E, int M, int N> DEVICE void weigh(float (&scores)[M][N][4], float factor, float (&most)[2 * M],
        float (&total)[2 * M], float (&sums)[M][E / 8][4]) {
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        float (&own)[N][4] = scores[r / 2];
        int i = r % 2 * 2;
        float highest = MINUS_INFINITY;
#pragma unroll
        for (int n = 0; n < N; n++) {
            highest = largerOf(highest, largerOf(own[n][i], own[n][i + 1]));
        }
        highest = largerOf(most[r], rowLargest(highest) * factor);
        // Where no key was read yet, weights of 0 and not of NaN.
        float base = highest == MINUS_INFINITY ? 0.0f : highest;
        float keep = exp2Of(most[r] - base);
        float sum = 0.0f;
#pragma unroll
        for (int n = 0; n < N; n++) {
            own[n][i] = exp2Of(fmaf(own[n][i], factor, -base));
            own[n][i + 1] = exp2Of(fmaf(own[n][i + 1], factor, -base));
            sum += own[n][i] + own[n][i + 1];
        }
        total[r] = fmaf(total[r], keep, sum);
        most[r] = highest;
#pragma unroll
        for (int n = 0; n < E / 8; n++) {
            sums[r / 2][n][i] *= keep;
            sums[r / 2][n][i + 1] *= keep;
        }
    }
}

// A block's tile of 64 M rows of one head: the last one first where later rows have more to read.
template <int M> struct FlashTile {
    static constexpr int ROWS = FLASH_WARPS * M * SIDE;
    int head, first, end;
    // The first row of this warp, and of this lane.
    int warpFirst, row;

    DEVICE FlashTile of(int tokens, int heads, bool lastFirst) {
        int tiles = gridDim.x / heads;
        int tile = blockIdx.x / heads;
        FlashTile result;
        result.head = blockIdx.x % heads;
        result.first = (lastFirst ? tiles - 1 - tile : tile) * ROWS;
        result.end = result.first + ROWS < tokens ? result.first + ROWS : tokens;
        result.warpFirst = result.first + WARP * M * SIDE;
        result.row = result.warpFirst + LANE / 4;
        return result;
    }
};

template <int E, int M, int N> DEVICE void flashForward(const float* q, const BfloatBits* k, const BfloatBits* v,
        const int* bounds, float scale, float* out, float* statistics, int tokens, int heads,
        int groups) {
    constexpr int COLUMNS = 8 * N;
    FlashTile<M> tile = FlashTile<M>::of(tokens, heads, true);
    DYNAMIC_SHARED(BfloatBits, shared);
    BfloatBits* queries = shared;                                  // [ROWS, PITCH]
    BfloatBits* keys = queries + FlashTile<M>::ROWS * PITCH<E>;    // [COLUMNS, PITCH]
    BfloatBits* values = keys + COLUMNS * PITCH<E>;                // [COLUMNS, PITCH]
    int group = tile.head / (heads / groups);
    int from = startOfRow(bounds, tile.first, tokens);
    copyRows<E, COLUMNS>(k, from, tile.end, groups, group, keys);
    roundRows<E, FlashTile<M>::ROWS>(q, tile.first, tile.end, heads, tile.head, queries);
    float factor = scale * LOG2_E;
    float most[2 * M];
    float total[2 * M];
    float sums[M][E / 8][4];
    clear(sums);
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        most[r] = MINUS_INFINITY;
        total[r] = 0.0f;
    }
    const BfloatBits* ownQueries = queries + WARP * M * SIDE * PITCH<E>;
    // Keys from here on are read by this warp's rows, and from there on, up to its first row, by all of them.
    int warpStart = startOfRow(bounds, tile.warpFirst, tokens);
    int lastStart = startOfRow(bounds, tile.warpFirst + M * SIDE - 1, tokens);
    for (; from < tile.end; from += COLUMNS) {
        bool isRead = from < tile.warpFirst + M * SIDE && from + COLUMNS > warpStart;
        float scores[M][N][4];
        waitForCopies();
        __syncthreads();
        copyRows<E, COLUMNS>(v, from, tile.end, groups, group, values);
        if (isRead) {
            clear(scores);
            addScores<E>(ownQueries, keys, scores);
            if (from < lastStart || from + COLUMNS > tile.warpFirst + 1) {
                maskKeys(scores, from, tile.row, from >= lastStart, bounds, tokens, MINUS_INFINITY);
            }
            weigh<E>(scores, factor, most, total, sums);
        }
        waitForCopies();
        __syncthreads();
        if (from + COLUMNS < tile.end) {
            copyRows<E, COLUMNS>(k, from + COLUMNS, tile.end, groups, group, keys);
        }
        if (isRead) {
            addWeightedRows<E>(scores, values, sums);
        }
    }
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        total[r] = 1.0f / rowSum(total[r]);
        int row = tile.row + 8 * r;
        if (row < tile.end && LANE % 4 == 0) {
            float* statistic = statistics + ((Index)row * heads + tile.head) * 2;
            statistic[0] = most[r] * (1.0f / LOG2_E);
            statistic[1] = total[r];
        }
    }
    storeRows<E>(sums, total, tile.row, tile.end, heads, tile.head, out);
}

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
#define FLASH_FORWARD(E, M, N)                                                                                     \
    KERNEL(flashForward##E, const float* q, const BfloatBits* k, const BfloatBits* v, const int* bounds,           \
            float scale, float* out, float* statistics, int tokens, int heads, int groups) {                       \
        flashForward<E, M, N>(q, k, v, bounds, scale, out, statistics, tokens, heads, groups);                     \
    }
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

FLASH_FORWARD(64, 2, 8)
FLASH_FORWARD(128, 2, 8)
FLASH_QUERY_GRADIENT(64, 2, 4)
FLASH_QUERY_GRADIENT(128, 2, 4)
FLASH_KEY_GRADIENT(64, 2, 4)
FLASH_KEY_GRADIENT(128, 1, 8)
