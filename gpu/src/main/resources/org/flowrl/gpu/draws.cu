// Draws of words from logits [rows, V] that a product has made. Rows are few in a decoding step: the passes over logits
// have a block for each part of a row, and one block for each row goes into the part that its draw falls into.
#include "logits.cuh"

// The highest logit of a part, and the sum of e^(z-m).
struct PartSum {
    double weight;
    float most;
};

// What a truncated law keeps: words above `rank`, and of those at it the first `ties` by id. All words are above 0.
struct Kept {
    unsigned rank;
    Index ties;
};

DEVICE float blockLargest(float value) {
    SHARED(float, extremes, WARP_SIZE);
    int lane = threadIdx.x % WARP_SIZE;
    int warps = blockDim.x / WARP_SIZE;
    value = warpLargest(value);
    if (lane == 0) {
        extremes[threadIdx.x / WARP_SIZE] = value;
    }
    __syncthreads();
    value = warpLargest(lane < warps ? extremes[lane] : MINUS_INFINITY);
    __syncthreads();
    return value;
}

DEVICE Index blockFirst(Index value) {
    SHARED(Index, firsts, WARP_SIZE);
    for (int bits = WARP_SIZE / 2; bits > 0; bits /= 2) {
        Index other = __shfl_xor_sync(ALL_LANES, value, bits);
        value = other < value ? other : value;
    }
    if (threadIdx.x % WARP_SIZE == 0) {
        firsts[threadIdx.x / WARP_SIZE] = value;
    }
    __syncthreads();
    for (int warp = 0; warp < (int)(blockDim.x / WARP_SIZE); warp++) {
        value = firsts[warp] < value ? firsts[warp] : value;
    }
    __syncthreads();
    return value;
}

// Grid: parts, rows.
KERNEL(sumParts, const float* logits, Index words, float temperature, PartSum* parts) {
    float x[WORDS_OF_THREAD];
    readPart(logits + blockIdx.y * words, words, (Index)blockIdx.x * PART_WORDS, temperature,
            MINUS_INFINITY, x);
    float most = MINUS_INFINITY;
    for (int i = 0; i < WORDS_OF_THREAD; i++) {
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
        parts[(Index)blockIdx.y * gridDim.x + blockIdx.x] = {weight, most};
    }
}

// The part of a row that this thread knows; nothing where there are fewer.
DEVICE PartSum ownPart(const PartSum* allParts, int count, Index row) {
    int own = threadIdx.x;
    return own < count ? allParts[row * count + own] : PartSum{0.0, MINUS_INFINITY};
}

