// Kernels over rows [R, D], the last dimension being the row: one warp for each row, lanes taking every 32nd element.
#include "device.cuh"

// This warp's row, and its lane.
#define WARP_ROW ((Index)blockIdx.x * (blockDim.x / WARP_SIZE) + threadIdx.x / WARP_SIZE)
#define LANE ((int)(threadIdx.x % WARP_SIZE))

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
                Index i = r * size + d;                                                          \
                sum = term;                                                                      \
            }                                                                                    \
            sums[blockIdx.y * size + d] = sum;                                                   \
        }                                                                                        \
    }

COLUMN_SUM(columnSum, sum + dys[i], const float* dys)
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

KERNEL(addBias, const float* bias, float* ys, Index rows, Index size) {
    for (Index i = FIRST; i < rows * size; i += STRIDE) {
        ys[i] += bias[i % size];
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

// The warp of a word's first row adds all of the word's rows, in order.
KERNEL(scatterAdd, const float* douts, const int* ids, float* dtable, Index rows, Index words, Index size,
        Fault* fault) {
    Index row = WARP_ROW;
    if (row >= rows) {
        return;
    }
    int id = ids[row];
    if (!isWithin(id, words, row, fault)) {
        return;
    }
    for (Index from = 0; from < row; from += WARP_SIZE) {
        Index other = from + LANE;
        if (__ballot_sync(ALL_LANES, other < row && ids[other] == id)) {
            return;
        }
    }
    for (Index from = row; from < rows; from += WARP_SIZE) {
        Index other = from + LANE;
        unsigned same = __ballot_sync(ALL_LANES, other < rows && ids[other] == id);
        while (same) {
            Index n = from + __ffs(same) - 1;
            same &= same - 1;
            for (Index d = LANE; d < size; d += WARP_SIZE) {
                dtable[id * size + d] += douts[n * size + d];
            }
        }
    }
}

KERNEL(rope, const float* xs, const int* positions, const float* cosines, const float* sines, float sign, float* outs,
        Index tokens, Index heads, Index size, Index bound, Fault* fault) {
    Index half = size / 2;
    for (Index i = FIRST; i < tokens * heads * half; i += STRIDE) {
        Index e = i % half;
        Index head = i / half;
        Index token = head / heads;
        int position = positions[token];
        if (!isWithin(position, bound, token, fault)) {
            continue;
        }
        float c = cosines[position * half + e];
        float s = sign * sines[position * half + e];
        float a = xs[head * size + e];
        float b = xs[head * size + e + half];
        outs[head * size + e] = a * c - b * s;
        outs[head * size + e + half] = b * c + a * s;
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
