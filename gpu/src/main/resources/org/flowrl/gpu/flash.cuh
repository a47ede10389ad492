// Tiles of attention on tensor cores, after FlashAttention-2 (Dao 2023): N tokens, H query heads, G key heads, E head
// size. Operands of products are BF16, sums, softmax and results F32, but for those that are to be operands themselves.
//
// Four warps hold rows of a tile each (queries, or keys for the gradients of keys) and go over tiles of columns (keys,
// or queries) that all of them read. Their sums fill the registers of a thread, which leaves room for two blocks on a
// multiprocessor; shared memory does so, too, where it has 227 KiB. Rows in shared memory have E + 8 numbers: an odd
// count of 16 bytes, so that the eight rows of a matrix lie in different banks.
#pragma once
#include "tensorcore.cuh"

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

// sums [16 M, 8 N] += rows [16 M, E] * columns, which are [E, 8 N], or [8 N, E] transposed.
template <int E, bool IS_TRANSPOSED = true, int M, int N> DEVICE void addScores(const BfloatBits* rows,
        const BfloatBits* columns, float (&sums)[M][N][4]) {
    rows = acrossRows<E>(rows);
    columns = IS_TRANSPOSED ? acrossColumns<E>(columns) : acrossRows<8 * N>(columns);
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
            if (IS_TRANSPOSED) {
                loadMatrices(columns + n * 8 * PITCH<E> + k * SIDE, b);
            } else {
                loadTransposed(columns + k * SIDE * PITCH<8 * N> + n * 8, b);
            }
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

// Writes two neighbours to F32 numbers or to BF16 ones.
DEVICE void storePair(float low, float high, float* to) {
    *(float2*)to = {low, high};
}

DEVICE void storePair(float low, float high, BfloatBits* to) {
    *(unsigned*)to = pairOf(low, high);
}

// out[row, head] = sums * factor for the rows before `end`; `row` is this lane's first.
template <int E, int M, class Out> DEVICE void storeRows(const float (&sums)[M][E / 8][4],
        const float (&factors)[2 * M], int row, int end, int heads, int head, Out* out) {
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        if (row + 8 * r < end) {
            Out* to = out + ((Index)(row + 8 * r) * heads + head) * E + LANE % 4 * 2;
#pragma unroll
            for (int n = 0; n < E / 8; n++) {
                storePair(sums[r / 2][n][r % 2 * 2] * factors[r], sums[r / 2][n][r % 2 * 2 + 1] * factors[r],
                        to + n * 8);
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
