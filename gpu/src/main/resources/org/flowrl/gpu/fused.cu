// Several operations of a decoder block at once, for steps of so few rows that the card waits for launches, and for
// training, which waits for memory: what comes out of products is read once, and what goes into them is written in their
// type. N tokens, D model, H query heads, G key heads, E head size, F feed-forward.
#include "wide.cuh"

// This warp's row, and its lane.
#define WARP_ROW ((Index)blockIdx.x * (blockDim.x / WARP_SIZE) + threadIdx.x / WARP_SIZE)
#define LANE ((int)(threadIdx.x % WARP_SIZE))

// Tokens in a page.
#define PAGE 16
// Pairs of a head's elements that a lane has: heads have up to 256 elements.
#define MOST_PAIRS 4

// The norm of a row, as rmsNorm of rows.cu, to F32 or to BF16: a block for each row [D]. inverses may be null.
KERNEL(normOperand, const float* xs, const float* weight, float eps, void* out, int isNarrow, float* inverses,
        Index size) {
    Index start = blockIdx.x * size;
    bool areWide = size % 4 == 0 && isWide(xs) && isWide(weight) && isWide(out);
    Index fours = areWide ? size / 4 : 0;
    const Four* x = (const Four*)(xs + start);
    float sum = 0.0f;
    for (Index i = threadIdx.x; i < fours; i += blockDim.x) {
        Four four = x[i];
        for (int j = 0; j < 4; j++) {
            sum = fmaf(four.at[j], four.at[j], sum);
        }
    }
    for (Index d = 4 * fours + threadIdx.x; d < size; d += blockDim.x) {
        sum = fmaf(xs[start + d], xs[start + d], sum);
    }
    float inverse = 1.0f / sqrtf(blockSum(sum) / (float)size + eps);
    if (inverses && threadIdx.x == 0) {
        inverses[blockIdx.x] = inverse;
    }
    for (Index i = threadIdx.x; i < fours; i += blockDim.x) {
        Four four = x[i];
        Four w = ((const Four*)weight)[i];
        for (int j = 0; j < 4; j++) {
            four.at[j] = four.at[j] * inverse * w.at[j];
        }
        putFour(out, isNarrow, start / 4 + i, four);
    }
    for (Index d = 4 * fours + threadIdx.x; d < size; d += blockDim.x) {
        put(out, isNarrow, start + d, xs[start + d] * inverse * weight[d]);
    }
}

// The gradient of a norm, as rmsNormInputGradient of rows.cu, added to another one of the same row, which may be
// overwritten with the sum: a block for each row [D].
KERNEL(normGradientAdded, const float* dys, const float* xs, const float* weight, const float* inverses,
        const float* dstreams, float* dxs, Index size) {
    Index start = blockIdx.x * size;
    bool areWide = size % 4 == 0 && isWide(dys) && isWide(xs) && isWide(weight) && isWide(dstreams) && isWide(dxs);
    Index fours = areWide ? size / 4 : 0;
    const Four* dy = (const Four*)(dys + start);
    const Four* x = (const Four*)(xs + start);
    const Four* dstream = (const Four*)(dstreams + start);
    float inverse = inverses[blockIdx.x];
    float sum = 0.0f;
    for (Index i = threadIdx.x; i < fours; i += blockDim.x) {
        Four g = dy[i];
        Four four = x[i];
        Four w = ((const Four*)weight)[i];
        for (int j = 0; j < 4; j++) {
            sum = fmaf(g.at[j] * w.at[j], four.at[j], sum);
        }
    }
    for (Index d = 4 * fours + threadIdx.x; d < size; d += blockDim.x) {
        sum = fmaf(dys[start + d] * weight[d], xs[start + d], sum);
    }
    float c = blockSum(sum) * (inverse * inverse * inverse) / (float)size;
    for (Index i = threadIdx.x; i < fours; i += blockDim.x) {
        Four g = dy[i];
        Four four = x[i];
        Four w = ((const Four*)weight)[i];
        Four added = dstream[i];
        for (int j = 0; j < 4; j++) {
            four.at[j] = added.at[j] + fmaf(-c, four.at[j], g.at[j] * w.at[j] * inverse);
        }
        ((Four*)(dxs + start))[i] = four;
    }
    for (Index d = 4 * fours + threadIdx.x; d < size; d += blockDim.x) {
        dxs[start + d] = dstreams[start + d] + fmaf(-c, xs[start + d], dys[start + d] * weight[d] * inverse);
    }
}

// A head as the lanes of a warp hold it: pairs of elements e and e + E/2, those of e = lane, lane + 32, ...
struct Head {
    float low[MOST_PAIRS], high[MOST_PAIRS];
};

// f(p, e) for each pair of this lane.
template <class F> DEVICE void eachPair(int half, F f) {
#pragma unroll
    for (int p = 0; p < MOST_PAIRS; p++) {
        int e = LANE + p * WARP_SIZE;
        if (e < half) {
            f(p, e);
        }
    }
}

// As rmsNorm of rows.cu.
DEVICE void normHead(Head& head, const float* weight, float eps, int size) {
    int half = size / 2;
    float sum = 0.0f;
    eachPair(half, [&](int p, int) { sum = fmaf(head.low[p], head.low[p], sum); });
    eachPair(half, [&](int p, int) { sum = fmaf(head.high[p], head.high[p], sum); });
    float inverse = 1.0f / sqrtf(warpSum(sum) / (float)size + eps);
    eachPair(half, [&](int p, int e) {
        head.low[p] = head.low[p] * inverse * weight[e];
        head.high[p] = head.high[p] * inverse * weight[half + e];
    });
}

