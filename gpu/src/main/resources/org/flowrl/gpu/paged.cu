// Attention over the paged cache: N tokens, H query heads, G key heads, E head size.
//
// Flash-decoding (Dao, Haziza, Massa and Sizov 2023): a sequence's keys go in parts of SPLIT, counted from its first
// token, to blocks of their own, and the block that is done last folds the parts in order. So one long sequence keeps
// a whole card busy, and a row's bits depend neither on its batch nor on the width of the page table.
//
// A warp has a tile of 32 keys to itself, one for each lane, and all query heads of the block, so that a number of the
// cache goes from memory into one register and is used for eight products there; what is shared is small. A lane asks
// for BATCH numbers before it uses the first: of the 24 warps of three blocks that is 48 KB under way on each
// multiprocessor, where a card that moves 3.35 TB/s has 18 KB under way in 0.7 microseconds.
#include "placing.cuh"

// Keys of a tile: one for each lane.
#define TILE 32
// Warps of a block, each with a tile of the block's part, and, when the tiles are folded, with a head.
#define PART_WARPS 8
#define BLOCK_HEADS PART_WARPS
// Keys of a part.
#define SPLIT (PART_WARPS * TILE)
#define TILE_PAGES (TILE / PAGE)
// Numbers of the cache that a lane asks for at once.
#define BATCH 16

KERNEL(writePages, const float* k, const float* v, const int* slots, float* keyPages, float* valuePages, Index tokens,
        int groups, int size, Index bound, Fault* fault) {
    for (Index i = FIRST; i < tokens * groups * size; i += STRIDE) {
        Index token = i / ((Index)groups * size);
        Index rest = i % ((Index)groups * size);
        Index group = rest / size;
        Index e = rest % size;
        int slot = slots[token];
        if (!isWithin(slot, bound, token, fault)) {
            continue;
        }
        Index page = ((Index)(slot / PAGE) * groups + group) * size * PAGE;
        keyPages[page + e * PAGE + slot % PAGE] = k[i];
        valuePages[page + (Index)(slot % PAGE) * size + e] = v[i];
    }
}

// True in all threads of the block that is the last of `count` to ask, which sees what the others wrote before; the
// number of those that asked, 0 at first, is 0 again then.
DEVICE bool isLast(int* arrivals, int count) {
    SHARED(int, before, 1);
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        before[0] = atomicAdd(arrivals, 1);
    }
    __syncthreads();
    if (before[0] < count - 1) {
        return false;
    }
    __threadfence();
    if (threadIdx.x == 0) {
        *arrivals = 0;
    }
    return true;
}

// The online softmax over some keys for one head, of which a lane has elements lane, lane + 32, ...: the highest score
// m, the sum of weights e^(s - m), and the sums of weighted values. Beside each other: E sums, m, the sum of weights.
template <int PARTS> struct HeadSums {
    float most, total;
    float sums[PARTS];

    // Written down.
    DEVICE void store(const HeadSums& head, float* to, int size) {
#pragma unroll
        for (int p = 0; p < PARTS; p++) {
            int e = LANE + p * WARP_SIZE;
            if (e < size) {
                to[e] = head.sums[p];
            }
        }
        if (LANE == 0) {
            to[size] = head.most;
            to[size + 1] = head.total;
        }
    }

    // Those of `count` sets of keys, added in order; `load` reads a number.
    template <class Load> DEVICE HeadSums fold(const float* from, int count, int size, Load load) {
        int pitch = size + 2;
        float most = MINUS_INFINITY;
        for (int i = LANE; i < count; i += WARP_SIZE) {
            most = larger(most, load(from + i * pitch + size));
        }
        HeadSums all = {warpLargest(most), 0.0f, {}};
        for (int i = 0; i < count; i++) {
            const float* part = from + i * pitch;
            most = load(part + size);
            float keep = most == MINUS_INFINITY ? 0.0f : expOf(most - all.most);
            all.total = fmaf(load(part + size + 1), keep, all.total);
#pragma unroll
            for (int p = 0; p < PARTS; p++) {
                int e = LANE + p * WARP_SIZE;
                if (e < size) {
                    all.sums[p] = fmaf(load(part + e), keep, all.sums[p]);
                }
            }
        }
        return all;
    }

    // The attention's output: sums over the sum of weights.
    DEVICE void finish(const HeadSums& head, Index at, int size, void* out, int isNarrow) {
        float factor = 1.0f / head.total;
#pragma unroll
        for (int p = 0; p < PARTS; p++) {
            int e = LANE + p * WARP_SIZE;
            if (e < size) {
                put(out, isNarrow, at + e, head.sums[p] * factor);
            }
        }
    }
};

