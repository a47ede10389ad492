// Tensor cores (sm_80 on): BF16 products with F32 sums, and what brings their operands. All calls but the copies are
// made by a whole warp together.
//
// Fragments of m16n8k16, with g = lane / 4, t = lane % 4; "PTX ISA, Matrix Fragments for mma.m16n8k16":
//   A [16, 16]  a[0] (g, 2t), a[1] (g + 8, 2t), a[2] (g, 2t + 8), a[3] (g + 8, 2t + 8), each with the next column
//   B [16, 8]   b0 (2t, g), b1 (2t + 8, g), each with the next row
//   C [16, 8]   c[0] (g, 2t), c[1] (g, 2t + 1), c[2] (g + 8, 2t), c[3] (g + 8, 2t + 1)
// So the sums of two C beside each other are, rounded, an A.
#pragma once
#include "device.cuh"

// A BF16 number.
typedef unsigned short BfloatBits;

#define LOG2_E 1.44269504f

#ifdef FLOWRL_EMULATED
#include "tensorcore.h"
#else
DEVICE unsigned sharedAddress(const void* pointer) {
    return (unsigned)__cvta_generic_to_shared(pointer);
}

// c += a * b. Volatile, lest the compiler move it to where only some lanes need the result.
DEVICE void multiplyAdd(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
            "{%0, %1, %2, %3};" : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
            : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four matrices of 8 x 8 from shared memory: lane l gives row l % 8 of matrix l / 8 and takes, of each, (g, 2t) and
// (g, 2t + 1).
DEVICE void loadMatrices(const BfloatBits* row, unsigned (&matrices)[4]) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
            : "=r"(matrices[0]), "=r"(matrices[1]), "=r"(matrices[2]), "=r"(matrices[3])
            : "r"(sharedAddress(row)) : "memory");
}

// As loadMatrices, but takes (2t, g) and (2t + 1, g).
DEVICE void loadTransposed(const BfloatBits* row, unsigned (&matrices)[4]) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
            : "=r"(matrices[0]), "=r"(matrices[1]), "=r"(matrices[2]), "=r"(matrices[3])
            : "r"(sharedAddress(row)) : "memory");
}

// Begins to copy 16 or 4 bytes into shared memory, or as many zeros where there is no source.
DEVICE void copy16(const void* from, bool exists, void* to) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
            :: "r"(sharedAddress(to)), "l"(from), "r"(exists ? 16 : 0) : "memory");
}

DEVICE void copy4(const void* from, bool exists, void* to) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;"
            :: "r"(sharedAddress(to)), "l"(from), "r"(exists ? 4 : 0) : "memory");
}

// Waits for all copies that this thread began; those of others are seen after a barrier.
DEVICE void waitForCopies() {
    asm volatile("cp.async.wait_all;" ::: "memory");
}

// Two floats as BF16, rounded to nearest even, `low` at the lower address.
DEVICE unsigned pairOf(float low, float high) {
    unsigned pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}

// 2^x within two units of the last place, 0 below the normal numbers.
DEVICE float exp2Of(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// The larger one, NaN where one is NaN.
DEVICE float largerOf(float a, float b) {
    float c;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(c) : "f"(a), "f"(b));
    return c;
}
#endif
