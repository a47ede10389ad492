// Kernels with mistakes that the emulator must find.
#include "wide.cuh"

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

// Reads four numbers from an address that is a multiple of one number's size only.
KERNEL(plantedUnalignedRead, const float* x, float* y) {
    Four four = *(const Four*)(x + 1);
    y[threadIdx.x] = four.at[threadIdx.x % 4];
}

// Takes a number from a lane that has ended.
KERNEL(plantedEndedLane, const float* x, float* y) {
    if (threadIdx.x % WARP_SIZE >= 16) {
        return;
    }
    y[threadIdx.x] = __shfl_xor_sync(ALL_LANES, x[threadIdx.x], 16);
}

// Halves of a warp exchange numbers at two places.
KERNEL(plantedDivergentExchange, const float* x, float* y) {
    if (threadIdx.x % 2) {
        y[threadIdx.x] = __shfl_xor_sync(ALL_LANES, x[threadIdx.x], 2);
    } else {
        y[threadIdx.x] = __shfl_xor_sync(ALL_LANES, x[threadIdx.x], 2);
    }
}

// Has 4 bytes of shared memory beside those of the launch.
KERNEL(plantedSharedNumber, float* y) {
    SHARED(float, number, 1);
    DYNAMIC_SHARED(float, numbers);
    number[0] = 1.0f;
    __syncthreads();
    numbers[threadIdx.x] = number[0];
    y[threadIdx.x] = numbers[threadIdx.x];
}

// Four numbers of shared memory that is made for single ones.
KERNEL(plantedUnalignedSharedRead, const float* x, float* y) {
    SHARED(float, numbers, 64);
    numbers[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    y[threadIdx.x] = ((const Four*)numbers)[0].at[threadIdx.x % 4];
}