// As rope of rows.cu.
DEVICE void turnHead(Head& head, const float* cosines, const float* sines, int half) {
    eachPair(half, [&](int p, int e) {
        float a = head.low[p];
        float b = head.high[p];
        head.low[p] = a * cosines[e] - b * sines[e];
        head.high[p] = b * cosines[e] + a * sines[e];
    });
}

// Products [N, (H + 2 G) E] become queries [N, H, E] and, in pages, keys [P, G, E, PAGE] and values [P, G, PAGE, E]. A
// warp for each head of each token; biases and norms may be absent.
KERNEL(placeHeads, const float* projected, const float* queryBias, const float* keyBias, const float* valueBias,
        const float* queryNorm, const float* keyNorm, float eps, const int* positions, const float* cosines,
        const float* sines, const int* slots, float* queries, float* keyPages, float* valuePages, Index tokens,
        int heads, int groups, int size, Index bound, Index slotBound, Fault* positionFault, Fault* slotFault) {
    int all = heads + 2 * groups;
    Index row = WARP_ROW;
    if (row >= tokens * all) {
        return;
    }
    Index token = row / all;
    int place = (int)(row % all);
    int half = size / 2;
    bool isQuery = place < heads;
    bool isValue = place >= heads + groups;
    int own = isQuery ? place : isValue ? place - heads - groups : place - heads;
    const float* bias = isQuery ? queryBias : isValue ? valueBias : keyBias;
    const float* norm = isQuery ? queryNorm : isValue ? nullptr : keyNorm;
    const float* x = projected + row * size;
    Head head;
    eachPair(half, [&](int p, int e) {
        head.low[p] = x[e];
        head.high[p] = x[half + e];
    });
    if (bias) {
        bias += own * size;
        eachPair(half, [&](int p, int e) {
            head.low[p] += bias[e];
            head.high[p] += bias[half + e];
        });
    }
    if (norm) {
        normHead(head, norm, eps, size);
    }
    if (!isValue) {
        int position = positions[token];
        if (!isWithin(position, bound, token, positionFault)) {
            return;
        }
        turnHead(head, cosines + (Index)position * half, sines + (Index)position * half, half);
    }
    if (isQuery) {
        float* query = queries + (token * heads + own) * size;
        eachPair(half, [&](int p, int e) {
            query[e] = head.low[p];
            query[half + e] = head.high[p];
        });
        return;
    }
    int slot = slots[token];
    if (!isWithin(slot, slotBound, token, slotFault)) {
        return;
    }
    Index page = ((Index)(slot / PAGE) * groups + own) * size * PAGE;
    int lane = slot % PAGE;
    // From one element to the next.
    int step = isValue ? 1 : PAGE;
    float* to = isValue ? valuePages + page + lane * size : keyPages + page + lane;
    eachPair(half, [&](int p, int e) {
        to[e * step] = head.low[p];
        to[(half + e) * step] = head.high[p];
    });
}

// Gates and ups beside each other [N, 2 F] to [N, F]: a thread for four columns, and rows in strides of the grid's
// second dimension.
KERNEL(swiGluOperand, const float* projected, void* out, int isNarrow, Index rows, Index size) {
    bool areWide = size % 4 == 0 && isWide(projected) && isWide(out);
    Index fours = areWide ? size / 4 : 0;
    for (Index n = blockIdx.y; n < rows; n += gridDim.y) {
        const float* gate = projected + 2 * n * size;
        const float* up = gate + size;
        for (Index i = FIRST; i < fours; i += STRIDE) {
            Four g = ((const Four*)gate)[i];
            Four u = ((const Four*)up)[i];
            for (int j = 0; j < 4; j++) {
                g.at[j] = swiGluOf(g.at[j], u.at[j]);
            }
            putFour(out, isNarrow, n * fours + i, g);
        }
        for (Index i = 4 * fours + FIRST; i < size; i += STRIDE) {
            put(out, isNarrow, n * size + i, swiGluOf(gate[i], up[i]));
        }
    }
}

// The gradient of swiGluOperand: dy [N, F] to gates' and ups' gradients beside each other [N, 2 F].
KERNEL(swiGluOperandBackward, const float* dys, const float* projected, void* out, int isNarrow, Index rows,
        Index size) {
    bool areWide = size % 4 == 0 && isWide(dys) && isWide(projected) && isWide(out);
    Index fours = areWide ? size / 4 : 0;
    for (Index n = blockIdx.y; n < rows; n += gridDim.y) {
        const float* dy = dys + n * size;
        const float* gate = projected + 2 * n * size;
        const float* up = gate + size;
        for (Index i = FIRST; i < fours; i += STRIDE) {
            Four d = ((const Four*)dy)[i];
            Four g = ((const Four*)gate)[i];
            Four u = ((const Four*)up)[i];
            for (int j = 0; j < 4; j++) {
                swiGluGradients(g.at[j], u.at[j], d.at[j]);
            }
            putFour(out, isNarrow, 2 * n * fours + i, d);
            putFour(out, isNarrow, (2 * n + 1) * fours + i, u);
        }
        for (Index i = 4 * fours + FIRST; i < size; i += STRIDE) {
            float d = dy[i];
            float u = up[i];
            swiGluGradients(gate[i], u, d);
            put(out, isNarrow, 2 * n * size + i, d);
            put(out, isNarrow, (2 * n + 1) * size + i, u);
        }
    }
}
