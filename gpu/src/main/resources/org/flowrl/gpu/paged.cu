// Attention over the paged cache: N tokens, H query heads, G key heads, E head size.
//
// Flash-decoding (Dao, Haziza, Massa and Sizov 2023): a sequence's keys go in parts of SPLIT, counted from its first
// token, to blocks of their own, and the block that is done last folds the parts in order. So one long sequence keeps
// a whole card busy, and a row's bits depend neither on its batch nor on the width of the page table. The query heads of
// a key head share a block, so that a key is read once for all of them.
#include "wide.cuh"

// Keys of a part, and of a tile in shared memory: one for each lane.
#define SPLIT 256
#define TILE 32
// Tokens in a page.
#define PAGE 16
#define TILE_PAGES (TILE / PAGE)
#define WARPS 4
// Query heads of a warp.
#define ROWS 2
#define MOST_PARTS 8

#define LANE ((int)(threadIdx.x % WARP_SIZE))
#define WARP ((int)(threadIdx.x / WARP_SIZE))

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

// Copies the tile's pages of one key head into shared memory, absent ones (place -1) as zeros: keys as [E, PAGE] with
// PAGE numbers between pages, which keeps the lanes of two pages in different banks, and values as [PAGE, E].
DEVICE void loadPages(const float* keyPages, const float* valuePages, const Index places[TILE_PAGES], int size,
        float* keys, float* values) {
    int count = size * PAGE;
#pragma unroll
    for (int page = 0; page < TILE_PAGES; page++) {
        for (int i = threadIdx.x; i < count; i += WARPS * WARP_SIZE) {
            keys[page * (count + PAGE) + i] = places[page] < 0 ? 0.0f : keyPages[places[page] * count + i];
            values[page * count + i] = places[page] < 0 ? 0.0f : valuePages[places[page] * count + i];
        }
    }
}

// Writes a head's weighted sums, which the lanes of a warp hold, over the sum of its weights.
DEVICE void storeHead(const float (&sums)[MOST_PARTS], float total, Index at, int size, void* out, int isNarrow) {
    float factor = 1.0f / total;
#pragma unroll
    for (int p = 0; p < MOST_PARTS; p++) {
        int e = LANE + p * WARP_SIZE;
        if (e < size) {
            put(out, isNarrow, at + e, sums[p] * factor);
        }
    }
}

