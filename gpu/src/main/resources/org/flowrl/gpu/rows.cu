// Kernels over rows [R, D], the last dimension being the row: one warp for each row, lanes taking every 32nd element.
#include "norms.cuh"

KERNEL(rmsNorm, const float* xs, const float* weight, float eps, float* ys, float* inverses, Index rows, Index size) {
    Index row = WARP_ROW;
    if (row >= rows) {
        return;
    }
    const float* x = xs + row * size;
    float* y = ys + row * size;
    float sum = 0.0f;
    for (Index d = LANE; d < size; d += WARP_SIZE) {
        sum = fmaf(x[d], x[d], sum);
    }
    float inverse = 1.0f / sqrtf(warpSum(sum) / (float)size + eps);
    if (LANE == 0) {
        inverses[row] = inverse;
    }
    for (Index d = LANE; d < size; d += WARP_SIZE) {
        y[d] = x[d] * inverse * weight[d];
    }
}

KERNEL(rmsNormInputGradient, const float* dys, const float* xs, const float* weight, const float* inverses, float* dxs,
        Index rows, Index size) {
    Index row = WARP_ROW;
    if (row >= rows) {
        return;
    }
    const float* dy = dys + row * size;
    const float* x = xs + row * size;
    float* dx = dxs + row * size;
    float inverse = inverses[row];
    float sum = 0.0f;
    for (Index d = LANE; d < size; d += WARP_SIZE) {
        sum = fmaf(dy[d] * weight[d], x[d], sum);
    }
    float c = warpSum(sum) * (inverse * inverse * inverse) / (float)size;
    for (Index d = LANE; d < size; d += WARP_SIZE) {
        dx[d] = fmaf(-c, x[d], dy[d] * weight[d] * inverse);
    }
}

// The same for wide rows, a block for each: rows that are under way fit into the caches, from which the second pass
// reads them. Sizes are multiples of four.
KERNEL(rmsNormWide, const float* xs, const float* weight, float eps, float* ys, float* inverses, Index size) {
    Index fours = size / 4;
    const Four* x = (const Four*)(xs + blockIdx.x * size);
    Four* y = (Four*)(ys + blockIdx.x * size);
    float inverse = 1.0f / sqrtf(blockSum(squares(x, fours)) / (float)size + eps);
    if (threadIdx.x == 0) {
        inverses[blockIdx.x] = inverse;
    }
    for (Index i = threadIdx.x; i < fours; i += blockDim.x) {
        Four four = x[i];
        Four w = ((const Four*)weight)[i];
        for (int j = 0; j < 4; j++) {
            four.at[j] = four.at[j] * inverse * w.at[j];
        }
        y[i] = four;
    }
}

KERNEL(rmsNormInputGradientWide, const float* dys, const float* xs, const float* weight, const float* inverses,
        float* dxs, Index size) {
    Index fours = size / 4;
    const Four* dy = (const Four*)(dys + blockIdx.x * size);
    const Four* x = (const Four*)(xs + blockIdx.x * size);
    Four* dx = (Four*)(dxs + blockIdx.x * size);
    float inverse = inverses[blockIdx.x];
    float c = blockSum(weightedProducts(dy, (const Four*)weight, x, fours)) * (inverse * inverse * inverse)
            / (float)size;
    for (Index i = threadIdx.x; i < fours; i += blockDim.x) {
        Four g = dy[i];
        Four four = x[i];
        Four w = ((const Four*)weight)[i];
        for (int j = 0; j < 4; j++) {
            four.at[j] = fmaf(-c, four.at[j], g.at[j] * w.at[j] * inverse);
        }
        dx[i] = four;
    }
}

