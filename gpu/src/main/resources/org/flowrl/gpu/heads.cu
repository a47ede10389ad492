// The language-model head: kernels over logits that a product has made, of some rows and of a range of `width` words
// from `firstWord` on. A range is whole parts but for the last one, and few enough rows and words that their logits are
// still in the card's second-level cache when the product has written them.
#include "logits.cuh"
#include "tensorcore.cuh"

// What stands for words beyond the last: finite, so that its weight of 0 times its distance from the highest is 0.
#define NO_WORD (-3.402823466e38f)

// The online fold of HeadKernels: m the highest logit, l = sum of e^(z-m), t = sum of e^(z-m) * (z-m).
struct Fold {
    float m, l, t;
};

DEVICE Fold merged(const Fold& a, const Fold& b) {
    if (a.l == 0.0f || b.l == 0.0f) {
        return b.l == 0.0f ? a : b;
    }
    float m = largerOf(a.m, b.m);
    float keep = expOf(a.m - m);
    float add = expOf(b.m - m);
    return {m, keep * a.l + add * b.l,
            keep * (a.t + a.l * (a.m - m)) + add * (b.t + b.l * (b.m - m))};
}

// The fold of what the lanes of a warp hold, in all of them. The card's own power of two: some 150,000 weights for each
// token would take longer by the polynomial than their logits take to come.
DEVICE Fold foldWarp(const float (&x)[WORDS_OF_THREAD]) {
    float m = x[0];
#pragma unroll
    for (int i = 1; i < WORDS_OF_THREAD; i++) {
        m = largerOf(m, x[i]);
    }
    for (int bits = WARP_SIZE / 2; bits > 0; bits /= 2) {
        m = largerOf(m, __shfl_xor_sync(ALL_LANES, m, bits));
    }
    float l = 0.0f;
    float t = 0.0f;
    // Words beyond the last, or nothing but minus infinity, weigh nothing.
    if (!(m <= NO_WORD)) {
#pragma unroll
        for (int i = 0; i < WORDS_OF_THREAD; i++) {
            float difference = x[i] - m;
            float w = exp2Of(difference * LOG2_E);
            l += w;
            t = fmaf(w, difference, t);
        }
    }
    return {m, warpSum(l), warpSum(t)};
}

// Folds of parts [parts, rows], and the logit of the target where it is in the range. Grid: parts, rows.
KERNEL(foldParts, const float* logits, Index width, float temperature, const int* targets, Index firstWord,
        Fold* folds, float* chosen) {
    SHARED(Fold, warps, BLOCK_THREADS / WARP_SIZE);
    Index row = blockIdx.y;
    const float* z = logits + row * width;
    Index start = (Index)blockIdx.x * PART_WORDS;
    float x[WORDS_OF_THREAD];
    readPart(z, width, start, temperature, NO_WORD, x);
    Fold fold = foldWarp(x);
    if (threadIdx.x % WARP_SIZE == 0) {
        warps[threadIdx.x / WARP_SIZE] = fold;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int warp = 1; warp < (int)(blockDim.x / WARP_SIZE); warp++) {
            fold = merged(fold, warps[warp]);
        }
        folds[(Index)blockIdx.x * gridDim.y + row] = fold;
        Index at = targets[row] - firstWord;
        if (at >= start && at < start + PART_WORDS && at < width) {
            chosen[row] = logit(z, at, temperature);
        }
    }
}

// What comes of the folds of all parts of a row, which are merged in order.
KERNEL(foldRows, const Fold* folds, Index parts, const float* chosen, const int* targets, Index words,
        float* logProbs, float* entropies, float* lses, Index rows, Index firstRow, Fault* fault) {
    for (Index row = FIRST; row < rows; row += STRIDE) {
        Fold fold = folds[row];
        for (Index part = 1; part < parts; part++) {
            fold = merged(fold, folds[part * rows + row]);
        }
        if (isWithin(targets[row], words, firstRow + row, fault)) {
            float lse = fold.m + logOf(fold.l);
            logProbs[row] = chosen[row] - lse;
            entropies[row] = logOf(fold.l) - fold.t / fold.l;
            lses[row] = lse;
        }
    }
}

// What the gradient of a row's logits is made of.
struct RowGradient {
    float temperature, lse, entropy, dLogProb, dEntropy;
    bool hasEntropy;

    // Of a logit that is not yet divided by the temperature.
    DEVICE float of(const RowGradient& row, float z, bool isTarget) {
        float logProb = logit(&z, 0, row.temperature) - row.lse;
        float p = exp2Of(logProb * LOG2_E);
        float dz = row.dLogProb * ((isTarget ? 1.0f : 0.0f) - p);
        if (row.hasEntropy) {
            dz = dz - row.dEntropy * p * (logProb + row.entropy);
        }
        return row.temperature == 1.0f ? dz : dz / row.temperature;
    }
};

#define ROW_GRADIENT                                                                                     \
    Index row = blockIdx.y;                                                                              \
    RowGradient gradient = {temperature, lses[row], entropies[row], dLogProbs[row],                      \
            hasEntropies ? dEntropies[row] : 0.0f, hasEntropies != 0};                                   \
    if (threadIdx.x == 0 && blockIdx.x == 0) {                                                           \
        isWithin(targets[row], words, firstRow + row, fault);                                            \
    }

// Turns logits into their gradients, a thread for each. Grid: words, rows.
KERNEL(logitGradients, float* logits, Index words, float temperature, const int* targets, const float* entropies,
        const float* lses, const float* dLogProbs, const float* dEntropies, int hasEntropies, Index firstRow,
        Fault* fault) {
    ROW_GRADIENT
    float* z = logits + row * words;
    for (Index v = FIRST; v < words; v += STRIDE) {
        z[v] = RowGradient::of(gradient, z[v], v == targets[row]);
    }
}

#define WORDS_BESIDE 8

// So many BF16 numbers.
struct alignas(16) NarrowEight {
    unsigned pairs[WORDS_BESIDE / 2];
};

// The gradients of a range's logits, rounded to BF16 as operands of products, in rows of all words; a thread has
// WORDS_BESIDE words. Grid: such words, rows.
KERNEL(narrowLogitGradients, const float* logits, Index width, float temperature, const int* targets,
        Index firstWord, Index words, const float* entropies, const float* lses, const float* dLogProbs,
        const float* dEntropies, int hasEntropies, Index firstRow, Fault* fault, BfloatBits* gradients) {
    ROW_GRADIENT
    Index start = WORDS_BESIDE * FIRST;
    if (start >= width) {
        return;
    }
    const float* z = logits + row * width + start;
    BfloatBits* dz = gradients + row * words + firstWord + start;
    Index target = targets[row] - firstWord - start;
    if (width % WORDS_BESIDE == 0 && words % WORDS_BESIDE == 0) {
        Four four[2] = {((const Four*)z)[0], ((const Four*)z)[1]};
#pragma unroll
        for (int i = 0; i < WORDS_BESIDE; i++) {
            float& x = four[i / 4].at[i % 4];
            x = RowGradient::of(gradient, x, i == target);
        }
        NarrowEight eight;
#pragma unroll
        for (int i = 0; i < WORDS_BESIDE; i += 2) {
            eight.pairs[i / 2] = pairOf(four[i / 4].at[i % 4], four[i / 4].at[i % 4 + 1]);
        }
        *(NarrowEight*)dz = eight;
    } else {
        for (int i = 0; i < WORDS_BESIDE && start + i < width; i++) {
            dz[i] = toBfloat16(RowGradient::of(gradient, z[i], i == target));
        }
    }
}