// Numbers for the heads of a block.
struct alignas(16) OfHeads {
    float at[BLOCK_HEADS];
};

// sums[head] += x * factors[head].
DEVICE void addProducts(const OfHeads& factors, float x, float (&sums)[BLOCK_HEADS]) {
#pragma unroll
    for (int h = 0; h < BLOCK_HEADS; h++) {
        sums[h] = fmaf(factors.at[h], x, sums[h]);
    }
}

// Scores of this lane's key, whose elements lie PAGE numbers apart, with all heads' queries [E]; 0 where it is not
// read.
DEVICE void scoreKey(const float* key, bool isRead, const OfHeads* queries, int size, float (&scores)[BLOCK_HEADS]) {
    int e = 0;
    for (; e + BATCH <= size; e += BATCH) {
        float x[BATCH];
#pragma unroll
        for (int i = 0; i < BATCH; i++) {
            x[i] = isRead ? key[(e + i) * PAGE] : 0.0f;
        }
#pragma unroll
        for (int i = 0; i < BATCH; i++) {
            addProducts(queries[e + i], x[i], scores);
        }
    }
    for (; e < size; e++) {
        addProducts(queries[e], isRead ? key[e * PAGE] : 0.0f, scores);
    }
}

// Adds COUNT rows of values [COUNT, E], weighted by head, to the heads' sums.
template <int PARTS, int COUNT> DEVICE void addValues(const float* values, const OfHeads* weights, int size,
        HeadSums<PARTS> (&heads)[BLOCK_HEADS]) {
    float x[COUNT][PARTS];
#pragma unroll
    for (int j = 0; j < COUNT; j++) {
#pragma unroll
        for (int p = 0; p < PARTS; p++) {
            int e = LANE + p * WARP_SIZE;
            x[j][p] = e < size ? values[j * size + e] : 0.0f;
        }
    }
#pragma unroll
    for (int j = 0; j < COUNT; j++) {
#pragma unroll
        for (int h = 0; h < BLOCK_HEADS; h++) {
#pragma unroll
            for (int p = 0; p < PARTS; p++) {
                heads[h].sums[p] = fmaf(weights[j].at[h], x[j][p], heads[h].sums[p]);
            }
        }
    }
}

// Where the kernel finds the keys: pages [P, G, E, PAGE] and [P, G, PAGE, E], of which the table [B, width] tells.
struct PagedCache {
    const float *keyPages, *valuePages;
    const int* pageTable;
    int groups, size;
    Index pages, width;
    Fault* pageFault;
};

// This warp's tile: keys from ... end - 1, of which there is one at least and 32 at most, for the `count` heads of the
// block whose queries [E] lie in shared memory; there is room for the tile's weights [TILE].
template <int PARTS> DEVICE void attendTile(const PagedCache& cache, Index sequence, int group, Index from, Index end,
        float scale, int count, const OfHeads* queries, OfHeads* weights, HeadSums<PARTS> (&heads)[BLOCK_HEADS]) {
    Index entry = sequence * cache.width + (from + LANE) / PAGE;
    bool isRead = from + LANE < end && isWithin(cache.pageTable[entry], cache.pages, entry, cache.pageFault);
    int pageSize = cache.size * PAGE;
    // Where this lane's page begins, -1 where there is none.
    Index page = isRead ? ((Index)cache.pageTable[entry] * cache.groups + group) * pageSize : -1;
    float scores[BLOCK_HEADS] = {};
    scoreKey(cache.keyPages + page + LANE % PAGE, isRead, queries, cache.size, scores);
    OfHeads own = {};
#pragma unroll
    for (int h = 0; h < BLOCK_HEADS; h++) {
        heads[h] = {MINUS_INFINITY, 0.0f, {}};
        if (h < count) {
            float score = scores[h] * scale;
            heads[h].most = warpLargest(isRead ? score : MINUS_INFINITY);
            own.at[h] = isRead && heads[h].most != MINUS_INFINITY ? expOf(score - heads[h].most) : 0.0f;
            heads[h].total = warpSum(own.at[h]);
        }
    }
    weights[LANE] = own;
    __syncwarp();
    // Not those of a page that no key was written to: they may hold anything, NaN too.
    constexpr int ROWS_AT_ONCE = BATCH / PARTS;
    for (int i = 0; i < TILE_PAGES; i++) {
        Index place = __shfl_sync(ALL_LANES, page, i * PAGE);
        Index left = end - from - i * PAGE;
        int rows = place < 0 ? 0 : left < PAGE ? (int)left : PAGE;
        const float* values = cache.valuePages + place;
        int row = 0;
        for (; row + ROWS_AT_ONCE <= rows; row += ROWS_AT_ONCE) {
            addValues<PARTS, ROWS_AT_ONCE>(values + row * cache.size, weights + i * PAGE + row, cache.size, heads);
        }
        for (; row < rows; row++) {
            addValues<PARTS, 1>(values + row * cache.size, weights + i * PAGE + row, cache.size, heads);
        }
    }
}

