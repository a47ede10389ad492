// Causal attention over packed sequences: N tokens, H query heads, G key heads, E head size. The cache is in paged.cu.
//
// Scores are made for tiles of 32 keys (or, for the gradients of keys, of 32 queries), one lane each, from tiles in
// shared memory that four warps use together, each for four rows. So each number in shared memory is read once for four
// products, and no sum but the softmax's crosses lanes. Rows of E + 1 numbers keep lanes in different banks.
#include "device.cuh"

#define TILE 32
#define WARPS 4
#define ROWS 4
#define TILE_ROWS (WARPS * ROWS)
#define MOST_PARTS 8

// The last sequence b with starts[b] <= n.
DEVICE Index lastStarted(const int* starts, Index sequences, Index n) {
    Index low = 0;
    Index high = sequences;
    while (high - low > 1) {
        Index middle = (low + high) / 2;
        if (starts[middle] <= n) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// Where the sequence of token n starts, and where it ends.
DEVICE Index sequenceStart(const int* starts, Index sequences, Index tokens, Index n) {
    return startOf(starts, lastStarted(starts, sequences, n), tokens);
}

DEVICE Index sequenceEnd(const int* starts, Index sequences, Index tokens, Index n) {
    Index next = lastStarted(starts, sequences, n) + 1;
    return startOf(starts, next < sequences ? next : sequences, tokens);
}

// For each token where its sequence starts and where it ends: [N, 2].
KERNEL(attentionBounds, const int* starts, int* bounds, Index sequences, Index tokens) {
    for (Index n = FIRST; n < tokens; n += STRIDE) {
        bounds[n * 2] = (int)sequenceStart(starts, sequences, tokens, n);
        bounds[n * 2 + 1] = (int)sequenceEnd(starts, sequences, tokens, n);
    }
}

// Rows first ... first + count - 1 of one head of [N, heads, E], those from `end` on as zeros, in rows of `pitch`.
DEVICE void loadRows(const float* from, Index first, int count, Index end, int heads, int head, int size, int pitch,
        float* to) {
    for (int i = threadIdx.x; i < count * size; i += WARPS * WARP_SIZE) {
        int row = i / size;
        int e = i % size;
        to[row * pitch + e] = first + row < end ? from[((first + row) * heads + head) * size + e] : 0.0f;
    }
}

// Adds to products[r] the product of row `lane` of `tile` with each of a warp's four rows: left to right over E.
DEVICE void addProducts(const float* rows, const float* tile, int size, float products[ROWS]) {
    for (int e = 0; e < size; e++) {
        float x = tile[LANE * (size + 1) + e];
        for (int r = 0; r < ROWS; r++) {
            products[r] = fmaf(rows[r * size + e], x, products[r]);
        }
    }
}

// sums[r][part] += sum over the tile's rows j of weights[r][j] * tile[j][lane + 32 * part].
DEVICE void addWeighted(const float* weights, const float* tile, int size, float sums[ROWS][MOST_PARTS]) {
#pragma unroll
    for (int part = 0; part < MOST_PARTS; part++) {
        int e = LANE + part * WARP_SIZE;
        if (e < size) {
#pragma unroll 4
            for (int j = 0; j < TILE; j++) {
                float x = tile[j * (size + 1) + e];
                for (int r = 0; r < ROWS; r++) {
                    sums[r][part] = fmaf(weights[r * TILE + j], x, sums[r][part]);
                }
            }
        }
    }
}

// out[n, head] = sums * factor for a warp's rows.
DEVICE void storeRow(const float sums[MOST_PARTS], float factor, float* out, int size) {
#pragma unroll
    for (int part = 0; part < MOST_PARTS; part++) {
        int e = LANE + part * WARP_SIZE;
        if (e < size) {
            out[e] = sums[part] * factor;
        }
    }
}

// Online softmax over tiles of keys. Grid: tiles of 16 tokens, query heads.
KERNEL(attentionForward, const float* q, const float* k, const float* v, const int* starts, float scale, float* out,
        float* statistics, Index sequences, Index tokens, int heads, int groups, int size) {
    DYNAMIC_SHARED(float, memory);
    float* keys = memory;                              // [TILE, E + 1]
    float* values = keys + TILE * (size + 1);          // [TILE, E + 1]
    float* queries = values + TILE * (size + 1);       // [TILE_ROWS, E]
    float* weights = queries + TILE_ROWS * size;       // [TILE_ROWS, TILE]
    Index tile = (Index)blockIdx.x * TILE_ROWS;
    Index end = tile + TILE_ROWS < tokens ? tile + TILE_ROWS : tokens;
    int head = blockIdx.y;
    int group = head / (heads / groups);
    float* ownWeights = weights + WARP * ROWS * TILE;
    const float* ownQueries = queries + WARP * ROWS * size;
    Index row = tile + WARP * ROWS;
    Index firsts[ROWS];
    float most[ROWS];
    float total[ROWS];
    float sums[ROWS][MOST_PARTS];
    for (int r = 0; r < ROWS; r++) {
        firsts[r] = row + r < tokens ? sequenceStart(starts, sequences, tokens, row + r) : tokens;
        most[r] = MINUS_INFINITY;
        total[r] = 0.0f;
        for (int part = 0; part < MOST_PARTS; part++) {
            sums[r][part] = 0.0f;
        }
    }
    loadRows(q, tile, TILE_ROWS, tokens, heads, head, size, size, queries);
    for (Index from = sequenceStart(starts, sequences, tokens, tile); from < end; from += TILE) {
        __syncthreads();
        loadRows(k, from, TILE, end, groups, group, size, size + 1, keys);
        loadRows(v, from, TILE, end, groups, group, size, size + 1, values);
        __syncthreads();
        float scores[ROWS] = {0.0f, 0.0f, 0.0f, 0.0f};
        addProducts(ownQueries, keys, size, scores);
        Index key = from + LANE;
        for (int r = 0; r < ROWS; r++) {
            bool isRead = key >= firsts[r] && key <= row + r && row + r < tokens;
            ownWeights[r * TILE + LANE] = onlineWeight(scores[r] * scale, isRead, most[r], total[r], sums[r]);
        }
        __syncwarp();
        addWeighted(ownWeights, values, size, sums);
    }
    for (int r = 0; r < ROWS; r++) {
        if (row + r < tokens) {
            Index at = (row + r) * heads + head;
            float inverse = 1.0f / total[r];
            storeRow(sums[r], inverse, out + at * size, size);
            if (LANE == 0) {
                statistics[at * 2] = most[r];
                statistics[at * 2 + 1] = inverse;
            }
        }
    }
}

// D[n, h] = sum of dout * out over E, a warp for each.
KERNEL(attentionDot, const float* dout, const float* out, float* dots, Index count, int size) {
    Index at = (Index)blockIdx.x * (blockDim.x / WARP_SIZE) + WARP;
    if (at >= count) {
        return;
    }
    float sum = 0.0f;
    for (int e = LANE; e < size; e += WARP_SIZE) {
        sum = fmaf(dout[at * size + e], out[at * size + e], sum);
    }
    sum = warpSum(sum);
    if (LANE == 0) {
        dots[at] = sum;
    }
}

// dq. Grid: tiles of 16 tokens, query heads.
KERNEL(attentionQueryGradient, const float* dout, const float* q, const float* k, const float* v,
        const float* statistics, const float* dots, const int* starts, float scale, float* dq, Index sequences,
        Index tokens, int heads, int groups, int size) {
    DYNAMIC_SHARED(float, memory);
    float* keys = memory;                              // [TILE, E + 1]
    float* values = keys + TILE * (size + 1);          // [TILE, E + 1]
    float* queries = values + TILE * (size + 1);       // [TILE_ROWS, E]
    float* douts = queries + TILE_ROWS * size;         // [TILE_ROWS, E]
    float* slopes = douts + TILE_ROWS * size;          // [TILE_ROWS, TILE]
    Index tile = (Index)blockIdx.x * TILE_ROWS;
    Index end = tile + TILE_ROWS < tokens ? tile + TILE_ROWS : tokens;
    int head = blockIdx.y;
    int group = head / (heads / groups);
    float* ownSlopes = slopes + WARP * ROWS * TILE;
    const float* ownQueries = queries + WARP * ROWS * size;
    const float* ownDouts = douts + WARP * ROWS * size;
    Index row = tile + WARP * ROWS;
    Index firsts[ROWS];
    float most[ROWS];
    float inverse[ROWS];
    float dot[ROWS];
    float sums[ROWS][MOST_PARTS];
    for (int r = 0; r < ROWS; r++) {
        Index at = (row + r) * heads + head;
        bool exists = row + r < tokens;
        firsts[r] = exists ? sequenceStart(starts, sequences, tokens, row + r) : tokens;
        most[r] = exists ? statistics[at * 2] : 0.0f;
        inverse[r] = exists ? statistics[at * 2 + 1] : 0.0f;
        dot[r] = exists ? dots[at] : 0.0f;
        for (int part = 0; part < MOST_PARTS; part++) {
            sums[r][part] = 0.0f;
        }
    }
    loadRows(q, tile, TILE_ROWS, tokens, heads, head, size, size, queries);
    loadRows(dout, tile, TILE_ROWS, tokens, heads, head, size, size, douts);
    for (Index from = sequenceStart(starts, sequences, tokens, tile); from < end; from += TILE) {
        __syncthreads();
        loadRows(k, from, TILE, end, groups, group, size, size + 1, keys);
        loadRows(v, from, TILE, end, groups, group, size, size + 1, values);
        __syncthreads();
        float scores[ROWS] = {0.0f, 0.0f, 0.0f, 0.0f};
        float dP[ROWS] = {0.0f, 0.0f, 0.0f, 0.0f};
        addProducts(ownQueries, keys, size, scores);
        addProducts(ownDouts, values, size, dP);
        Index key = from + LANE;
        for (int r = 0; r < ROWS; r++) {
            bool isRead = key >= firsts[r] && key <= row + r && row + r < tokens;
            float probability = isRead ? expOf(scores[r] * scale - most[r]) * inverse[r] : 0.0f;
            ownSlopes[r * TILE + LANE] = isRead ? probability * (dP[r] - dot[r]) * scale : 0.0f;
        }
        __syncwarp();
        addWeighted(ownSlopes, keys, size, sums);
    }
    for (int r = 0; r < ROWS; r++) {
        if (row + r < tokens) {
            storeRow(sums[r], 1.0f, dq + ((row + r) * heads + head) * size, size);
        }
    }
}

// dk and dv, over the query heads of the group in order. Grid: tiles of 16 keys, key heads.
KERNEL(attentionKeyGradient, const float* dout, const float* q, const float* k, const float* v,
        const float* statistics, const float* dots, const int* starts, float scale, float* dk, float* dv,
        Index sequences, Index tokens, int heads, int groups, int size) {
    DYNAMIC_SHARED(float, memory);
    float* queries = memory;                           // [TILE, E + 1]
    float* douts = queries + TILE * (size + 1);        // [TILE, E + 1]
    float* keys = douts + TILE * (size + 1);           // [TILE_ROWS, E]
    float* values = keys + TILE_ROWS * size;           // [TILE_ROWS, E]
    float* slopes = values + TILE_ROWS * size;         // [TILE_ROWS, TILE]
    float* weights = slopes + TILE_ROWS * TILE;        // [TILE_ROWS, TILE]
    Index tile = (Index)blockIdx.x * TILE_ROWS;
    Index last = tile + TILE_ROWS <= tokens ? tile + TILE_ROWS - 1 : tokens - 1;
    Index end = sequenceEnd(starts, sequences, tokens, last);
    int group = blockIdx.y;
    int share = heads / groups;
    float* ownSlopes = slopes + WARP * ROWS * TILE;
    float* ownWeights = weights + WARP * ROWS * TILE;
    const float* ownKeys = keys + WARP * ROWS * size;
    const float* ownValues = values + WARP * ROWS * size;
    Index key = tile + WARP * ROWS;
    Index ends[ROWS];
    float keySums[ROWS][MOST_PARTS];
    float valueSums[ROWS][MOST_PARTS];
    for (int r = 0; r < ROWS; r++) {
        ends[r] = key + r < tokens ? sequenceEnd(starts, sequences, tokens, key + r) : 0;
        for (int part = 0; part < MOST_PARTS; part++) {
            keySums[r][part] = 0.0f;
            valueSums[r][part] = 0.0f;
        }
    }
    loadRows(k, tile, TILE_ROWS, tokens, groups, group, size, size, keys);
    loadRows(v, tile, TILE_ROWS, tokens, groups, group, size, size, values);
    for (int head = group * share; head < (group + 1) * share; head++) {
        for (Index from = tile; from < end; from += TILE) {
            __syncthreads();
            loadRows(q, from, TILE, end, heads, head, size, size + 1, queries);
            loadRows(dout, from, TILE, end, heads, head, size, size + 1, douts);
            __syncthreads();
            float scores[ROWS] = {0.0f, 0.0f, 0.0f, 0.0f};
            float dP[ROWS] = {0.0f, 0.0f, 0.0f, 0.0f};
            addProducts(ownKeys, queries, size, scores);
            addProducts(ownValues, douts, size, dP);
            Index row = from + LANE;
            Index at = row * heads + head;
            float most = row < end ? statistics[at * 2] : 0.0f;
            float inverse = row < end ? statistics[at * 2 + 1] : 0.0f;
            float dot = row < end ? dots[at] : 0.0f;
            for (int r = 0; r < ROWS; r++) {
                bool isRead = row >= key + r && row < ends[r];
                float probability = isRead ? expOf(scores[r] * scale - most) * inverse : 0.0f;
                ownWeights[r * TILE + LANE] = probability;
                ownSlopes[r * TILE + LANE] = isRead ? probability * (dP[r] - dot) * scale : 0.0f;
            }
            __syncwarp();
            addWeighted(ownSlopes, queries, size, keySums);
            addWeighted(ownWeights, douts, size, valueSums);
        }
    }
    for (int r = 0; r < ROWS; r++) {
        if (key + r < tokens) {
            Index at = ((key + r) * groups + group) * size;
            storeRow(keySums[r], 1.0f, dk + at, size);
            storeRow(valueSums[r], 1.0f, dv + at, size);
        }
    }
}