KERNEL(layerNorm, const float* xs, const float* gamma, const float* beta, float eps, float* ys, float* means,
        float* inverses, Index rows, Index size) {
    Index row = WARP_ROW;
    if (row >= rows) {
        return;
    }
    const float* x = xs + row * size;
    float* y = ys + row * size;
    float sum = 0.0f;
    for (Index d = LANE; d < size; d += WARP_SIZE) {
        sum += x[d];
    }
    float mean = warpSum(sum) / (float)size;
    float squares = 0.0f;
    for (Index d = LANE; d < size; d += WARP_SIZE) {
        squares = fmaf(x[d] - mean, x[d] - mean, squares);
    }
    float inverse = 1.0f / sqrtf(warpSum(squares) / (float)size + eps);
    if (LANE == 0) {
        means[row] = mean;
        inverses[row] = inverse;
    }
    for (Index d = LANE; d < size; d += WARP_SIZE) {
        y[d] = fmaf((x[d] - mean) * inverse, gamma[d], beta[d]);
    }
}

KERNEL(layerNormInputGradient, const float* dys, const float* xs, const float* gamma, const float* means,
        const float* inverses, float* dxs, Index rows, Index size) {
    Index row = WARP_ROW;
    if (row >= rows) {
        return;
    }
    const float* dy = dys + row * size;
    const float* x = xs + row * size;
    float* dx = dxs + row * size;
    float mean = means[row];
    float inverse = inverses[row];
    float sum = 0.0f;
    float products = 0.0f;
    for (Index d = LANE; d < size; d += WARP_SIZE) {
        float g = dy[d] * gamma[d];
        sum += g;
        products = fmaf(g, (x[d] - mean) * inverse, products);
    }
    float a = warpSum(sum) / (float)size;
    float b = warpSum(products) / (float)size;
    for (Index d = LANE; d < size; d += WARP_SIZE) {
        float n = (x[d] - mean) * inverse;
        dx[d] = (dy[d] * gamma[d] - a - n * b) * inverse;
    }
}

// Sums over rows, a thread for each column and block of rows: blockIdx.y counts blocks of `block` rows. foldBlocks then
// adds the blocks in order.
#define COLUMN_SUM(name, term, ...)                                                              \
    KERNEL(name, __VA_ARGS__, Index rows, Index size, Index block, float* sums) {                \
        Index d = FIRST;                                                                         \
        Index start = blockIdx.y * block;                                                        \
        Index end = start + block < rows ? start + block : rows;                                 \
        if (d < size) {                                                                          \
            float sum = 0.0f;                                                                    \
            for (Index r = start; r < end; r++) {                                                \
                [[maybe_unused]] Index i = r * size + d;                                         \
                sum = term;                                                                      \
            }                                                                                    \
            sums[blockIdx.y * size + d] = sum;                                                   \
        }                                                                                        \
    }

COLUMN_SUM(columnSum, sum + dys[i], const float* dys)
// Columns from `column` on of rows of `pitch` numbers, of F32 or BF16.
COLUMN_SUM(operandSum, sum + numberAt(dys, isNarrow, r * pitch + column + d), const void* dys, int isNarrow,
        Index column, Index pitch)
COLUMN_SUM(rmsNormWeightSum, fmaf(dys[i], xs[i] * inverses[r], sum), const float* dys, const float* xs,
        const float* inverses)
COLUMN_SUM(layerNormWeightSum, fmaf(dys[i], (xs[i] - means[r]) * inverses[r], sum), const float* dys, const float* xs,
        const float* means, const float* inverses)

KERNEL(foldBlocks, const float* sums, Index blocks, Index size, float* totals) {
    Index d = FIRST;
    if (d < size) {
        float total = totals[d];
        for (Index b = 0; b < blocks; b++) {
            total += sums[b * size + d];
        }
        totals[d] = total;
    }
}

// A thread for each column, and rows in strides of the grid's second dimension.
KERNEL(addBias, const float* bias, float* ys, Index rows, Index size) {
    Index d = FIRST;
    if (d < size) {
        float b = bias[d];
        for (Index r = blockIdx.y; r < rows; r += gridDim.y) {
            ys[r * size + d] += b;
        }
    }
}

KERNEL(gather, const float* table, const int* ids, float* outs, Index rows, Index words, Index size, Fault* fault) {
    Index row = WARP_ROW;
    if (row >= rows) {
        return;
    }
    int id = ids[row];
    if (!isWithin(id, words, row, fault)) {
        return;
    }
    for (Index d = LANE; d < size; d += WARP_SIZE) {
        outs[row * size + d] = table[id * size + d];
    }
}

