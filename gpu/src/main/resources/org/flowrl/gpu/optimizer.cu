// Flat arenas: sums over all elements, and AdamW.
#include "device.cuh"

// Sums of chunks, one block each: threads take every 256th element, their sums are folded as a tree.
KERNEL(sumOfChunks, const float* xs, Index count, Index chunk, float* sums) {
    Index start = blockIdx.x * chunk;
    Index end = start + chunk < count ? start + chunk : count;
    float sum = 0.0f;
    for (Index i = start + threadIdx.x; i < end; i += blockDim.x) {
        sum += xs[i];
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0) {
        sums[blockIdx.x] = sum;
    }
}

// Squares are added in double: a float holds no square above 1.8e19.
KERNEL(squareSumOfChunks, const float* xs, Index count, Index chunk, double* sums) {
    Index start = blockIdx.x * chunk;
    Index end = start + chunk < count ? start + chunk : count;
    double sum = 0.0;
    for (Index i = start + threadIdx.x; i < end; i += blockDim.x) {
        float x = xs[i];
        sum += (double)(x * x);
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0) {
        sums[blockIdx.x] = sum;
    }
}

// One block.
KERNEL(foldSums, const float* sums, Index count, float* total) {
    float sum = 0.0f;
    for (Index i = threadIdx.x; i < count; i += blockDim.x) {
        sum += sums[i];
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0) {
        total[0] = sum;
    }
}

// One block.
KERNEL(foldSquareSums, const double* sums, Index count, double* total) {
    double sum = 0.0;
    for (Index i = threadIdx.x; i < count; i += blockDim.x) {
        sum += sums[i];
    }
    sum = blockSum(sum);
    if (threadIdx.x == 0) {
        total[0] = sum;
    }
}

KERNEL(adamW, float* ws, const float* gradients, float* ms, float* vs, float gradientScale, float gain1, float gain2,
        float beta2, float decay, float stepSize, float rootCorrection, float epsilon, Index count) {
    for (Index i = FIRST; i < count; i += STRIDE) {
        float g = gradients[i] * gradientScale;
        float m = ms[i];
        m = fmaf(g - m, gain1, m);
        float v = fmaf(g * g, gain2, vs[i] * beta2);
        ms[i] = m;
        vs[i] = v;
        ws[i] = ws[i] * decay - stepSize * (m / (sqrtf(v) / rootCorrection + epsilon));
    }
}