// A number's place in the order of floats, as an unsigned number.
DEVICE unsigned rankOf(float z) {
    unsigned bits = __float_as_uint(z == 0.0f ? 0.0f : z);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

DEVICE float valueOf(unsigned rank) {
    return __uint_as_float(rank >> 31 ? rank & 0x7fffffffu : ~rank);
}

// Weight of each word at a rank; none is at rank 0.
DEVICE double weightAt(unsigned rank, float most) {
    return rank == 0 ? 0.0 : (double)expOf(valueOf(rank) - most);
}

// True where a row can be drawn from; notes it otherwise.
DEVICE bool isDrawable(float most, double uniform, Index row, Fault* fault, Fault* uniformFault) {
    bool isDistribution = fabsf(most) <= 3.402823466e38f;
    bool isUniform = uniform >= 0.0 && uniform < 1.0;
    if (threadIdx.x == 0 && !(isDistribution && isUniform)) {
        report(isUniform ? fault : uniformFault, row, 0);
    }
    return isDistribution && isUniform;
}

// The word of the highest logit, the lowest id of several. Grid: rows; at most as many parts as threads.
KERNEL(bestOfParts, const float* logits, Index words, const PartSum* allParts, int count, const double* uniforms,
        int* tokens, float* logProbs, Index firstRow, Fault* fault, Fault* uniformFault) {
    Index row = blockIdx.x;
    int own = threadIdx.x;
    const float* z = logits + row * words;
    PartSum part = ownPart(allParts, count, row);
    float most = blockLargest(part.most);
    if (!isDrawable(most, uniforms[row], firstRow + row, fault, uniformFault)) {
        return;
    }
    double total = blockSum(part.weight * (double)expOf(part.most - most));
    Index start = blockFirst(part.most == most ? own : count) * PART_WORDS;
    Index first = words;
    for (int i = 0; i < WORDS_OF_THREAD && first == words; i++) {
        Index v = start + i * blockDim.x + own;
        first = v < words && z[v] == most ? v : first;
    }
    first = blockFirst(first);
    if (own == 0) {
        tokens[row] = (int)first;
        logProbs[row] = z[first] - (most + logOf((float)total));
    }
}

// Numbers that one thread adds up.
#define STRETCH 16
#define STRETCHES (BLOCK_THREADS / STRETCH)

// Makes sums[i + 1] the sum of all numbers up to i, where no number is below 0. The last one that moved the sum is
// returned. A thread adds up each stretch of STRETCH numbers, one thread the stretches: no sum is below the one before
// it, since what is added to a stretch's start only grows.
template <class T> DEVICE int accumulate(T* sums, int count) {
    SHARED(T, starts, STRETCHES + 1);
    SHARED(int, last, 1);
    int stretches = (count + STRETCH - 1) / STRETCH;
    int own = threadIdx.x;
    int end = (own + 1) * STRETCH < count ? (own + 1) * STRETCH : count;
    __syncthreads();
    if (own < stretches) {
        for (int i = own * STRETCH + 2; i <= end; i++) {
            sums[i] += sums[i - 1];
        }
        starts[own + 1] = sums[end];
    }
    if (own == 0) {
        last[0] = 0;
    }
    __syncthreads();
    if (own == 0) {
        starts[0] = 0;
        for (int i = 1; i <= stretches; i++) {
            starts[i] += starts[i - 1];
        }
        sums[0] = 0;
    }
    __syncthreads();
    if (own < count) {
        sums[own + 1] = starts[own / STRETCH] + sums[own + 1];
    }
    __syncthreads();
    if (own < count && sums[own + 1] > sums[own]) {
        atomicMax(last, own);
    }
    __syncthreads();
    return last[0];
}

// True for the one index whose share of the running sums the threshold falls into. Rounding may leave it at the end of
// all: then for the last one with a share.
DEVICE bool holds(const double* sums, int i, int last, double threshold) {
    return sums[i] <= threshold && (i == last || (i < last && threshold < sums[i + 1]));
}

// Draws a word of those that are kept, in the one thread that returns it; the others return -1. Thread i < count knows
// part i: the weight of its words above the lowest rank, and how many are at it. Sums run in the order of words but for
// their brackets.
//
// @param total takes the weight of all words that are kept
DEVICE Index draw(const float* z, Index words, float temperature, float most, Kept kept, int count, double above,
        Index tied, double uniform, double& total) {
    SHARED(double, sums, BLOCK_THREADS + 1);
    SHARED(Index, ties, BLOCK_THREADS + 1);
    SHARED(int, chosen, 1);
    int own = threadIdx.x;
    int threads = blockDim.x;
    double tieWeight = weightAt(kept.rank, most);
    ties[own + 1] = tied;
    accumulate(ties, threads);
    Index left = kept.ties - ties[own];
    sums[own + 1] = above + tieWeight * (double)(left < 0 ? 0 : left < tied ? left : tied);
    int last = accumulate(sums, count);
    total = sums[count];
    double threshold = uniform * total;
    if (own < count && holds(sums, own, last, threshold)) {
        chosen[0] = own;
    }
    __syncthreads();
    double before = sums[chosen[0]];
    double others = total - (sums[chosen[0] + 1] - before);
    left = kept.ties - ties[chosen[0]];
    Index start = (Index)chosen[0] * PART_WORDS + own * WORDS_OF_THREAD;
    unsigned ranks[WORDS_OF_THREAD];
    double weights[WORDS_OF_THREAD];
    tied = 0;
    for (int i = 0; i < WORDS_OF_THREAD; i++) {
        float x = start + i < words ? logit(z, start + i, temperature) : MINUS_INFINITY;
        ranks[i] = start + i < words ? rankOf(x) : 0;
        weights[i] = (double)expOf(x - most);
        tied += ranks[i] == kept.rank;
    }
    __syncthreads();
    ties[own + 1] = tied;
    accumulate(ties, threads);
    left -= ties[own];
    double sum = 0.0;
    for (int i = 0; i < WORDS_OF_THREAD; i++) {
        bool isKept = ranks[i] > kept.rank || (ranks[i] == kept.rank && left-- > 0);
        weights[i] = isKept ? weights[i] : 0.0;
        sum += weights[i];
    }
    sums[own + 1] = sum;
    last = accumulate(sums, threads);
    // The part's own sum in these brackets, so that a threshold of nearly all falls where the sum of all is reached.
    threshold = uniform * (others + sums[threads]) - before;
    Index drawn = -1;
    if (holds(sums, own, last, threshold)) {
        double running = sums[own];
        for (int i = 0; i < WORDS_OF_THREAD && running <= threshold; i++) {
            // Rounding may leave the running sum at the threshold: then the last word that moved it is drawn.
            drawn = running + weights[i] > running || (drawn < 0 && weights[i] > 0.0) ? start + i : drawn;
            running += weights[i];
        }
    }
    return drawn;
}

// Draws from whole distributions. Grid: rows; at most as many parts as threads.
KERNEL(drawWhole, const float* logits, Index words, float temperature, const PartSum* allParts, int count,
        const double* uniforms, int* tokens, float* logProbs, Index firstRow, Fault* fault, Fault* uniformFault) {
    Index row = blockIdx.x;
    const float* z = logits + row * words;
    PartSum part = ownPart(allParts, count, row);
    float most = blockLargest(part.most);
    if (!isDrawable(most, uniforms[row], firstRow + row, fault, uniformFault)) {
        return;
    }
    double total;
    Index drawn = draw(z, words, temperature, most, Kept{0, 0}, count, part.weight * (double)expOf(part.most - most),
            0, uniforms[row], total);
    if (drawn >= 0) {
        tokens[row] = (int)drawn;
        logProbs[row] = logit(z, drawn, temperature) - (most + logOf((float)total));
    }
}

// The lowest rank that a truncated law keeps is found digit by digit from the top: each step tallies, for every part of
// a row, the words that begin with the digits found so far by their next one. First the rank of the k-th word where
// there is a top-k, then that at which the likeliest words reach their share where there is a top-p.
#define DIGIT_BITS 4
#define BINS (1 << DIGIT_BITS)
#define DIGITS (32 / DIGIT_BITS)

// Words of a part with one next digit.
struct Tally {
    double weight;
    Index count;
};

// Where the search in a row has got to.
struct Search {
    // Weight of all words that top-k keeps.
    double total;
    // Weight and number of the words above the digits that were found.
    double weight;
    Index count;
    // What top-k keeps.
    Kept top;
    // The digits that were found, zeros after them.
    unsigned rank;
    float most;
};

// The law, and what steps leave for the next one. `tallies` [rows, parts, BINS] and `searches` [rows] are there twice,
// for odd and for even steps; `above` [rows, parts] is the weight of a part's words above the digits that were found.
struct Truncation {
    Index topK;
    double topP;
    Tally* tallies;
    Search* searches;
    double* above;
    Index rows;

    // Steps of the search for the k-th word come first.
    DEVICE bool isCounting(const Truncation& law, int step) {
        return law.topK > 0 && step < DIGITS;
    }

    DEVICE Tally* talliesOf(const Truncation& law, int step, Index row, int parts) {
        return law.tallies + ((step % 2 * law.rows + row) * parts) * BINS;
    }

    DEVICE Search* searchOf(const Truncation& law, int step, Index row) {
        return law.searches + step % 2 * law.rows + row;
    }
};

DEVICE int shiftOf(int step) {
    return 32 - DIGIT_BITS * (1 + step % DIGITS);
}

// Sums over 16 lanes side by side, the same in all of them.
template <class T> DEVICE T sumOfSixteen(T value) {
    for (int bits = 8; bits > 0; bits /= 2) {
        value += __shfl_xor_sync(ALL_LANES, value, bits);
    }
    return value;
}

// Sums of each bin over all parts.
DEVICE void sumTallies(const Tally* tallies, int parts, Tally* bins) {
    for (int bin = threadIdx.x / 16; bin < BINS; bin += blockDim.x / 16) {
        Tally sum = {0.0, 0};
        for (int part = threadIdx.x % 16; part < parts; part += 16) {
            Tally tally = tallies[part * BINS + bin];
            sum = {sum.weight + tally.weight, sum.count + tally.count};
        }
        sum = {sumOfSixteen(sum.weight), sumOfSixteen(sum.count)};
        if (threadIdx.x % 16 == 0) {
            bins[bin] = sum;
        }
    }
    __syncthreads();
}

// The search with the digit that the tallies of `step` show: the highest that leaves enough words, or enough weight, at
// or above it.
DEVICE Search withDigit(const Truncation& law, Search search, int step, const Tally* bins) {
    int shift = shiftOf(step);
    bool isCounting = Truncation::isCounting(law, step);
    if (step == 0) {
        search.total = 0.0;
        for (int bin = 0; bin < BINS; bin++) {
            search.total += bins[bin].weight;
        }
    }
    int digit = BINS - 1;
    for (; digit > 0; digit--) {
        double weight = search.weight + bins[digit].weight;
        Index count = search.count + bins[digit].count;
        unsigned candidate = search.rank | (unsigned)digit << shift;
        if (isCounting ? count >= law.topK : candidate <= search.top.rank || weight >= law.topP * search.total) {
            break;
        }
        search.weight = weight;
        search.count = count;
    }
    search.rank |= (unsigned)digit << shift;
    if (isCounting && shift == 0) {
        search.top = {search.rank, law.topK - search.count};
        search.total = search.weight + (double)search.top.ties * weightAt(search.rank, search.most);
    }
    return search;
}

// The search of a row before `step`, in every thread, from what the step before has left.
DEVICE Search searchBefore(const Truncation& law, const PartSum* allParts, int parts, int step, Index row) {
    SHARED(Tally, bins, BINS);
    if (step == 0) {
        return {0.0, 0.0, 0, {0, 0}, 0, blockLargest(ownPart(allParts, parts, row).most)};
    }
    sumTallies(Truncation::talliesOf(law, step - 1, row, parts), parts, bins);
    return withDigit(law, *Truncation::searchOf(law, step - 1, row), step - 1, bins);
}

// Weight of a part's words above the digits found, from its tally before `step`.
DEVICE double aboveOf(const Truncation& law, int parts, int step, Index row, int part, unsigned rank) {
    double above = (step - 1) % DIGITS == 0 ? 0.0 : law.above[row * parts + part];
    const Tally* own = Truncation::talliesOf(law, step - 1, row, parts) + part * BINS;
    for (int bin = BINS - 1; bin > (int)(rank >> shiftOf(step - 1) & (BINS - 1)); bin--) {
        above += own[bin].weight;
    }
    return above;
}

// One step of the search. Grid: parts, rows.
KERNEL(tallyParts, const float* logits, Index words, float temperature, const PartSum* allParts, int step,
        Index topK, double topP, Tally* tallies, Search* searches, double* above) {
    SHARED(double, weights, BINS * BLOCK_THREADS);
    SHARED(unsigned short, counts, BINS * BLOCK_THREADS);
    int own = threadIdx.x;
    int parts = gridDim.x;
    int part = blockIdx.x;
    Index row = blockIdx.y;
    Truncation law = {topK, topP, tallies, searches, above, gridDim.y};
    Search search = searchBefore(law, allParts, parts, step, row);
    bool isFirst = step % DIGITS == 0;
    bool isEmpty = false;
    if (isFirst) {
        search.rank = 0;
        search.weight = 0.0;
        search.count = 0;
    } else {
        isEmpty = Truncation::talliesOf(law, step - 1, row, parts)[part * BINS
                + (search.rank >> shiftOf(step - 1) & (BINS - 1))].count == 0;
    }
    if (own == 0) {
        if (!isFirst) {
            law.above[row * parts + part] = aboveOf(law, parts, step, row, part, search.rank);
        }
        if (part == 0) {
            *Truncation::searchOf(law, step, row) = search;
        }
    }
    Tally* ownTallies = Truncation::talliesOf(law, step, row, parts) + part * BINS;
    if (isEmpty) {
        if (own < BINS) {
            ownTallies[own] = {0.0, 0};
        }
        return;
    }
    for (int bin = 0; bin < BINS; bin++) {
        weights[bin * BLOCK_THREADS + own] = 0.0;
        counts[bin * BLOCK_THREADS + own] = 0;
    }
    float x[WORDS_OF_THREAD];
    Index start = (Index)part * PART_WORDS;
    readPart(logits + row * words, words, start, temperature, MINUS_INFINITY, x);
    int shift = shiftOf(step);
    unsigned found = isFirst ? 0 : search.rank >> (shift + DIGIT_BITS);
    for (int i = 0; i < WORDS_OF_THREAD; i++) {
        unsigned rank = rankOf(x[i]);
        // Words beyond the last read as minus infinity, and what is, weighs nothing.
        if ((isFirst ? 0 : rank >> (shift + DIGIT_BITS)) == found && x[i] != MINUS_INFINITY) {
            int at = (rank >> shift & (BINS - 1)) * BLOCK_THREADS + own;
            weights[at] += (double)expOf(x[i] - search.most);
            counts[at] += 1;
        }
    }
    __syncthreads();
    for (int bin = own / 16; bin < BINS; bin += blockDim.x / 16) {
        Tally sum = {0.0, 0};
        for (int thread = own % 16; thread < (int)blockDim.x; thread += 16) {
            int at = bin * BLOCK_THREADS + thread;
            sum = {sum.weight + weights[at], sum.count + counts[at]};
        }
        sum = {sumOfSixteen(sum.weight), sumOfSixteen(sum.count)};
        if (own % 16 == 0) {
            ownTallies[bin] = sum;
        }
    }
}

// What the law keeps, where the search is done. Of the words at the lowest rank those that make the share whole.
DEVICE Kept keptBy(const Truncation& law, const Search& search, Index tied) {
    if (law.topP == 1.0) {
        return search.top;
    }
    Index most = search.rank == search.top.rank ? search.top.ties : tied;
    double weight = weightAt(search.rank, search.most);
    double sum = search.weight;
    Index ties = 0;
    while (ties < most && (ties == 0 || sum < law.topP * search.total)) {
        sum += weight;
        ties++;
    }
    return {search.rank, ties};
}

// Draws from truncated distributions after `steps` steps. Grid: rows; at most as many parts as threads.
KERNEL(drawKept, const float* logits, Index words, float temperature, const PartSum* allParts, int count, int steps,
        Index topK, double topP, Tally* tallies, Search* searches, double* above, const double* uniforms, int* tokens,
        float* logProbs, Index firstRow, Fault* fault, Fault* uniformFault) {
    Index row = blockIdx.x;
    int own = threadIdx.x;
    const float* z = logits + row * words;
    Truncation law = {topK, topP, tallies, searches, above, gridDim.x};
    Search search = searchBefore(law, allParts, count, steps, row);
    if (!isDrawable(search.most, uniforms[row], firstRow + row, fault, uniformFault)) {
        return;
    }
    int last = search.rank & (BINS - 1);
    Index tied = own < count ? Truncation::talliesOf(law, steps - 1, row, count)[own * BINS + last].count : 0;
    Kept kept = keptBy(law, search, blockSum(tied));
    double ownAbove = own < count ? aboveOf(law, count, steps, row, own, search.rank) : 0.0;
    double total;
    Index drawn = draw(z, words, temperature, search.most, kept, count, ownAbove, tied, uniforms[row], total);
    if (drawn >= 0) {
        tokens[row] = (int)drawn;
        logProbs[row] = (float)((double)logit(z, drawn, temperature) - (double)search.most - log(total));
    }
}
