// Numbers four at a time, 16 bytes of floats in one access: what it takes to have enough bytes under way that the card's
// memory is busy. Rows begin at multiples of 16 bytes where their size is a multiple of four.
#pragma once
#include "device.cuh"

struct alignas(16) Four {
    float at[4];
};

// Four BF16 numbers.
struct alignas(8) NarrowFour {
    unsigned short at[4];
};

DEVICE NarrowFour rounded(const Four& x) {
    return {{toBfloat16(x.at[0]), toBfloat16(x.at[1]), toBfloat16(x.at[2]), toBfloat16(x.at[3])}};
}
