// The twins of tensorcore.cuh on the emulator: a warp's lanes exchange what they give, then each makes what it takes.
//
// Copies into shared memory are done when they are waited for; until then the place reads as NaN. Rows of a matrix that
// do not start at a multiple of 16 bytes, or that share banks with one another, are mistakes that fail the launch.
#pragma once
#include "emulator.h"

struct float2 {
    float x, y;
};

struct alignas(16) float4 {
    float x, y, z, w;
};

struct uint2 {
    unsigned x, y;
};

namespace emulator {

constexpr size_t MATRIX_ROW_BYTES = 16;
constexpr size_t BANKS_BYTES = 128;

inline float bfloat16(uint32_t pair, bool high) {
    uint32_t bits = high ? pair & 0xffff0000u : pair << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// The sum of products over k for (row, column) of C, from 0 on and then added, as the fragments of all lanes have them.
inline float product(const Operands* lanes, int row, int column) {
    float sum = 0.0f;
    for (int k = 0; k < 16; k++) {
        int lane = k % 8 / 2;
        float a = bfloat16(lanes[row % 8 * 4 + lane].a[row / 8 + k / 8 * 2], k % 2);
        float b = bfloat16(lanes[column * 4 + lane].b[k / 8], k % 2);
        sum += a * b;
    }
    return sum;
}

inline void startCopy(const void* from, void* to, size_t bytes) {
    if ((uintptr_t)to % bytes || (uintptr_t)from % bytes) {
        mistaken("a copy into shared memory that is not aligned to its size");
    }
    memset(to, 0xff, bytes);
    fiber->copies.push_back({from, to, bytes});
}

// The address that every lane gives.
inline const uint64_t* gatherRows(const unsigned short* row) {
    Warp& warp = block->warps[fiber->warp];
    uint64_t* slots = warp.slots[fiber->exchanges & 1];
    exchange((uint64_t)row, fiber->lane, __LINE__);
    if (fiber->lane == 0) {
        for (int matrix = 0; matrix < 4; matrix++) {
            unsigned places = 0;
            for (int i = 0; i < 8; i++) {
                uint64_t address = slots[matrix * 8 + i];
                if (address % MATRIX_ROW_BYTES) {
                    mistaken("a row of a matrix that does not start at a multiple of 16 bytes");
                }
                places |= 1u << address % BANKS_BYTES / MATRIX_ROW_BYTES;
            }
            if (places != 0xff) {
                mistaken("two rows of a matrix in the same banks");
            }
        }
    }
    return slots;
}

}  // namespace emulator

inline void multiplyAdd(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    emulator::Warp& warp = emulator::block->warps[emulator::fiber->warp];
    emulator::Operands* lanes = warp.operands[emulator::fiber->exchanges++ & 1];
    int lane = emulator::fiber->lane;
    lanes[lane] = {{a[0], a[1], a[2], a[3]}, {b0, b1}};
    emulator::warpBarrier(__LINE__);
    for (int i = 0; i < 4; i++) {
        c[i] += emulator::product(lanes, lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2);
    }
}

inline void loadMatrices(const unsigned short* row, unsigned (&matrices)[4]) {
    const uint64_t* rows = emulator::gatherRows(row);
    int lane = emulator::fiber->lane;
    for (int i = 0; i < 4; i++) {
        const unsigned short* from = (const unsigned short*)rows[i * 8 + lane / 4] + lane % 4 * 2;
        matrices[i] = from[0] | (unsigned)from[1] << 16;
    }
}

inline void loadTransposed(const unsigned short* row, unsigned (&matrices)[4]) {
    const uint64_t* rows = emulator::gatherRows(row);
    int lane = emulator::fiber->lane;
    for (int i = 0; i < 4; i++) {
        const uint64_t* pair = rows + i * 8 + lane % 4 * 2;
        matrices[i] = ((const unsigned short*)pair[0])[lane / 4]
                | (unsigned)((const unsigned short*)pair[1])[lane / 4] << 16;
    }
}

inline void copy16(const void* from, bool exists, void* to) {
    emulator::startCopy(exists ? from : nullptr, to, 16);
}

inline void copy4(const void* from, bool exists, void* to) {
    emulator::startCopy(exists ? from : nullptr, to, 4);
}

inline void waitForCopies() {
    for (const emulator::Copy& copy : emulator::fiber->copies) {
        if (copy.from) {
            memcpy(copy.to, copy.from, copy.bytes);
        } else {
            memset(copy.to, 0, copy.bytes);
        }
    }
    emulator::fiber->copies.clear();
}

DEVICE unsigned short toBfloat16(float x);

inline unsigned pairOf(float low, float high) {
    return toBfloat16(low) | (unsigned)toBfloat16(high) << 16;
}

inline float exp2Of(float x) {
    return exp2f(x);
}

inline float largerOf(float a, float b) {
    return a > b || a != a ? a : b;
}
