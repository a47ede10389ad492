// Kernels with mistakes that the emulator must find.
#include "device.cuh"

// Turns 64 numbers around through shared memory, without the barrier between writing and reading.
KERNEL(plantedMissingBarrier, const float* x, float* y) {
    SHARED(float, turned, 64);
    turned[63 - threadIdx.x] = x[threadIdx.x];
    y[threadIdx.x] = turned[threadIdx.x];
}

// The same with the barrier.
KERNEL(plantedBarrier, const float* x, float* y) {
    SHARED(float, turned, 64);
    turned[63 - threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    y[threadIdx.x] = turned[threadIdx.x];
}

// Writes one number more than there are.
KERNEL(plantedWritePastTheEnd, float* y, Index count) {
    for (Index i = FIRST; i <= count; i += STRIDE) {
        y[i] = 1.0f;
    }
}

// Half of each warp's threads wait for the block, the others for the warp.
KERNEL(plantedDivergentBarrier, float* y) {
    if (threadIdx.x % 2) {
        __syncthreads();
    } else {
        __syncwarp();
    }
    y[threadIdx.x] = 1.0f;
}
