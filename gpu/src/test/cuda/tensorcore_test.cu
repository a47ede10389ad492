// What tensorcore.cuh does, by itself, and mistakes in its use that the emulator must find. One warp each.
#include "tensorcore.cuh"

// sums[lane] += the product of the fragments that the host made: a [32, 4], b [32, 2], sums [32, 4].
KERNEL(productOfFragments, const unsigned* a, const unsigned* b, float* sums) {
    int lane = threadIdx.x;
    unsigned rows[4] = {a[lane * 4], a[lane * 4 + 1], a[lane * 4 + 2], a[lane * 4 + 3]};
    float c[4] = {sums[lane * 4], sums[lane * 4 + 1], sums[lane * 4 + 2], sums[lane * 4 + 3]};
    multiplyAdd(c, rows, b[lane * 2], b[lane * 2 + 1]);
    for (int i = 0; i < 4; i++) {
        sums[lane * 4 + i] = c[i];
    }
}

// The four matrices that lie below each other in x [32, 8], as they are and transposed: fragments [2, 32, 4].
KERNEL(matricesOfRows, const BfloatBits* x, unsigned* fragments) {
    DYNAMIC_SHARED(BfloatBits, rows);
    copy16(x + threadIdx.x * 8, true, rows + threadIdx.x * 8);
    waitForCopies();
    __syncthreads();
    unsigned loaded[4];
    unsigned turned[4];
    loadMatrices(rows + threadIdx.x * 8, loaded);
    loadTransposed(rows + threadIdx.x * 8, turned);
    for (int i = 0; i < 4; i++) {
        fragments[threadIdx.x * 4 + i] = loaded[i];
        fragments[(WARP_SIZE + threadIdx.x) * 4 + i] = turned[i];
    }
}

// Copies 32 numbers, turned around, the last one as zero for want of a source, and waits for the copies, or does not.
DEVICE void turnNumbers(const float* x, float* y, bool waits) {
    DYNAMIC_SHARED(float, turned);
    copy4(x + threadIdx.x, threadIdx.x != 31, turned + 31 - threadIdx.x);
    if (waits) {
        waitForCopies();
    }
    __syncthreads();
    y[threadIdx.x] = turned[threadIdx.x];
}

KERNEL(plantedWait, const float* x, float* y) {
    turnNumbers(x, y, true);
}

KERNEL(plantedMissingWait, const float* x, float* y) {
    turnNumbers(x, y, false);
}

// Rows of 128 bytes, all in the same banks.
KERNEL(plantedBankConflict, float* y) {
    DYNAMIC_SHARED(BfloatBits, rows);
    unsigned loaded[4];
    loadMatrices(rows + threadIdx.x * 64, loaded);
    y[threadIdx.x] = (float)loaded[0];
}

// Rows at multiples of 18 bytes.
KERNEL(plantedUnalignedRow, float* y) {
    DYNAMIC_SHARED(BfloatBits, rows);
    unsigned loaded[4];
    loadMatrices(rows + threadIdx.x * 9, loaded);
    y[threadIdx.x] = (float)loaded[0];
}

// Copies of 16 bytes to multiples of 8.
KERNEL(plantedUnalignedCopy, const float* x, float* y) {
    DYNAMIC_SHARED(float, numbers);
    copy16(x, true, numbers + threadIdx.x * 2);
    waitForCopies();
    y[threadIdx.x] = numbers[threadIdx.x];
}
