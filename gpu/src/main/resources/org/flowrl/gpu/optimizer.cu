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

// One element's update: m and v are overwritten, the new weight is returned.
DEVICE float updated(float w, float g, float& m, float& v, float gain1, float gain2, float beta2, float decay,
        float stepSize, float rootCorrection, float epsilon) {
    m = fmaf(g - m, gain1, m);
    v = fmaf(g * g, gain2, v * beta2);
    return w * decay - stepSize * (m / (sqrtf(v) / rootCorrection + epsilon));
}

KERNEL(adamW, float* ws, const float* gradients, float* ms, float* vs, float gradientScale, float gain1, float gain2,
        float beta2, float decay, float stepSize, float rootCorrection, float epsilon, Index count) {
    for (Index i = FIRST; i < count; i += STRIDE) {
        float m = ms[i];
        float v = vs[i];
        ws[i] = updated(ws[i], gradients[i] * gradientScale, m, v, gain1, gain2, beta2, decay, stepSize,
                rootCorrection, epsilon);
        ms[i] = m;
        vs[i] = v;
    }
}

DEVICE unsigned mix(unsigned h) {
    h ^= h >> 16;
    h *= 0x7feb352du;
    h ^= h >> 15;
    h *= 0x846ca68bu;
    return h ^ h >> 16;
}

// BF16 bits, rounded by a lot in 0 ... 65535, as StochasticRounding.java has it.
DEVICE unsigned short byLot(float x, unsigned lot) {
    return x != x ? toBfloat16(x) : (unsigned short)((__float_as_uint(x) + lot) >> 16);
}

// Moments in BF16.
KERNEL(adamWNarrow, float* ws, const float* gradients, unsigned short* ms, unsigned short* vs, float gradientScale,
        float gain1, float gain2, float beta2, float decay, float stepSize, float rootCorrection, float epsilon,
        unsigned long long key, Index count) {
    for (Index i = FIRST; i < count; i += STRIDE) {
        float m = fromBfloat16(ms[i]);
        float v = fromBfloat16(vs[i]);
        ws[i] = updated(ws[i], gradients[i] * gradientScale, m, v, gain1, gain2, beta2, decay, stepSize,
                rootCorrection, epsilon);
        unsigned lots = mix(mix((unsigned)i ^ (unsigned)key) ^ (unsigned)(i >> 32) ^ (unsigned)(key >> 32));
        ms[i] = byLot(m, lots >> 16);
        vs[i] = byLot(v, lots & 0xffff);
    }
}