// Writes one part of a head.
DEVICE void storePart(const float (&sums)[MOST_PARTS], float most, float total, float* partial, int size) {
#pragma unroll
    for (int p = 0; p < MOST_PARTS; p++) {
        int e = LANE + p * WARP_SIZE;
        if (e < size) {
            partial[e] = sums[p];
        }
    }
    if (LANE == 0) {
        partial[size] = most;
        partial[size + 1] = total;
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

// A head's output from its parts, added in order.
CALLED void foldHead(const float* partials, int used, Index at, int size, void* out, int isNarrow) {
    int pitch = size + 2;
    float highest = MINUS_INFINITY;
    for (int i = LANE; i < used; i += WARP_SIZE) {
        highest = larger(highest, __ldcg(partials + i * pitch + size));
    }
    highest = warpLargest(highest);
    float total = 0.0f;
    float sums[MOST_PARTS] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    for (int i = 0; i < used; i++) {
        const float* sum = partials + i * pitch;
        float most = __ldcg(sum + size);
        float keep = most == MINUS_INFINITY ? 0.0f : expOf(most - highest);
        total = fmaf(__ldcg(sum + size + 1), keep, total);
#pragma unroll
        for (int p = 0; p < MOST_PARTS; p++) {
            int e = LANE + p * WARP_SIZE;
            if (e < size) {
                sums[p] = fmaf(__ldcg(sum + e), keep, sums[p]);
            }
        }
    }
    storeHead(sums, total, at, size, out, isNarrow);
}

// The online softmax over one part of a sequence's keys, for up to eight query heads of one key head:
// partials[n, head, part] = [sum of w * v (E numbers), m, sum of w], w = e^(s - m), and out[n, head] of all parts.
// arrivals[n, block of heads] are zeros. Grid: tokens (from token `first` on) times parts, key heads times blocks of
// eight of their query heads.
KERNEL(attentionPaged, const float* q, const float* keyPages, const float* valuePages, const int* positions,
        const int* sequences, const int* pageTable, float scale, float* partials, int* arrivals, Index first,
        Index parts, int heads, int groups, int size, Index pages, Index width, Index sequenceCount, void* out,
        int isNarrow, Fault* positionFault, Fault* sequenceFault, Fault* pageFault) {
    DYNAMIC_SHARED(float, memory);
    float* keys = memory;                                        // [TILE_PAGES, E * PAGE + PAGE]
    float* values = keys + TILE_PAGES * (size + 1) * PAGE;       // [TILE, E]
    float* queries = values + TILE * size;                       // [WARPS * ROWS, E]
    float* weights = queries + WARPS * ROWS * size;              // [WARPS * ROWS, TILE]
    Index token = first + blockIdx.x / parts;
    Index part = blockIdx.x % parts;
    int position = positions[token];
    int sequence = sequences[token];
    if (!isWithin(position, width * PAGE, token, positionFault)
            || !isWithin(sequence, sequenceCount, token, sequenceFault) || part * SPLIT > position) {
        return;
    }
    int share = heads / groups;
    int headBlocks = (share + WARPS * ROWS - 1) / (WARPS * ROWS);
    int group = blockIdx.y / headBlocks;
    // The first head of this warp; the next one is WARPS further, where the key head has as many.
    int head = group * share + blockIdx.y % headBlocks * (WARPS * ROWS) + WARP;
    int lastHead = (group + 1) * share - 1;
    float* ownQueries = queries + WARP * ROWS * size;
    float* ownWeights = weights + WARP * ROWS * TILE;
    float most[ROWS];
    float total[ROWS];
    float sums[ROWS][MOST_PARTS];
    for (int r = 0; r < ROWS; r++) {
        most[r] = MINUS_INFINITY;
        total[r] = 0.0f;
        for (int p = 0; p < MOST_PARTS; p++) {
            sums[r][p] = 0.0f;
        }
        for (int e = LANE; e < size; e += WARP_SIZE) {
            int own = head + r * WARPS;
            ownQueries[r * size + e] = own <= lastHead ? q[(token * heads + own) * size + e] : 0.0f;
        }
    }
    Index end = (part + 1) * SPLIT <= position ? (part + 1) * SPLIT : position + 1;
    for (Index from = part * SPLIT; from < end; from += TILE) {
        Index places[TILE_PAGES];
#pragma unroll
        for (int page = 0; page < TILE_PAGES; page++) {
            Index entry = sequence * width + from / PAGE + page;
            places[page] = -1;
            if (from + page * PAGE < end && isWithin(pageTable[entry], pages, entry, pageFault)) {
                places[page] = (Index)pageTable[entry] * groups + group;
            }
        }
        __syncthreads();
        loadPages(keyPages, valuePages, places, size, keys, values);
        __syncthreads();
        const float* key = keys + LANE / PAGE * (size + 1) * PAGE + LANE % PAGE;
        bool isRead = from + LANE < end && (LANE < PAGE ? places[0] : places[1]) >= 0;
        float scores[ROWS] = {0.0f, 0.0f};
#pragma unroll 4
        for (int e = 0; e < size; e++) {
            for (int r = 0; r < ROWS; r++) {
                scores[r] = fmaf(ownQueries[r * size + e], key[e * PAGE], scores[r]);
            }
        }
        for (int r = 0; r < ROWS; r++) {
            ownWeights[r * TILE + LANE] = onlineWeight(scores[r] * scale, isRead, most[r], total[r], sums[r]);
        }
        __syncwarp();
        // Lanes of a page that no key was written to may hold anything, NaN too.
        int count = end - from < TILE ? (int)(end - from) : TILE;
#pragma unroll
        for (int p = 0; p < MOST_PARTS; p++) {
            int e = LANE + p * WARP_SIZE;
            if (e < size) {
#pragma unroll 4
                for (int j = 0; j < count; j++) {
                    float x = values[j * size + e];
                    for (int r = 0; r < ROWS; r++) {
                        sums[r][p] = fmaf(ownWeights[r * TILE + j], x, sums[r][p]);
                    }
                }
            }
        }
    }
    int used = position / SPLIT + 1;
    float* ownPartials = partials + ((token - first) * heads + head) * parts * (size + 2);
    // From one of this warp's heads to the next.
    Index pitch = WARPS * parts * (size + 2);
    Index at = (token * heads + head) * size;
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        if (head + r * WARPS <= lastHead && used == 1) {
            storeHead(sums[r], total[r], at + r * WARPS * size, size, out, isNarrow);
        } else if (head + r * WARPS <= lastHead) {
            storePart(sums[r], most[r], total[r], ownPartials + r * pitch + part * (size + 2), size);
        }
    }
    if (used > 1 && isLast(arrivals + (token - first) * gridDim.y + blockIdx.y, used)) {
        for (int r = 0; r < ROWS && head + r * WARPS <= lastHead; r++) {
            foldHead(ownPartials + r * pitch, used, at + r * WARPS * size, size, out, isNarrow);
        }
    }
}
