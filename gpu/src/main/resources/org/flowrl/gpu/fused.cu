// Several operations of a decoder block at once, for steps of so few rows that the card waits for launches, and for
// training, which waits for memory: what comes out of products is read once, and what goes into them is written in
// their type. N tokens, D model, H query heads, G key heads, E head size, F feed-forward.
#include "placing.cuh"

// This warp's row.
#define WARP_ROW ((Index)blockIdx.x * (blockDim.x / WARP_SIZE) + threadIdx.x / WARP_SIZE)

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

// Products [N, (H + 2 G) E] become queries [N, H, E] and, in pages, keys [P, G, E, PAGE] and values [P, G, PAGE, E]. A
// warp for each head of each token; biases and norms may be absent.
KERNEL(placeHeads, const float* projected, const float* queryBias, const float* keyBias, const float* valueBias,
        const float* queryNorm, const float* keyNorm, float eps, const int* positions, const float* cosines,
        const float* sines, const int* slots, float* queries, float* keyPages, float* valuePages, Index tokens,
        int heads, int groups, int size, Index bound, Index slotBound, Fault* positionFault, Fault* slotFault) {
    HeadTerms terms = {queryBias, keyBias, valueBias, queryNorm, keyNorm, eps, cosines, sines, heads, groups, size};
    int all = heads + 2 * groups;
    Index row = WARP_ROW;
    if (row >= tokens * all) {
        return;
    }
    Index token = row / all;
    int place = (int)(row % all);
    int position = positions[token];
    if (!isWithin(position, bound, token, positionFault)) {
        return;
    }
    Head head = HeadTerms::headAt(terms, projected + token * all * size, place, position);
    if (place < heads) {
        storeHead(head, queries + (token * heads + place) * size, 1, size / 2);
    } else if (isWithin(slots[token], slotBound, token, slotFault)) {
        HeadTerms::cache(terms, head, place, slots[token], keyPages, valuePages);
    }
}

// Products [N, (H + 2 G) E] become queries [N, H, E], keys and values [N, G, E], as placeHeads makes them.
KERNEL(splitHeads, const float* projected, const float* queryBias, const float* keyBias, const float* valueBias,
        float* queries, float* keys, float* values, const int* positions, const float* cosines, const float* sines,
        Index tokens, int heads, int groups, int size, Index bound, Fault* fault) {
    HeadTerms terms = {queryBias, keyBias, valueBias, nullptr, nullptr, 0.0f, cosines, sines, heads, groups, size};
    int all = heads + 2 * groups;
    Index row = WARP_ROW;
    if (row >= tokens * all) {
        return;
    }
    Index token = row / all;
    int place = (int)(row % all);
    if (!isWithin(positions[token], bound, token, fault)) {
        return;
    }
    Head head = HeadTerms::headAt(terms, projected + token * all * size, place, positions[token]);
    int group = (place - heads) % groups;
    float* to = place < heads ? queries + (token * heads + place) * size
            : (place < heads + groups ? keys : values) + (token * groups + group) * size;
    storeHead(head, to, 1, size / 2);
}

// The gradient of splitHeads, to F32 or to BF16: a warp for each head of each token.
KERNEL(joinHeads, const float* queries, const float* keys, const float* values, void* out, int isNarrow,
        const int* positions, const float* cosines, const float* sines, Index tokens, int heads, int groups, int size,
        Index bound, Fault* fault) {
    int all = heads + 2 * groups;
    int half = size / 2;
    Index row = WARP_ROW;
    if (row >= tokens * all) {
        return;
    }
    Index token = row / all;
    int place = (int)(row % all);
    Index position = positions[token];
    if (!isWithin((int)position, bound, token, fault)) {
        return;
    }
    int group = (place - heads) % groups;
    Head head = loadHead(place < heads ? queries + (token * heads + place) * size
            : (place < heads + groups ? keys : values) + (token * groups + group) * size, half);
    if (place < heads + groups) {
        turnHead(head, cosines + position * half, sines + position * half, -1.0f, half);
    }
    eachPair(half, [&](int p, int e) {
        put(out, isNarrow, row * size + e, head.low[p]);
        put(out, isNarrow, row * size + half + e, head.high[p]);
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