// What a block attends with: `count` query heads from firstHead on, of key head `group`.
struct BlockHeads {
    Index token;
    int position, group, firstHead, count;
    // True where the block's part has the token's own key.
    bool hasNewest;
};

// The online softmax over one part of a sequence's keys, for up to BLOCK_HEADS query heads of one key head:
// partials[n, head, part] as HeadSums has them, and out[n, head] of all parts. arrivals[n, block of heads] are zeros.
// `load` has the block's threads write its queries. Grid: tokens (from token `first` on) times parts, key heads times
// blocks of their query heads.
template <int PARTS, class Load> DEVICE void attendPart(Load load, const PagedCache& cache, const int* positions,
        const int* sequences, float scale, float* partials, int* arrivals, Index first, Index parts, int heads,
        Index sequenceCount, void* out, int isNarrow, Fault* positionFault, Fault* sequenceFault) {
    int size = cache.size;
    int pitch = size + 2;
    DYNAMIC_SHARED(float, memory);
    OfHeads* queries = (OfHeads*)memory;                    // [E]
    OfHeads* weights = queries + size;                      // [PART_WARPS, TILE]
    float* tiles = (float*)(weights + PART_WARPS * TILE);   // [BLOCK_HEADS, PART_WARPS, E + 2]
    Index token = first + blockIdx.x / parts;
    Index part = blockIdx.x % parts;
    int position = positions[token];
    int sequence = sequences[token];
    if (!isWithin(position, cache.width * PAGE, token, positionFault)
            || !isWithin(sequence, sequenceCount, token, sequenceFault) || part * SPLIT > position) {
        return;
    }
    int share = heads / cache.groups;
    int headBlocks = (share + BLOCK_HEADS - 1) / BLOCK_HEADS;
    int group = blockIdx.y / headBlocks;
    int firstOfGroup = blockIdx.y % headBlocks * BLOCK_HEADS;
    int firstHead = group * share + firstOfGroup;
    int count = share - firstOfGroup < BLOCK_HEADS ? share - firstOfGroup : BLOCK_HEADS;
    load(BlockHeads{token, position, group, firstHead, count, part == position / SPLIT}, queries);
    __syncthreads();
    Index end = (part + 1) * SPLIT <= position ? (part + 1) * SPLIT : position + 1;
    Index from = part * SPLIT + WARP * TILE;
    if (from < end) {
        HeadSums<PARTS> own[BLOCK_HEADS];
        attendTile<PARTS>(cache, sequence, group, from, from + TILE < end ? from + TILE : end, scale, count, queries,
                weights + WARP * TILE, own);
#pragma unroll
        for (int h = 0; h < BLOCK_HEADS; h++) {
            if (h < count) {
                HeadSums<PARTS>::store(own[h], tiles + (h * PART_WARPS + WARP) * pitch, size);
            }
        }
    }
    __syncthreads();
    int used = position / SPLIT + 1;
    Index at = (token * heads + firstHead + WARP) * size;
    float* ownPartials = partials + ((token - first) * heads + firstHead + WARP) * parts * pitch;
    if (WARP < count) {
        int usedTiles = (int)((end - part * SPLIT + TILE - 1) / TILE);
        HeadSums<PARTS> head = HeadSums<PARTS>::fold(tiles + WARP * PART_WARPS * pitch, usedTiles, size,
                [](const float* x) { return *x; });
        if (used == 1) {
            HeadSums<PARTS>::finish(head, at, size, out, isNarrow);
        } else {
            HeadSums<PARTS>::store(head, ownPartials + part * pitch, size);
        }
    }
    if (used > 1 && isLast(arrivals + (token - first) * gridDim.y + blockIdx.y, used) && WARP < count) {
        // What other blocks wrote is not in this multiprocessor's own cache.
        HeadSums<PARTS>::finish(HeadSums<PARTS>::fold(ownPartials, used, size,
                [](const float* x) { return __ldcg(x); }), at, size, out, isNarrow);
    }
}