// Chains the rows of each word: next[row] is the next row of the same word, or `rows` where there is none, and
// isFirst[row] says whether there is none before it. A warp for each row.
KERNEL(chainRows, const int* ids, Index rows, Index words, int* next, int* isFirst, Fault* fault) {
    Index row = WARP_ROW;
    if (row >= rows) {
        return;
    }
    int id = ids[row];
    bool first = isWithin(id, words, row, fault);
    for (Index from = 0; first && from < row; from += WARP_SIZE) {
        Index other = from + LANE;
        first = __ballot_sync(ALL_LANES, other < row && ids[other] == id) == 0;
    }
    Index found = rows;
    for (Index from = row + 1; found == rows && from < rows; from += WARP_SIZE) {
        Index other = from + LANE;
        unsigned same = __ballot_sync(ALL_LANES, other < rows && ids[other] == id);
        found = same ? from + __ffs(same) - 1 : rows;
    }
    if (LANE == 0) {
        next[row] = (int)found;
        isFirst[row] = first;
    }
}

// The blocks of a word's first row add all of the word's rows, in order: a thread for each column. Grid: rows, parts of
// a row.
KERNEL(scatterAdd, const float* douts, const int* ids, const int* next, const int* isFirst, float* dtable, Index rows,
        Index size) {
    Index d = (Index)blockIdx.y * blockDim.x + threadIdx.x;
    if (!isFirst[blockIdx.x] || d >= size) {
        return;
    }
    Index place = ids[blockIdx.x] * size + d;
    float sum = dtable[place];
    for (Index n = blockIdx.x; n < rows; n = next[n]) {
        sum += douts[n * size + d];
    }
    dtable[place] = sum;
}

// A thread for each pair of a token, and tokens in strides of the grid's second dimension.
KERNEL(rope, const float* xs, const int* positions, const float* cosines, const float* sines, float sign, float* outs,
        Index tokens, int heads, int size, Index bound, Fault* fault) {
    unsigned half = size / 2;
    unsigned pair = blockIdx.x * blockDim.x + threadIdx.x;
    if (pair >= heads * half) {
        return;
    }
    unsigned e = pair % half;
    unsigned first = pair / half * size + e;
    for (Index token = blockIdx.y; token < tokens; token += gridDim.y) {
        int position = positions[token];
        if (!isWithin(position, bound, token, fault)) {
            continue;
        }
        Index at = (Index)position * half + e;
        float c = cosines[at];
        float s = sign * sines[at];
        const float* x = xs + token * heads * size + first;
        float* out = outs + token * heads * size + first;
        float a = x[0];
        float b = x[half];
        out[0] = a * c - b * s;
        out[half] = b * c + a * s;
    }
}

// Notes a start that is below the one before it or above the number of tokens; where `covers`, a first one other than 0
// and a last one other than the number of tokens, too. One block.
KERNEL(checkStarts, const int* starts, Index count, Index tokens, int covers, Fault* fault) {
    for (Index b = threadIdx.x; b < count; b += blockDim.x) {
        int before = b == 0 ? 0 : starts[b - 1];
        int start = starts[b];
        bool ends = covers && ((b == 0 && start != 0) || (b == count - 1 && start != tokens));
        if (start < before || start > tokens || ends) {
            report(fault, b, start);
        }
    }
}

KERNEL(segmentSum, const float* xs, const int* starts, float* outs, Index sequences, Index tokens, Index size) {
    for (Index i = FIRST; i < sequences * size; i += STRIDE) {
        Index b = i / size;
        float sum = 0.0f;
        for (Index n = startOf(starts, b, tokens); n < startOf(starts, b + 1, tokens); n++) {
            sum += xs[n * size + i % size];
        }
        outs[i] = sum;
    }
}

KERNEL(segmentBroadcast, const float* xs, const int* starts, float* outs, Index sequences, Index tokens, Index size) {
    for (Index i = FIRST; i < sequences * size; i += STRIDE) {
        Index b = i / size;
        for (Index n = startOf(starts, b, tokens); n < startOf(starts, b + 1, tokens); n++) {
            outs[n * size + i % size] = xs[i];
        }
    }
}
