// The language-model head: kernels over logits [rows, V] that a product has made, a block for each row.
#include "wide.cuh"

// The online fold of HeadKernels: m the highest logit, l = sum of e^(z-m), t = sum of e^(z-m) * (z-m).
struct Fold {
    float m, l, t;
};

DEVICE void add(Fold& fold, float z) {
    float difference = z - fold.m;
    if (fold.l == 0.0f) {
        fold = {z, 1.0f, 0.0f};
    } else if (difference > 0.0f) {
        float keep = expOf(-difference);
        fold = {z, keep * fold.l + 1.0f, keep * (fold.t - fold.l * difference)};
    } else {
        float w = expOf(difference);
        fold.l += w;
        fold.t = fmaf(w, difference, fold.t);
    }
}

DEVICE float blockLargest(float value) {
    SHARED(float, extremes, WARP_SIZE);
    int lane = threadIdx.x % WARP_SIZE;
    int warps = blockDim.x / WARP_SIZE;
    value = warpLargest(value);
    if (warps == 1) {
        return value;
    }
    if (lane == 0) {
        extremes[threadIdx.x / WARP_SIZE] = value;
    }
    __syncthreads();
    value = warpLargest(lane < warps ? extremes[lane] : MINUS_INFINITY);
    __syncthreads();
    return value;
}

DEVICE float logit(const float* z, Index v, float temperature) {
    return temperature == 1.0f ? z[v] : z[v] / temperature;
}

// The fold of a row, the same in every thread.
DEVICE Fold foldRow(const float* z, Index words, float temperature) {
    Fold fold = {MINUS_INFINITY, 0.0f, 0.0f};
    Index fours = words % 4 == 0 ? words / 4 : 0;
    for (Index i = threadIdx.x; i < fours; i += blockDim.x) {
        Four four = ((const Four*)z)[i];
        for (int j = 0; j < 4; j++) {
            add(fold, logit(four.at, j, temperature));
        }
    }
    for (Index v = 4 * fours + threadIdx.x; v < words; v += blockDim.x) {
        add(fold, logit(z, v, temperature));
    }
    float m = blockLargest(fold.m);
    float l = 0.0f;
    float t = 0.0f;
    if (fold.l != 0.0f) {
        float keep = expOf(fold.m - m);
        l = keep * fold.l;
        t = keep * (fold.t + fold.l * (fold.m - m));
    }
    return {m, blockSum(l), blockSum(t)};
}

KERNEL(foldLogits, const float* logits, Index words, float temperature, const int* targets, float* logProbs,
        float* entropies, float* lses, Index firstRow, Fault* fault) {
    Index row = blockIdx.x;
    const float* z = logits + row * words;
    Fold fold = foldRow(z, words, temperature);
    int target = targets[row];
    if (threadIdx.x == 0 && isWithin(target, words, firstRow + row, fault)) {
        float lse = fold.m + logOf(fold.l);
        logProbs[row] = logit(z, target, temperature) - lse;
        entropies[row] = logOf(fold.l) - fold.t / fold.l;
        lses[row] = lse;
    }
}

// What the gradient of a row's logits is made of.
struct RowGradient {
    int target;
    float temperature, lse, entropy, dLogProb, dEntropy;
    bool hasEntropy;

    DEVICE float of(const RowGradient& row, float logit, Index word) {
        float logProb = logit - row.lse;
        float p = expOf(logProb);
        float dz = row.dLogProb * ((word == row.target ? 1.0f : 0.0f) - p);
        if (row.hasEntropy) {
            dz = dz - row.dEntropy * p * (logProb + row.entropy);
        }
        return row.temperature == 1.0f ? dz : dz / row.temperature;
    }
};

#define ROW_GRADIENT                                                                                     \
    Index row = blockIdx.y;                                                                              \
    RowGradient gradient = {targets[row], temperature, lses[row], entropies[row], dLogProbs[row],        \
            hasEntropies ? dEntropies[row] : 0.0f, hasEntropies != 0};                                   \
    if (threadIdx.x == 0 && blockIdx.x == 0) {                                                           \
        isWithin(gradient.target, words, firstRow + row, fault);                                         \
    }

// Turns logits into their gradients. Grid: parts of a row, rows.
KERNEL(logitGradients, float* logits, Index words, float temperature, const int* targets, const float* entropies,
        const float* lses, const float* dLogProbs, const float* dEntropies, int hasEntropies, Index firstRow,
        Fault* fault) {
    ROW_GRADIENT
    float* z = logits + row * words;
    for (Index v = FIRST; v < words; v += STRIDE) {
        z[v] = RowGradient::of(gradient, logit(z, v, temperature), v);
    }
}

