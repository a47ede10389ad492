// Several operations of a decoder block at once, for steps of so few rows that the card waits for launches, and for
// training, which waits for memory: what comes out of products is read once, and what goes into them is written in
// their type. N tokens, D model, H query heads, G key heads, E head size, F feed-forward.
#include "norms.cuh"
#include "placing.cuh"

// The norm of a row, as rmsNorm of rows.cu, to F32 or to BF16: a block for each row [D]. inverses may be null.
KERNEL(normOperand, const float* xs, const float* weight, float eps, void* out, int isNarrow, float* inverses,
        Index size) {
    Index start = blockIdx.x * size;
    bool areWide = size % 4 == 0 && isWide(xs) && isWide(weight) && isWide(out);
    Index fours = areWide ? size / 4 : 0;
    const Four* x = (const Four*)(xs + start);
    float sum = squares(x, fours);
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
    float sum = weightedProducts(dy, (const Four*)weight, x, fours);
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
    Index token = HeadTerms::tokenOf(terms, WARP_ROW);
    if (token >= tokens || !isWithin(positions[token], bound, token, positionFault)) {
        return;
    }
    int place = HeadTerms::placeOf(terms, WARP_ROW);
    Head head = HeadTerms::headAt(terms, projected, token, place, positions[token]);
    if (place < heads) {
        storeHead(head, queries + (token * heads + place) * size, 1, size / 2);
    } else if (isWithin(slots[token], slotBound, token, slotFault)) {
        HeadTerms::cache(terms, head, place, slots[token], keyPages, valuePages);
    }
}

// Products [N, (H + 2 G) E] become queries [N, H, E], keys and values [N, G, E], as placeHeads makes them.
KERNEL(splitHeads, const float* projected, const float* queryBias, const float* keyBias, const float* valueBias,
        const float* queryNorm, const float* keyNorm, float eps, float* queries, float* keys, float* values,
        const int* positions, const float* cosines, const float* sines, Index tokens, int heads, int groups, int size,
        Index bound, Fault* fault) {
    HeadTerms terms = {queryBias, keyBias, valueBias, queryNorm, keyNorm, eps, cosines, sines, heads, groups, size};
    Index token = HeadTerms::tokenOf(terms, WARP_ROW);
    if (token >= tokens || !isWithin(positions[token], bound, token, fault)) {
        return;
    }
    int place = HeadTerms::placeOf(terms, WARP_ROW);
    Head head = HeadTerms::headAt(terms, projected, token, place, positions[token]);
    storeHead(head, HeadTerms::beside(terms, queries, keys, values, token, place), 1, size / 2);
}

// The gradient of a head of splitHeads, to F32 or to BF16. Where it has a norm, its product is read again, and its
// gradient overwritten with what the norm's own sums.
DEVICE void joinHead(const HeadTerms& terms, const float* projected, float* queries, float* keys, float* values,
        const int* positions, void* out, int isNarrow, Index tokens, Index bound, Fault* fault) {
    Index token = HeadTerms::tokenOf(terms, WARP_ROW);
    if (token >= tokens || !isWithin(positions[token], bound, token, fault)) {
        return;
    }
    int half = terms.size / 2;
    int place = HeadTerms::placeOf(terms, WARP_ROW);
    float* gradient = HeadTerms::beside(terms, queries, keys, values, token, place);
    Head head = loadHead(gradient, half);
    if (place < terms.heads + terms.groups) {
        Index turn = (Index)positions[token] * half;
        turnHead(head, terms.cosines + turn, terms.sines + turn, -1.0f, half);
    }
    const float* norm = HeadTerms::normOf(terms, place);
    if (norm) {
        Head x = HeadTerms::productOf(terms, projected, token, place);
        normHeadBackward(head, x, norm, terms.eps, terms.size);
        storeHead(x, gradient, 1, half);
    }
    Index start = WARP_ROW * terms.size;
    eachPair(half, [&](int p, int e) {
        put(out, isNarrow, start + e, head.low[p]);
        put(out, isNarrow, start + half + e, head.high[p]);
    });
}

// A warp for each head of each token.
KERNEL(joinHeads, float* queries, float* keys, float* values, void* out, int isNarrow, const int* positions,
        const float* cosines, const float* sines, Index tokens, int heads, int groups, int size, Index bound,
        Fault* fault) {
    HeadTerms terms = {nullptr, nullptr, nullptr, nullptr, nullptr, 0.0f, cosines, sines, heads, groups, size};
    joinHead(terms, nullptr, queries, keys, values, positions, out, isNarrow, tokens, bound, fault);
}

// The same where heads have norms.
KERNEL(joinNormedHeads, const float* projected, const float* queryBias, const float* keyBias, const float* valueBias,
        const float* queryNorm, const float* keyNorm, float eps, float* queries, float* keys, float* values, void* out,
        int isNarrow, const int* positions, const float* cosines, const float* sines, Index tokens, int heads,
        int groups, int size, Index bound, Fault* fault) {
    HeadTerms terms = {queryBias, keyBias, valueBias, queryNorm, keyNorm, eps, cosines, sines, heads, groups, size};
    joinHead(terms, projected, queries, keys, values, positions, out, isNarrow, tokens, bound, fault);
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
