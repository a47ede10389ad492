// What all kernels share: how a kernel is declared, sums over warps and blocks, the contract's exponential.
//
// Sources are compiled with contraction off: an fma stands where the text says fmaf. No number is added by atomics, and
// no sum's order depends on the order of threads, so that a kernel gives the same bits at every call. Blocks have at
// most BLOCK_THREADS threads, a multiple of a warp.
#pragma once

#ifdef FLOWRL_EMULATED
#include "emulator.h"
#else
#include <cuda_fp16.h>
#define KERNEL(name, ...) extern "C" __global__ void __launch_bounds__(256) name(__VA_ARGS__)
#define DEVICE static __device__ __forceinline__
#define MEMBER __device__ __forceinline__
// For what comes after a kernel's work: put in place, it would take registers away from it.
#define CALLED static __device__ __noinline__
#define SHARED(type, name, count) __shared__ type name[count]
#define DYNAMIC_SHARED(type, name) extern __shared__ type name[]

DEVICE unsigned short halfBits(float value) {
    return __half_as_ushort(__float2half_rn(value));
}

DEVICE float halfValue(unsigned short bits) {
    return __half2float(__ushort_as_half(bits));
}
#endif

typedef long long Index;
typedef unsigned long long Fault;

#define ALL_LANES 0xffffffffu
#define WARP_SIZE 32
#define BLOCK_THREADS 256
#define MINUS_INFINITY __uint_as_float(0xff800000u)
// Index of this thread in the grid, and number of threads in the grid.
#define FIRST ((Index)blockIdx.x * blockDim.x + threadIdx.x)
#define STRIDE ((Index)gridDim.x * blockDim.x)
// This thread's lane of its warp, its warp of the block, and the row of a kernel that has a warp for each row.
#define LANE ((int)(threadIdx.x % WARP_SIZE))
#define WARP ((int)(threadIdx.x / WARP_SIZE))
#define WARP_ROW ((Index)blockIdx.x * (blockDim.x / WARP_SIZE) + threadIdx.x / WARP_SIZE)

// Notes the first index (in order) that broke a rule, with its value. The host reads the notes when it waits.
DEVICE void report(Fault* fault, Index index, int value) {
    atomicMin(fault, (Fault)index << 32 | (unsigned)value);
}

DEVICE bool isWithin(int index, Index bound, Index at, Fault* fault) {
    if (index < 0 || index >= bound) {
        report(fault, at, index);
        return false;
    }
    return true;
}

// Where sequence b starts; the end of the last where b is their number. Within the tokens even where the starts are
// wrong, which checkStarts reports: a kernel that reads elsewhere would take the whole process down with it.
DEVICE Index startOf(const int* starts, Index b, Index tokens) {
    Index start = starts[b];
    return start < 0 ? 0 : start > tokens ? tokens : start;
}

// The larger one; NaN where one is NaN, unlike fmaxf. -0 is below +0.
DEVICE float larger(float a, float b) {
    if (a == b) {
        return (__float_as_uint(a) >> 31) ? b : a;
    }
    return a > b || a != a ? a : b;
}

DEVICE float smaller(float a, float b) {
    if (a == b) {
        return (__float_as_uint(a) >> 31) ? a : b;
    }
    return a < b || a != a ? a : b;
}

// e^x with the bits of the CPU's (Exponential.java): 2^n * (1 + r + r^2 * P(r)), P from Cephes expf.
DEVICE float expOf(float x) {
    if (!(x >= -87.33654f)) {
        return x < -87.33654f ? 0.0f : x;
    }
    if (x > 88.72283f) {
        return __uint_as_float(0x7f800000u);
    }
    float shifted = fmaf(x, 1.44269504f, 12582912.0f);
    float n = shifted - 12582912.0f;
    float r = fmaf(n, -0.693359375f, x);
    r = fmaf(n, 2.12194440e-4f, r);
    float p = fmaf(1.9875691500e-4f, r, 1.3981999507e-3f);
    p = fmaf(p, r, 8.3334519073e-3f);
    p = fmaf(p, r, 4.1665795894e-2f);
    p = fmaf(p, r, 1.6666665459e-1f);
    p = fmaf(p, r, 5.0000001201e-1f);
    p = fmaf(p, r * r, r) + 1.0f;
    return __uint_as_float(__float_as_uint(p) + (__float_as_uint(shifted) << 23));
}

// The natural logarithm, in double, rounded.
DEVICE float logOf(float x) {
    return (float)log((double)x);
}

// BF16 bits, rounded to nearest even; NaN stays NaN.
DEVICE unsigned short toBfloat16(float x) {
    unsigned bits = __float_as_uint(x);
    if (x != x) {
        return (unsigned short)(bits >> 16 | 0x40);
    }
    return (unsigned short)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

DEVICE float fromBfloat16(unsigned short bits) {
    return __uint_as_float((unsigned)bits << 16);
}

// Sums over a warp and over a block, the same value in every thread. Butterflies add the same pairs in every lane.
template <class T> DEVICE T warpSum(T value) {
    for (int bits = WARP_SIZE / 2; bits > 0; bits /= 2) {
        value += __shfl_xor_sync(ALL_LANES, value, bits);
    }
    return value;
}

DEVICE float warpLargest(float value) {
    for (int bits = WARP_SIZE / 2; bits > 0; bits /= 2) {
        value = larger(value, __shfl_xor_sync(ALL_LANES, value, bits));
    }
    return value;
}

// A tile of 32 scores in an online softmax (Milakov and Gimelshein 2018): this lane's weight e^(score - m), 0 where its
// score is not read. Carries on a row's highest score m, the sum of its weights, and its weighted sums, which other
// lanes hold other parts of.
template <int PARTS> DEVICE float onlineWeight(float score, bool isRead, float& most, float& total,
        float (&sums)[PARTS]) {
    float highest = larger(most, warpLargest(isRead ? score : MINUS_INFINITY));
    float weight = 0.0f;
    float keep = 1.0f;
    if (highest != MINUS_INFINITY) {
        weight = isRead ? expOf(score - highest) : 0.0f;
        keep = expOf(most - highest);
    }
    total = total * keep + warpSum(weight);
    most = highest;
    for (int part = 0; part < PARTS; part++) {
        sums[part] *= keep;
    }
    return weight;
}

template <class T> DEVICE T blockSum(T value) {
    SHARED(T, sums, WARP_SIZE);
    int lane = threadIdx.x % WARP_SIZE;
    int warps = blockDim.x / WARP_SIZE;
    value = warpSum(value);
    if (warps == 1) {
        return value;
    }
    if (lane == 0) {
        sums[threadIdx.x / WARP_SIZE] = value;
    }
    __syncthreads();
    value = warpSum(lane < warps ? sums[lane] : (T)0);
    __syncthreads();
    return value;
}