// The gradients of logits, rounded to BF16 as operands of products.
KERNEL(narrowLogitGradients, const float* logits, Index words, float temperature, const int* targets,
        const float* entropies, const float* lses, const float* dLogProbs, const float* dEntropies, int hasEntropies,
        Index firstRow, Fault* fault, unsigned short* gradients) {
    ROW_GRADIENT
    const float* z = logits + row * words;
    unsigned short* dz = gradients + row * words;
    Index fours = words % 4 == 0 ? words / 4 : 0;
    for (Index i = FIRST; i < fours; i += STRIDE) {
        Four four = ((const Four*)z)[i];
        for (int j = 0; j < 4; j++) {
            four.at[j] = RowGradient::of(gradient, logit(four.at, j, temperature), 4 * i + j);
        }
        ((NarrowFour*)dz)[i] = rounded(four);
    }
    for (Index v = 4 * fours + FIRST; v < words; v += STRIDE) {
        dz[v] = toBfloat16(RowGradient::of(gradient, logit(z, v, temperature), v));
    }
}

// A number's place in the order of floats, as an unsigned number.
DEVICE unsigned rankOf(float z) {
    unsigned bits = __float_as_uint(z == 0.0f ? 0.0f : z);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

DEVICE float valueOf(unsigned rank) {
    return __uint_as_float(rank >> 31 ? rank & 0x7fffffffu : ~rank);
}

// What a truncated law keeps: words above `rank`, and of those at it the first `ties` by id.
struct Kept {
    unsigned rank;
    Index ties;
};

// Words at or above a rank, and the sum of their weights.
DEVICE Index countFrom(const float* z, Index words, float temperature, unsigned rank) {
    Index count = 0;
    for (Index v = threadIdx.x; v < words; v += blockDim.x) {
        count += rankOf(logit(z, v, temperature)) >= rank;
    }
    return blockSum(count);
}

DEVICE double weightFrom(const float* z, Index words, float temperature, float m, unsigned rank) {
    double sum = 0.0;
    for (Index v = threadIdx.x; v < words; v += blockDim.x) {
        float x = logit(z, v, temperature);
        sum += rankOf(x) >= rank ? (double)expOf(x - m) : 0.0;
    }
    return blockSum(sum);
}

// The k highest logits: the highest rank that at least k words reach, found bit by bit.
DEVICE Kept highest(const float* z, Index words, float temperature, Index k) {
    unsigned rank = 0;
    for (unsigned bit = 0x80000000u; bit != 0; bit >>= 1) {
        if (countFrom(z, words, temperature, rank | bit) >= k) {
            rank |= bit;
        }
    }
    return {rank, k - countFrom(z, words, temperature, rank + 1)};
}

// Of these words the likeliest that together have the share p of their weight.
DEVICE Kept likeliest(const float* z, Index words, float temperature, float m, double p, Kept kept) {
    double tied = (double)expOf(valueOf(kept.rank) - m);
    double total = weightFrom(z, words, temperature, m, kept.rank + 1) + (double)kept.ties * tied;
    unsigned rank = 0;
    for (unsigned bit = 0x80000000u; bit != 0; bit >>= 1) {
        unsigned candidate = rank | bit;
        if (candidate <= kept.rank || weightFrom(z, words, temperature, m, candidate) >= p * total) {
            rank = candidate;
        }
    }
    // No word need have this rank where it is the kept one: then those above it are all that is kept.
    double sum = weightFrom(z, words, temperature, m, rank + 1);
    Index most = rank == kept.rank ? kept.ties
            : countFrom(z, words, temperature, rank) - countFrom(z, words, temperature, rank + 1);
    double weight = (double)expOf(valueOf(rank) - m);
    Index ties = 0;
    while (ties < most && (ties == 0 || sum < p * total)) {
        sum += weight;
        ties++;
    }
    return {rank, ties};
}

DEVICE bool isKept(unsigned rank, Kept kept, Index& tiesBefore) {
    return rank > kept.rank || (rank == kept.rank && tiesBefore++ < kept.ties);
}

// The word of the highest logit, the lowest id of several, in every thread.
DEVICE Index best(const float* z, Index words, float m) {
    Index first = words;
    for (Index v = threadIdx.x; v < words && first == words; v += blockDim.x) {
        if (z[v] == m) {
            first = v;
        }
    }
    for (int bits = WARP_SIZE / 2; bits > 0; bits /= 2) {
        Index other = __shfl_xor_sync(ALL_LANES, first, bits);
        first = other < first ? other : first;
    }
    SHARED(Index, firsts, WARP_SIZE);
    if (threadIdx.x % WARP_SIZE == 0) {
        firsts[threadIdx.x / WARP_SIZE] = first;
    }
    __syncthreads();
    for (int warp = 0; warp < (int)(blockDim.x / WARP_SIZE); warp++) {
        first = firsts[warp] < first ? firsts[warp] : first;
    }
    __syncthreads();
    return first;
}

// Draws a word. Threads take consecutive words, so that sums run in the order of words but for their brackets.
DEVICE void draw(const float* z, Index words, float temperature, Fold fold, Kept kept, bool isTruncated, double uniform,
        int* token, float* logProb) {
    SHARED(double, sums, BLOCK_THREADS + 1);
    SHARED(Index, tiesBefore, BLOCK_THREADS + 1);
    Index span = (words + blockDim.x - 1) / blockDim.x;
    Index start = threadIdx.x * span;
    Index end = start + span < words ? start + span : words;
    Index ties = 0;
    for (Index v = start; v < end; v++) {
        ties += rankOf(logit(z, v, temperature)) == kept.rank;
    }
    tiesBefore[threadIdx.x + 1] = ties;
    __syncthreads();
    if (threadIdx.x == 0) {
        tiesBefore[0] = 0;
        for (int i = 1; i <= (int)blockDim.x; i++) {
            tiesBefore[i] += tiesBefore[i - 1];
        }
    }
    __syncthreads();
    ties = tiesBefore[threadIdx.x];
    double sum = 0.0;
    for (Index v = start; v < end; v++) {
        float x = logit(z, v, temperature);
        sum += isKept(rankOf(x), kept, ties) ? (double)expOf(x - fold.m) : 0.0;
    }
    sums[threadIdx.x + 1] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        sums[0] = 0.0;
        for (int i = 1; i <= (int)blockDim.x; i++) {
            sums[i] += sums[i - 1];
        }
    }
    __syncthreads();
    double total = sums[blockDim.x];
    double threshold = uniform * total;
    if (sums[threadIdx.x] <= threshold && threshold < sums[threadIdx.x + 1]) {
        double running = sums[threadIdx.x];
        ties = tiesBefore[threadIdx.x];
        Index drawn = -1;
        for (Index v = start; v < end && running <= threshold; v++) {
            float x = logit(z, v, temperature);
            double weight = isKept(rankOf(x), kept, ties) ? (double)expOf(x - fold.m) : 0.0;
            // Rounding may leave the running sum at the threshold: then the last word that moved it is drawn.
            drawn = running + weight > running ? v : drawn;
            running += weight;
        }
        float x = logit(z, drawn, temperature);
        *token = (int)drawn;
        *logProb = isTruncated ? (float)((double)x - (double)fold.m - log(total)) : x - (fold.m + logOf(fold.l));
    }
}