// Queries [N, H, E].
struct GivenQueries {
    const float* q;
    int heads, size;

    MEMBER void operator()(const BlockHeads& block, OfHeads* queries) const {
        const float* own = q + (block.token * heads + block.firstHead) * size;
        for (int i = threadIdx.x; i < BLOCK_HEADS * size; i += PART_WARPS * WARP_SIZE) {
            int head = i / size;
            queries[i % size].at[head] = head < block.count ? own[i] : 0.0f;
        }
    }
};

// Queries, keys and values as products have left them [N, (H + 2 G) E]. The token's own key and value are written into
// the cache by the blocks that read them, so that no two tokens may be of one sequence unless they are the same one;
// blocks of the same key head write the same numbers.
struct NewestQueries {
    const float* projected;
    HeadTerms terms;
    const int* slots;
    float *keyPages, *valuePages;
    Index bound, slotBound;
    Fault *positionFault, *slotFault;

    MEMBER void operator()(const BlockHeads& block, OfHeads* queries) const {
        bool isKnown = isWithin(block.position, bound, block.token, positionFault);
        int position = isKnown ? block.position : 0;
        float* own = queries[0].at + WARP;
        if (WARP < block.count) {
            storeHead(HeadTerms::headAt(terms, projected, block.token, block.firstHead + WARP, position), own,
                    BLOCK_HEADS, terms.size / 2);
        } else {
            for (int e = LANE; e < terms.size; e += WARP_SIZE) {
                own[e * BLOCK_HEADS] = 0.0f;
            }
        }
        // The last two warps have no query head where there are fewer than eight.
        int place = terms.heads + block.group + (WARP == PART_WARPS - 1 ? terms.groups : 0);
        if (block.hasNewest && WARP >= PART_WARPS - 2 && isKnown
                && isWithin(slots[block.token], slotBound, block.token, slotFault)) {
            HeadTerms::cache(terms, HeadTerms::headAt(terms, projected, block.token, place, position), place,
                    slots[block.token], keyPages, valuePages);
        }
    }
};

// For heads of up to 32 PARTS elements.
#define ATTENTION_PAGED(SIZE, PARTS)                                                                               \
    KERNEL(attentionPaged##SIZE, const float* q, const float* keyPages, const float* valuePages,                   \
            const int* positions, const int* sequences, const int* pageTable, float scale, float* partials,        \
            int* arrivals, Index first, Index parts, int heads, int groups, int size, Index pages, Index width,    \
            Index sequenceCount, void* out, int isNarrow, Fault* positionFault, Fault* sequenceFault,              \
            Fault* pageFault) {                                                                                    \
        attendPart<PARTS>(GivenQueries{q, heads, size},                                                            \
                {keyPages, valuePages, pageTable, groups, size, pages, width, pageFault}, positions, sequences,    \
                scale, partials, arrivals, first, parts, heads, sequenceCount, out, isNarrow, positionFault,       \
                sequenceFault);                                                                                    \
    }                                                                                                              \
    KERNEL(attentionNewest##SIZE, const float* projected, const float* queryBias, const float* keyBias,            \
            const float* valueBias, const float* queryNorm, const float* keyNorm, float eps,                       \
            const float* cosines, const float* sines, const int* slots, Index bound, Index slotBound,              \
            Fault* ropeFault, Fault* slotFault, float* keyPages, float* valuePages, const int* positions,          \
            const int* sequences, const int* pageTable, float scale, float* partials, int* arrivals, Index first,  \
            Index parts, int heads, int groups, int size, Index pages, Index width, Index sequenceCount,           \
            void* out, int isNarrow, Fault* positionFault, Fault* sequenceFault, Fault* pageFault) {               \
        HeadTerms terms = {queryBias, keyBias, valueBias, queryNorm, keyNorm, eps, cosines, sines, heads, groups,  \
                size};                                                                                             \
        attendPart<PARTS>(NewestQueries{projected, terms, slots, keyPages, valuePages, bound, slotBound,           \
                ropeFault, slotFault},                                                                             \
                {keyPages, valuePages, pageTable, groups, size, pages, width, pageFault}, positions, sequences,    \
                scale, partials, arrivals, first, parts, heads, sequenceCount, out, isNarrow, positionFault,       \
                sequenceFault);                                                                                    \
    }

ATTENTION_PAGED(64, 2)
ATTENTION_PAGED(128, 4)
ATTENTION_PAGED(256, 8)
