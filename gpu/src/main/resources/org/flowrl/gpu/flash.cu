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
#include "sequences.cuh"
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
    static_assert(COUNT * PIECES % FLASH_THREADS == 0, "all threads copy as many pieces");
#pragma unroll
    for (int i = 0; i < COUNT * PIECES / FLASH_THREADS; i++) {
        int piece = i * FLASH_THREADS + threadIdx.x;
        int row = piece / PIECES;
        int e = piece % PIECES * 8;
        bool exists = first + row < end;
        copy16(from + ((Index)(exists ? first + row : first) * heads + head) * E + e, exists, to + row * PITCH<E> + e);
    }
}

// The same from F32, rounded, and done when it returns.
template <int E, int COUNT> DEVICE void roundRows(const float* from, int first, int end, int heads, int head,
        BfloatBits* to) {
    constexpr int PIECES = E / 4;
    static_assert(COUNT * PIECES % FLASH_THREADS == 0, "all threads round as many pieces");
#pragma unroll 8
    for (int i = 0; i < COUNT * PIECES / FLASH_THREADS; i++) {
        int piece = i * FLASH_THREADS + threadIdx.x;
        int row = piece / PIECES;
        int e = piece % PIECES * 4;
        float4 x = {0.0f, 0.0f, 0.0f, 0.0f};
        if (first + row < end) {
            x = *(const float4*)(from + ((Index)(first + row) * heads + head) * E + e);
        }
        *(uint2*)(to + row * PITCH<E> + e) = {pairOf(x.x, x.y), pairOf(x.z, x.w)};
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

// scores = rows [16 M, E] * columns [8 N, E] transposed.
template <int E, int M, int N> DEVICE void scoresOf(const BfloatBits* rows, const BfloatBits* columns,
        float (&scores)[M][N][4]) {
    clear(scores);
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
                multiplyAdd(scores[m][n], a[m], b[0], b[1]);
                multiplyAdd(scores[m][n + 1], a[m], b[2], b[3]);
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

// Sets to `value` the scores of rows for columns from + 8n + 2t that are not read: those after the row, and those before
// the row's first. `row` is this lane's first.
template <int M, int N> DEVICE void maskKeys(float (&scores)[M][N][4], int from, int row, const int (&firsts)[2 * M],
        float value) {
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
#pragma unroll
        for (int n = 0; n < N; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                int key = from + n * 8 + LANE % 4 * 2 + i;
                if (key > row + 8 * r || key < firsts[r]) {
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
    // The rows of this warp, and the first of this lane.
    int warpFirst, warpEnd, row;

    DEVICE FlashTile of(int tokens, int heads, bool lastFirst) {
        int tiles = gridDim.x / heads;
        int tile = blockIdx.x / heads;
        FlashTile result;
        result.head = blockIdx.x % heads;
        result.first = (lastFirst ? tiles - 1 - tile : tile) * ROWS;
        result.end = result.first + ROWS < tokens ? result.first + ROWS : tokens;
        result.warpFirst = result.first + WARP * M * SIDE;
        result.warpEnd = result.warpFirst + M * SIDE < tokens ? result.warpFirst + M * SIDE : tokens;
        result.row = result.warpFirst + LANE / 4;
        return result;
    }
};

template <int E, int M, int N> DEVICE void flashForward(const float* q, const BfloatBits* k, const BfloatBits* v,
        const int* starts, float scale, float* out, float* statistics, int sequences, int tokens, int heads,
        int groups) {
    constexpr int COLUMNS = 8 * N;
    FlashTile<M> tile = FlashTile<M>::of(tokens, heads, true);
    DYNAMIC_SHARED(BfloatBits, shared);
    BfloatBits* queries = shared;                                  // [ROWS, PITCH]
    BfloatBits* keys = queries + FlashTile<M>::ROWS * PITCH<E>;    // [COLUMNS, PITCH]
    BfloatBits* values = keys + COLUMNS * PITCH<E>;                // [COLUMNS, PITCH]
    int group = tile.head / (heads / groups);
    int from = (int)sequenceStart(starts, sequences, tokens, tile.first);
    copyRows<E, COLUMNS>(k, from, tile.end, groups, group, keys);
    roundRows<E, FlashTile<M>::ROWS>(q, tile.first, tile.end, heads, tile.head, queries);
    float factor = scale * LOG2_E;
    int firsts[2 * M];
    float most[2 * M];
    float total[2 * M];
    float sums[M][E / 8][4];
    clear(sums);
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        int row = tile.row + 8 * r;
        firsts[r] = (int)sequenceStart(starts, sequences, tokens, row < tokens ? row : tokens - 1);
        most[r] = MINUS_INFINITY;
        total[r] = 0.0f;
    }
    const BfloatBits* ownQueries = queries + WARP * M * SIDE * PITCH<E>;
    // The keys that some rows of this warp read, and those from which on, up to warpFirst, all of them do.
    int warpStart = __shfl_sync(ALL_LANES, firsts[0], 0);
    int allRead = __shfl_sync(ALL_LANES, firsts[2 * M - 1], WARP_SIZE - 1);
    for (; from < tile.end; from += COLUMNS) {
        bool isRead = from < tile.warpEnd && from + COLUMNS > warpStart;
        float scores[M][N][4];
        waitForCopies();
        __syncthreads();
        copyRows<E, COLUMNS>(v, from, tile.end, groups, group, values);
        if (isRead) {
            scoresOf<E>(ownQueries, keys, scores);
            if (from < allRead || from + COLUMNS > tile.warpFirst + 1) {
                maskKeys(scores, from, tile.row, firsts, MINUS_INFINITY);
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

// For each row of a head: [log2 of the sum of e^score, D], the first as m * log2 e - log2 r.
KERNEL(flashRows, const float* statistics, const float* dots, float* rows, Index count) {
    for (Index i = FIRST; i < count; i += STRIDE) {
        rows[i * 2] = fmaf(statistics[i * 2], LOG2_E, -logOf(statistics[i * 2 + 1]) * LOG2_E);
        rows[i * 2 + 1] = dots[i];
    }
}

template <int E, int M, int N> DEVICE void flashQueryGradient(const BfloatBits* dout, const BfloatBits* q,
        const BfloatBits* k, const BfloatBits* v, const float* rows, const int* starts, float scale, float* dq,
        int sequences, int tokens, int heads, int groups) {
    constexpr int COLUMNS = 8 * N;
    FlashTile<M> tile = FlashTile<M>::of(tokens, heads, true);
    DYNAMIC_SHARED(BfloatBits, shared);
    BfloatBits* queries = shared;                                  // [ROWS, PITCH]
    BfloatBits* douts = queries + FlashTile<M>::ROWS * PITCH<E>;   // [ROWS, PITCH]
    BfloatBits* values = douts + FlashTile<M>::ROWS * PITCH<E>;    // [COLUMNS, PITCH]
    BfloatBits* keys = values + COLUMNS * PITCH<E>;                // two of [COLUMNS, PITCH]
    BfloatBits* nextKeys = keys + COLUMNS * PITCH<E>;
    int group = tile.head / (heads / groups);
    int from = (int)sequenceStart(starts, sequences, tokens, tile.first);
    copyRows<E, FlashTile<M>::ROWS>(q, tile.first, tile.end, heads, tile.head, queries);
    copyRows<E, FlashTile<M>::ROWS>(dout, tile.first, tile.end, heads, tile.head, douts);
    copyRows<E, COLUMNS>(k, from, tile.end, groups, group, keys);
    copyRows<E, COLUMNS>(v, from, tile.end, groups, group, values);
    float factor = scale * LOG2_E;
    int firsts[2 * M];
    float logSums[2 * M];
    float dots[2 * M];
    float scales[2 * M];
    float sums[M][E / 8][4];
    clear(sums);
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        int row = tile.row + 8 * r;
        Index at = ((Index)row * heads + tile.head) * 2;
        firsts[r] = (int)sequenceStart(starts, sequences, tokens, row < tokens ? row : tokens - 1);
        logSums[r] = row < tokens ? rows[at] : 0.0f;
        dots[r] = row < tokens ? rows[at + 1] : 0.0f;
        scales[r] = scale;
    }
    const BfloatBits* ownQueries = queries + WARP * M * SIDE * PITCH<E>;
    const BfloatBits* ownDouts = douts + WARP * M * SIDE * PITCH<E>;
    int warpStart = __shfl_sync(ALL_LANES, firsts[0], 0);
    int allRead = __shfl_sync(ALL_LANES, firsts[2 * M - 1], WARP_SIZE - 1);
    for (; from < tile.end; from += COLUMNS) {
        bool isRead = from < tile.warpEnd && from + COLUMNS > warpStart;
        bool isLast = from + COLUMNS >= tile.end;
        float scores[M][N][4];
        waitForCopies();
        __syncthreads();
        if (!isLast) {
            copyRows<E, COLUMNS>(k, from + COLUMNS, tile.end, groups, group, nextKeys);
        }
        if (isRead) {
            float slopes[M][N][4];
            scoresOf<E>(ownQueries, keys, scores);
            scoresOf<E>(ownDouts, values, slopes);
#pragma unroll
            for (int r = 0; r < 2 * M; r++) {
#pragma unroll
                for (int n = 0; n < N; n++) {
#pragma unroll
                    for (int i = r % 2 * 2; i < r % 2 * 2 + 2; i++) {
                        float probability = exp2Of(fmaf(scores[r / 2][n][i], factor, -logSums[r]));
                        scores[r / 2][n][i] = probability * (slopes[r / 2][n][i] - dots[r]);
                    }
                }
            }
            if (from < allRead || from + COLUMNS > tile.warpFirst + 1) {
                maskKeys(scores, from, tile.row, firsts, 0.0f);
            }
        }
        __syncthreads();
        if (!isLast) {
            copyRows<E, COLUMNS>(v, from + COLUMNS, tile.end, groups, group, values);
        }
        if (isRead) {
            addWeightedRows<E>(scores, keys, sums);
        }
        BfloatBits* read = keys;
        keys = nextKeys;
        nextKeys = read;
    }
    storeRows<E>(sums, scales, tile.row, tile.end, heads, tile.head, dq);
}

// Begins to copy the pairs of rows first ... first + COUNT - 1 of one head of [N, heads, 2], those from `end` on as
// zeros.
template <int COUNT> DEVICE void copyPairs(const float* from, int first, int end, int heads, int head, float* to) {
    static_assert(COUNT <= FLASH_THREADS, "a thread copies one pair");
    int row = threadIdx.x;
    if (row < COUNT) {
        bool exists = first + row < end;
        copy8(from + ((Index)(exists ? first + row : first) * heads + head) * 2, exists, to + row * 2);
    }
}

// Sets to 0 the weights of rows, which are keys, for columns that do not read them: the queries before the key, and
// those after the end of its sequence.
template <int M, int N> DEVICE void maskQueries(float (&weights)[M][N][4], int from, int row, const int (&ends)[2 * M]) {
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
#pragma unroll
        for (int n = 0; n < N; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                int query = from + n * 8 + LANE % 4 * 2 + i;
                if (query < row + 8 * r || query >= ends[r]) {
                    weights[r / 2][n][r % 2 * 2 + i] = 0.0f;
                }
            }
        }
    }
}

// Scores become P, and dP becomes dS / scale, by the pairs of the columns: [log2 of the row's sum, D].
template <int M, int N> DEVICE void slopesOf(float (&scores)[M][N][4], float (&slopes)[M][N][4], const float* pairs,
        float factor) {
#pragma unroll
    for (int n = 0; n < N; n++) {
        float4 pair = *(const float4*)(pairs + (n * 8 + LANE % 4 * 2) * 2);
#pragma unroll
        for (int m = 0; m < M; m++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                scores[m][n][i] = exp2Of(fmaf(scores[m][n][i], factor, i % 2 ? -pair.z : -pair.x));
                slopes[m][n][i] = scores[m][n][i] * (slopes[m][n][i] - (i % 2 ? pair.w : pair.y));
            }
        }
    }
}

// dk and dv of each query head: [N, H, E].
template <int E, int M, int N> DEVICE void flashKeyGradient(const BfloatBits* dout, const BfloatBits* q, const BfloatBits* k,
        const BfloatBits* v, const float* rows, const int* starts, float scale, float* dk, float* dv, int sequences,
        int tokens, int heads, int groups) {
    constexpr int COLUMNS = 8 * N;
    FlashTile<M> tile = FlashTile<M>::of(tokens, heads, false);
    DYNAMIC_SHARED(BfloatBits, shared);
    BfloatBits* keys = shared;                                     // [ROWS, PITCH]
    BfloatBits* values = keys + FlashTile<M>::ROWS * PITCH<E>;     // [ROWS, PITCH]
    BfloatBits* douts = values + FlashTile<M>::ROWS * PITCH<E>;    // [COLUMNS, PITCH]
    BfloatBits* queries = douts + COLUMNS * PITCH<E>;              // two of [COLUMNS, PITCH]
    BfloatBits* nextQueries = queries + COLUMNS * PITCH<E>;
    float* tileRows = (float*)(nextQueries + COLUMNS * PITCH<E>);    // [COLUMNS, 2]
    int group = tile.head / (heads / groups);
    int end = (int)sequenceEnd(starts, sequences, tokens, tile.end - 1);
    copyRows<E, FlashTile<M>::ROWS>(k, tile.first, tile.end, groups, group, keys);
    copyRows<E, FlashTile<M>::ROWS>(v, tile.first, tile.end, groups, group, values);
    copyRows<E, COLUMNS>(q, tile.first, end, heads, tile.head, queries);
    copyRows<E, COLUMNS>(dout, tile.first, end, heads, tile.head, douts);
    copyPairs<COLUMNS>(rows, tile.first, end, heads, tile.head, tileRows);
    float factor = scale * LOG2_E;
    int ends[2 * M];
    float scales[2 * M];
    float ones[2 * M];
    float keySums[M][E / 8][4];
    float valueSums[M][E / 8][4];
    clear(keySums);
    clear(valueSums);
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        int row = tile.row + 8 * r;
        ends[r] = (int)sequenceEnd(starts, sequences, tokens, row < tokens ? row : tokens - 1);
        scales[r] = scale;
        ones[r] = 1.0f;
    }
    const BfloatBits* ownKeys = keys + WARP * M * SIDE * PITCH<E>;
    const BfloatBits* ownValues = values + WARP * M * SIDE * PITCH<E>;
    // The queries that read some rows of this warp end here, and those that read all of them there.
    int warpEnd = __shfl_sync(ALL_LANES, ends[2 * M - 1], WARP_SIZE - 1);
    int allRead = __shfl_sync(ALL_LANES, ends[0], 0);
    for (int from = tile.first; from < end; from += COLUMNS) {
        bool isRead = from + COLUMNS > tile.warpFirst && from < warpEnd;
        bool isLast = from + COLUMNS >= end;
        float slopes[M][N][4];
        waitForCopies();
        __syncthreads();
        if (!isLast) {
            copyRows<E, COLUMNS>(q, from + COLUMNS, end, heads, tile.head, nextQueries);
        }
        if (isRead) {
            float weights[M][N][4];
            scoresOf<E>(ownKeys, queries, weights);
            scoresOf<E>(ownValues, douts, slopes);
            slopesOf(weights, slopes, tileRows, factor);
            if (from < tile.warpFirst + M * SIDE - 1 || from + COLUMNS > allRead) {
                maskQueries(weights, from, tile.row, ends);
                maskQueries(slopes, from, tile.row, ends);
            }
            addWeightedRows<E>(weights, douts, valueSums);
        }
        __syncthreads();
        if (!isLast) {
            copyRows<E, COLUMNS>(dout, from + COLUMNS, end, heads, tile.head, douts);
            copyPairs<COLUMNS>(rows, from + COLUMNS, end, heads, tile.head, tileRows);
        }
        if (isRead) {
            addWeightedRows<E>(slopes, queries, keySums);
        }
        BfloatBits* read = queries;
        queries = nextQueries;
        nextQueries = read;
    }
    storeRows<E>(keySums, scales, tile.row, tile.end, heads, tile.head, dk);
    storeRows<E>(valueSums, ones, tile.row, tile.end, heads, tile.head, dv);
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

// Kernels for heads of E numbers: M tiles of 16 rows for each warp, N tiles of 8 columns. Grid: 64 M tokens times heads.
#define FLASH_FORWARD(E, M, N)                                                                                   \
    KERNEL(flashForward##E, const float* q, const BfloatBits* k, const BfloatBits* v, const int* starts, float scale, \
            float* out, float* statistics, int sequences, int tokens, int heads, int groups) {                   \
        flashForward<E, M, N>(q, k, v, starts, scale, out, statistics, sequences, tokens, heads, groups);         \
    }
#define FLASH_QUERY_GRADIENT(E, M, N)                                                                            \
    KERNEL(flashQueryGradient##E, const BfloatBits* dout, const BfloatBits* q, const BfloatBits* k, const BfloatBits* v,  \
            const float* rows, const int* starts, float scale, float* dq, int sequences, int tokens, int heads,   \
            int groups) {                                                                                        \
        flashQueryGradient<E, M, N>(dout, q, k, v, rows, starts, scale, dq, sequences, tokens, heads, groups);    \
    }
#define FLASH_KEY_GRADIENT(E, M, N)                                                                              \
    KERNEL(flashKeyGradient##E, const BfloatBits* dout, const BfloatBits* q, const BfloatBits* k, const BfloatBits* v,    \
            const float* rows, const int* starts, float scale, float* dk, float* dv, int sequences, int tokens,   \
            int heads, int groups) {                                                                             \
        flashKeyGradient<E, M, N>(dout, q, k, v, rows, starts, scale, dk, dv, sequences, tokens, heads, groups);  \
    }

FLASH_FORWARD(64, 2, 8)
FLASH_FORWARD(128, 2, 8)
FLASH_QUERY_GRADIENT(64, 2, 4)
FLASH_QUERY_GRADIENT(128, 2, 4)
FLASH_KEY_GRADIENT(64, 2, 4)
FLASH_KEY_GRADIENT(128, 1, 8)