KERNEL(sampleLogits, const float* logits, Index words, float temperature, int isGreedy, Index topK, double topP,
        const double* uniforms, int* tokens, float* logProbs, Index firstRow, Fault* fault, Fault* uniformFault) {
    Index row = blockIdx.x;
    const float* z = logits + row * words;
    double uniform = uniforms[row];
    Fold fold = foldRow(z, words, temperature);
    bool isDistribution = fabsf(fold.m) <= 3.402823466e38f && fold.l == fold.l;
    bool isUniform = uniform >= 0.0 && uniform < 1.0;
    if (!isDistribution || !isUniform) {
        if (threadIdx.x == 0) {
            report(isUniform ? fault : uniformFault, firstRow + row, 0);
        }
        return;
    }
    if (isGreedy) {
        Index word = best(z, words, fold.m);
        if (threadIdx.x == 0) {
            tokens[row] = (int)word;
            logProbs[row] = z[word] - (fold.m + logOf(fold.l));
        }
        return;
    }
    Kept kept = {0, 0};
    bool isTruncated = topK > 0 || topP < 1.0;
    if (isTruncated) {
        kept = highest(z, words, temperature, topK > 0 && topK < words ? topK : words);
    }
    if (topP < 1.0) {
        kept = likeliest(z, words, temperature, fold.m, topP, kept);
    }
    draw(z, words, temperature, fold, kept, isTruncated, uniform, tokens + row, logProbs + row);
}

