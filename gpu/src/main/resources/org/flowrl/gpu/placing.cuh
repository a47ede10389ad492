// What is done to a token's heads between their product and their attention: a warp for each head. H query heads, G key
// heads, E head size.
#pragma once
#include "wide.cuh"

// Tokens in a page.
#define PAGE 16
// Pairs of a head's elements that a lane has: heads have up to 256 elements.
#define MOST_PAIRS 4

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

// 1 over the root of a head's mean square.
DEVICE float inverseOf(const Head& head, float eps, int size) {
    int half = size / 2;
    float sum = 0.0f;
    eachPair(half, [&](int p, int) { sum = fmaf(head.low[p], head.low[p], sum); });
    eachPair(half, [&](int p, int) { sum = fmaf(head.high[p], head.high[p], sum); });
    return 1.0f / sqrtf(warpSum(sum) / (float)size + eps);
}

// As rmsNorm of rows.cu.
DEVICE void normHead(Head& head, const float* weight, float eps, int size) {
    int half = size / 2;
    float inverse = inverseOf(head, eps, size);
    eachPair(half, [&](int p, int e) {
        head.low[p] = head.low[p] * inverse * weight[e];
        head.high[p] = head.high[p] * inverse * weight[half + e];
    });
}

// As rmsNormInputGradient of rows.cu, in place of the gradient, and in place of x the terms of the weight's gradient.
DEVICE void normHeadBackward(Head& gradient, Head& x, const float* weight, float eps, int size) {
    int half = size / 2;
    float inverse = inverseOf(x, eps, size);
    float sum = 0.0f;
    eachPair(half, [&](int p, int e) { sum = fmaf(gradient.low[p] * weight[e], x.low[p], sum); });
    eachPair(half, [&](int p, int e) { sum = fmaf(gradient.high[p] * weight[half + e], x.high[p], sum); });
    float c = warpSum(sum) * (inverse * inverse * inverse) / (float)size;
    eachPair(half, [&](int p, int e) {
        float low = gradient.low[p];
        float high = gradient.high[p];
        gradient.low[p] = fmaf(-c, x.low[p], low * weight[e] * inverse);
        gradient.high[p] = fmaf(-c, x.high[p], high * weight[half + e] * inverse);
        x.low[p] = low * (x.low[p] * inverse);
        x.high[p] = high * (x.high[p] * inverse);
    });
}

// As rope of rows.cu; back where the sign is -1.
DEVICE void turnHead(Head& head, const float* cosines, const float* sines, float sign, int half) {
    eachPair(half, [&](int p, int e) {
        float a = head.low[p];
        float b = head.high[p];
        float s = sign * sines[e];
        head.low[p] = a * cosines[e] - b * s;
        head.high[p] = b * cosines[e] + a * s;
    });
}

// A head as it lies in memory.
DEVICE Head loadHead(const float* x, int half) {
    Head head;
    eachPair(half, [&](int p, int e) {
        head.low[p] = x[e];
        head.high[p] = x[half + e];
    });
    return head;
}

// Writes a head, whose elements are to lie `step` numbers apart.
DEVICE void storeHead(const Head& head, float* to, int step, int half) {
    eachPair(half, [&](int p, int e) {
        to[e * step] = head.low[p];
        to[(half + e) * step] = head.high[p];
    });
}

// Biases [H E], [G E], [G E] and norms [E], [E], which may be absent, and the rotary tables [P, E/2].
struct HeadTerms {
    const float *queryBias, *keyBias, *valueBias, *queryNorm, *keyNorm;
    float eps;
    const float *cosines, *sines;
    int heads, groups, size;

    // The token and the head of a row of [N, H + 2 G] heads, H queries, G keys and G values.
    DEVICE Index tokenOf(const HeadTerms& terms, Index row) {
        return row / (terms.heads + 2 * terms.groups);
    }

    DEVICE int placeOf(const HeadTerms& terms, Index row) {
        return (int)(row % (terms.heads + 2 * terms.groups));
    }

    // The norm of head `place`; null where it has none.
    DEVICE const float* normOf(const HeadTerms& terms, int place) {
        return place < terms.heads ? terms.queryNorm : place < terms.heads + terms.groups ? terms.keyNorm : nullptr;
    }

    // Where head `place` of a token lies beside the cache, in queries [N, H, E], keys or values [N, G, E].
    DEVICE float* beside(const HeadTerms& terms, float* queries, float* keys, float* values, Index token, int place) {
        if (place < terms.heads) {
            return queries + (token * terms.heads + place) * terms.size;
        }
        int group = (place - terms.heads) % terms.groups;
        return (place < terms.heads + terms.groups ? keys : values) + (token * terms.groups + group) * terms.size;
    }

    // Head `place` of a token's products [N, (H + 2 G) E], with its bias.
    DEVICE Head productOf(const HeadTerms& terms, const float* projected, Index token, int place) {
        int half = terms.size / 2;
        bool isQuery = place < terms.heads;
        bool isValue = place >= terms.heads + terms.groups;
        int own = isQuery ? place : isValue ? place - terms.heads - terms.groups : place - terms.heads;
        const float* bias = isQuery ? terms.queryBias : isValue ? terms.valueBias : terms.keyBias;
        Head head = loadHead(projected + (token * (terms.heads + 2 * terms.groups) + place) * terms.size, half);
        if (bias) {
            bias += own * terms.size;
            eachPair(half, [&](int p, int e) {
                head.low[p] += bias[e];
                head.high[p] += bias[half + e];
            });
        }
        return head;
    }

    // The same normed, and turned to the token's position.
    DEVICE Head headAt(const HeadTerms& terms, const float* projected, Index token, int place, int position) {
        int half = terms.size / 2;
        Head head = productOf(terms, projected, token, place);
        const float* norm = normOf(terms, place);
        if (norm) {
            normHead(head, norm, terms.eps, terms.size);
        }
        if (place < terms.heads + terms.groups) {
            turnHead(head, terms.cosines + (Index)position * half, terms.sines + (Index)position * half, 1.0f, half);
        }
        return head;
    }

    // Writes a key [E, PAGE] or a value [PAGE, E], head `place`, into its slot.
    DEVICE void cache(const HeadTerms& terms, const Head& head, int place, int slot, float* keyPages,
            float* valuePages) {
        int size = terms.size;
        bool isValue = place >= terms.heads + terms.groups;
        int group = (place - terms.heads) % terms.groups;
        Index page = ((Index)(slot / PAGE) * terms.groups + group) * size * PAGE;
        int lane = slot % PAGE;
        if (isValue) {
            storeHead(head, valuePages + page + lane * size, 1, size / 2);
        } else {
            storeHead(head, keyPages + page + lane, PAGE, size / 2);
        }
    }
};
