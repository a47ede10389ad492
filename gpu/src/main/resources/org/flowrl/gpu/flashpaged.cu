// Attention of many new tokens over the paged cache on tensor cores: a prompt's tokens share the tiles of keys that all
// of them read; see flash.cuh. The kernels of paged.cu read the cache for one token at a time.
//
// Rows of a tile that belong to one sequence and lie beside each other make a run, and runs are done in turn. Pages are
// rounded by the blocks that read them, since how many of them a batch reads is known on the card only.
#include "flash.cuh"

// Tokens in a page.
#define PAGE 16

// Where the kernel finds the keys: pages [P, G, E, PAGE] and [P, G, PAGE, E], of which the table [B, width] tells.
struct FlashCache {
    const float *keyPages, *valuePages;
    const int* pageTable;
    int groups;
    Index pages, width;
    Fault* pageFault;
};

// Rounds keys from ... from + 8 N - 1 of a sequence, those from `end` on as zeros: keys as [E, 8 N] in rows of 8 N + 8
// numbers, values as [8 N, E] in rows of PITCH.
template <int E, int N> DEVICE void roundPages(const FlashCache& cache, int sequence, int group, int from, int end,
        BfloatBits* keys, BfloatBits* values) {
    constexpr int PIECES = E * PAGE / 4;
    static_assert(PIECES % FLASH_THREADS == 0, "all threads round as many pieces");
#pragma unroll
    for (int page = 0; page < 8 * N / PAGE; page++) {
        int first = from + page * PAGE;
        Index entry = sequence * cache.width + first / PAGE;
        bool exists = first < end && isWithin(cache.pageTable[entry], cache.pages, entry, cache.pageFault);
        Index place = exists ? ((Index)cache.pageTable[entry] * cache.groups + group) * E * PAGE : 0;
#pragma unroll
        for (int i = 0; i < PIECES / FLASH_THREADS; i++) {
            int at = (i * FLASH_THREADS + threadIdx.x) * 4;
            float4 key = {0.0f, 0.0f, 0.0f, 0.0f};
            float4 value = {0.0f, 0.0f, 0.0f, 0.0f};
            int token = first + at % PAGE;
            if (exists && token < end) {
                key = *(const float4*)(cache.keyPages + place + at);
                key.y = token + 1 < end ? key.y : 0.0f;
                key.z = token + 2 < end ? key.z : 0.0f;
                key.w = token + 3 < end ? key.w : 0.0f;
            }
            if (exists && first + at / E < end) {
                value = *(const float4*)(cache.valuePages + place + at);
            }
            *(uint2*)(keys + at / PAGE * (8 * N + 8) + page * PAGE + at % PAGE) =
                    {pairOf(key.x, key.y), pairOf(key.z, key.w)};
            *(uint2*)(values + (page * PAGE + at / E) * PITCH<E> + at % E) =
                    {pairOf(value.x, value.y), pairOf(value.z, value.w)};
        }
    }
}

// Sets the scores of keys after the last one that their row reads to minus infinity.
template <int M, int N> DEVICE void maskAfter(float (&scores)[M][N][4], int from, const int (&lasts)[2 * M]) {
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
#pragma unroll
        for (int n = 0; n < N; n++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                if (from + n * 8 + LANE % 4 * 2 + i > lasts[r]) {
                    scores[r / 2][n][r % 2 * 2 + i] = MINUS_INFINITY;
                }
            }
        }
    }
}