// Draws from a whole distribution go over many blocks, since a decoding step has few rows: a block for each part of
// PART_WORDS words of a row, then one for each row, which goes into the part that the draw falls into.
#define WORDS_OF_THREAD 16
#define PART_WORDS (WORDS_OF_THREAD * BLOCK_THREADS)

// The highest logit of a part, and the sum of e^(z-m).
struct PartSum {
    double weight;
    float most;
};

KERNEL(sumParts, const float* logits, Index words, float temperature, PartSum* parts) {
    const float* z = logits + blockIdx.y * words;
    Index start = (Index)blockIdx.x * PART_WORDS + threadIdx.x;
    float x[WORDS_OF_THREAD];
    float most = MINUS_INFINITY;
    for (int i = 0; i < WORDS_OF_THREAD; i++) {
        Index v = start + i * BLOCK_THREADS;
        x[i] = v < words ? logit(z, v, temperature) : MINUS_INFINITY;
        most = larger(most, x[i]);
    }
    most = blockLargest(most);
    double weight = 0.0;
    if (most != MINUS_INFINITY) {
        for (int i = 0; i < WORDS_OF_THREAD; i++) {
            weight += (double)expOf(x[i] - most);
        }
    }
    weight = blockSum(weight);
    if (threadIdx.x == 0) {
        parts[blockIdx.y * gridDim.x + blockIdx.x] = {weight, most};
    }
}

// Makes sums[i + 1] the sum of all numbers up to i. The last one that moved the sum is returned.
DEVICE int accumulate(double* sums, int count) {
    SHARED(int, last, 1);
    __syncthreads();
    if (threadIdx.x == 0) {
        sums[0] = 0.0;
        last[0] = 0;
        for (int i = 1; i <= count; i++) {
            sums[i] += sums[i - 1];
            last[0] = sums[i] > sums[i - 1] ? i - 1 : last[0];
        }
    }
    __syncthreads();
    return last[0];
}

// True for the one index whose share of the running sums the threshold falls into. Rounding may leave it at the end of
// all: then for the last one with a share.
DEVICE bool holds(const double* sums, int i, int last, double threshold) {
    return sums[i] <= threshold && (i == last || (i < last && threshold < sums[i + 1]));
}

// At most as many parts as threads.
KERNEL(sampleParts, const float* logits, Index words, float temperature, const PartSum* allParts, int count,
        const double* uniforms, int* tokens, float* logProbs, Index firstRow, Fault* fault, Fault* uniformFault) {
    SHARED(double, sums, BLOCK_THREADS + 1);
    SHARED(int, chosen, 1);
    Index row = blockIdx.x;
    int own = threadIdx.x;
    const float* z = logits + row * words;
    const PartSum* parts = allParts + row * count;
    float partMost = own < count ? parts[own].most : MINUS_INFINITY;
    float most = blockLargest(partMost);
    double uniform = uniforms[row];
    bool isDistribution = fabsf(most) <= 3.402823466e38f;
    bool isUniform = uniform >= 0.0 && uniform < 1.0;
    if (!isDistribution || !isUniform) {
        if (own == 0) {
            report(isUniform ? fault : uniformFault, firstRow + row, 0);
        }
        return;
    }
    sums[own + 1] = own < count ? parts[own].weight * (double)expOf(partMost - most) : 0.0;
    int last = accumulate(sums, count);
    double total = sums[count];
    double threshold = uniform * total;
    if (own < count && holds(sums, own, last, threshold)) {
        chosen[0] = own;
    }
    __syncthreads();
    double before = sums[chosen[0]];
    Index start = (Index)chosen[0] * PART_WORDS + own * WORDS_OF_THREAD;
    double weights[WORDS_OF_THREAD];
    double sum = 0.0;
    for (int i = 0; i < WORDS_OF_THREAD; i++) {
        Index v = start + i;
        weights[i] = v < words ? (double)expOf(logit(z, v, temperature) - most) : 0.0;
        sum += weights[i];
    }
    __syncthreads();
    sums[own + 1] = sum;
    last = accumulate(sums, BLOCK_THREADS);
    threshold -= before;
    if (holds(sums, own, last, threshold)) {
        double running = sums[own];
        Index drawn = -1;
        for (int i = 0; i < WORDS_OF_THREAD && running <= threshold; i++) {
            // Rounding may leave the running sum at the threshold: then the last word that can be drawn is.
            drawn = weights[i] > 0.0 ? start + i : drawn;
            running += weights[i];
        }
        tokens[row] = (int)drawn;
        logProbs[row] = logit(z, drawn, temperature) - (most + logOf((float)total));
    }
}
