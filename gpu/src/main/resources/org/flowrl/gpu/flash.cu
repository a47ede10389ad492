// Causal attention over packed sequences on tensor cores; see flash.cuh.
//
// Keys and values come rounded from a pass over the whole tensor: over 4,096 tokens each of them is read by 16 blocks
// for each of its query heads on average, so that rounding it once saves half of these bytes and the rounding, and
// cp.async brings it past the registers. A query is read by one block, which rounds it itself.
#include "flash.cuh"

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

// Kernels for heads of E numbers, with M tiles of 16 rows for each warp and N tiles of 8 columns. Grid: tiles of 64 M
// tokens times query heads.
#define FLASH_FORWARD(E, M, N)                                                                                     \
    KERNEL(flashForward##E, const float* q, const BfloatBits* k, const BfloatBits* v, const int* bounds,           \
            float scale, float* out, float* statistics, int tokens, int heads, int groups) {                       \
        flashForward<E, M, N>(q, k, v, bounds, scale, out, statistics, tokens, heads, groups);                     \
    }

FLASH_FORWARD(64, 2, 8)
FLASH_FORWARD(128, 2, 8)