template <int E, int M, int N, class Out> DEVICE void flashPaged(const float* q, const FlashCache& cache,
        const int* positions, const int* sequences, float scale, Out* out, int tokens, int heads, Index sequenceCount,
        Fault* positionFault, Fault* sequenceFault) {
    constexpr int COLUMNS = 8 * N;
    constexpr int ROWS = FlashTile<M>::ROWS;
    static_assert(ROWS <= FLASH_THREADS, "a thread looks at one row");
    FlashTile<M> tile = FlashTile<M>::of(tokens, heads, true);
    DYNAMIC_SHARED(BfloatBits, shared);
    BfloatBits* queries = shared;                         // [ROWS, PITCH]
    BfloatBits* values = queries + ROWS * PITCH<E>;       // [COLUMNS, PITCH]
    BfloatBits* keys = values + COLUMNS * PITCH<E>;       // [E, COLUMNS + 8]
    int* rowSequences = (int*)(keys + E * PITCH<COLUMNS>);    // [ROWS], -1 where there is none
    int* rowPositions = rowSequences + ROWS;                  // [ROWS]
    int group = tile.head / (heads / cache.groups);
    roundRows<E, ROWS>(q, tile.first, tile.end, heads, tile.head, queries);
    if (threadIdx.x < ROWS) {
        Index row = tile.first + threadIdx.x;
        bool exists = row < tokens && isWithin(positions[row], cache.width * PAGE, row, positionFault)
                && isWithin(sequences[row], sequenceCount, row, sequenceFault);
        rowSequences[threadIdx.x] = exists ? sequences[row] : -1;
        rowPositions[threadIdx.x] = exists ? positions[row] : -1;
    }
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
    __syncthreads();
    int stop;
    for (int start = 0; start < ROWS; start = stop) {
        int sequence = rowSequences[start];
        int end = 0;
        for (stop = start; stop < ROWS && rowSequences[stop] == sequence; stop++) {
            end = rowPositions[stop] + 1 > end ? rowPositions[stop] + 1 : end;
        }
        // The last key that each row of this lane reads, -1 for rows of other runs.
        int lasts[2 * M];
        int lowest = end;
        int highest = -1;
#pragma unroll
        for (int r = 0; r < 2 * M; r++) {
            int row = tile.row - tile.first + 8 * r;
            lasts[r] = row >= start && row < stop ? rowPositions[row] : -1;
            lowest = lasts[r] < lowest ? lasts[r] : lowest;
            highest = lasts[r] > highest ? lasts[r] : highest;
        }
        for (int from = 0; from < end; from += COLUMNS) {
            __syncthreads();
            roundPages<E, N>(cache, sequence, group, from, end, keys, values);
            __syncthreads();
            if (__ballot_sync(ALL_LANES, highest >= from)) {
                float scores[M][N][4];
                clear(scores);
                addScores<E, false>(ownQueries, keys, scores);
                if (__ballot_sync(ALL_LANES, lowest < from + COLUMNS - 1)) {
                    maskAfter(scores, from, lasts);
                }
                weigh<E>(scores, factor, most, total, sums);
                addWeightedRows<E>(scores, values, sums);
            }
        }
    }
#pragma unroll
    for (int r = 0; r < 2 * M; r++) {
        total[r] = 1.0f / rowSum(total[r]);
    }
    storeRows<E>(sums, total, tile.row, tile.end, heads, tile.head, out);
}

// For heads of E numbers, with M tiles of 16 rows for each warp and N tiles of 8 columns. Grid: tiles of 64 M tokens
// times query heads.
#define FLASH_PAGED(name, E, M, N, Out)                                                                            \
    KERNEL(name##E, const float* q, const float* keyPages, const float* valuePages, const int* positions,          \
            const int* sequences, const int* pageTable, float scale, Out* out, int tokens, int heads, int groups,  \
            Index pages, Index width, Index sequenceCount, Fault* positionFault, Fault* sequenceFault,             \
            Fault* pageFault) {                                                                                    \
        flashPaged<E, M, N>(q, {keyPages, valuePages, pageTable, groups, pages, width, pageFault}, positions,      \
                sequences, scale, out, tokens, heads, sequenceCount, positionFault, sequenceFault);                \
    }

FLASH_PAGED(flashPaged, 64, 2, 8, float)
FLASH_PAGED(flashPaged, 128, 2, 8, float)
FLASH_PAGED(flashPagedRounded, 64, 2, 8, BfloatBits)
FLASH_PAGED(flashPagedRounded, 128, 2, 8, BfloatBits)
