// Numbers four at a time, 16 bytes of floats in one access: what it takes to have enough bytes under way that the
// card's memory is busy.
#pragma once
#include "device.cuh"

struct alignas(16) Four {
    float at[4];
};

// True where an address is that of a Four; a tensor's may be anywhere in another one.
DEVICE bool isWide(const void* address) {
    return ((unsigned long long)address & (sizeof(Four) - 1)) == 0;
}

// ys[i] = f(xs[i]), by the whole grid.
template <class F> DEVICE void overAll(const float* xs, float* ys, Index count, F f) {
    Index fours = isWide(xs) && isWide(ys) ? count / 4 : 0;
    for (Index i = FIRST; i < fours; i += STRIDE) {
        Four x = ((const Four*)xs)[i];
        for (int j = 0; j < 4; j++) {
            x.at[j] = f(x.at[j]);
        }
        ((Four*)ys)[i] = x;
    }
    for (Index i = 4 * fours + FIRST; i < count; i += STRIDE) {
        ys[i] = f(xs[i]);
    }
}

// ys[i] = f(as[i], bs[i]), by the whole grid.
template <class F> DEVICE void overAll(const float* as, const float* bs, float* ys, Index count, F f) {
    Index fours = isWide(as) && isWide(bs) && isWide(ys) ? count / 4 : 0;
    for (Index i = FIRST; i < fours; i += STRIDE) {
        Four a = ((const Four*)as)[i];
        Four b = ((const Four*)bs)[i];
        for (int j = 0; j < 4; j++) {
            a.at[j] = f(a.at[j], b.at[j]);
        }
        ((Four*)ys)[i] = a;
    }
    for (Index i = 4 * fours + FIRST; i < count; i += STRIDE) {
        ys[i] = f(as[i], bs[i]);
    }
}

DEVICE float swiGluOf(float gate, float up) {
    return gate / (1.0f + expOf(-gate)) * up;
}

// What comes in as dout and up goes out as the gate's gradient and the up's.
DEVICE void swiGluGradients(float gate, float& up, float& dout) {
    float sigma = 1.0f / (1.0f + expOf(-gate));
    float dup = dout * (gate * sigma);
    dout = dout * up * (sigma * (1.0f + gate * (1.0f - sigma)));
    up = dup;
}

// Four BF16 numbers.
struct alignas(8) NarrowFour {
    unsigned short at[4];
};

// Writes a number where F32 numbers go, or BF16 ones.
DEVICE void put(void* out, int isNarrow, Index i, float x) {
    if (isNarrow) {
        ((unsigned short*)out)[i] = toBfloat16(x);
    } else {
        ((float*)out)[i] = x;
    }
}

// Reads a number as put writes it.
DEVICE float numberAt(const void* xs, int isNarrow, Index i) {
    return isNarrow ? fromBfloat16(((const unsigned short*)xs)[i]) : ((const float*)xs)[i];
}

DEVICE NarrowFour rounded(const Four& x) {
    return {{toBfloat16(x.at[0]), toBfloat16(x.at[1]), toBfloat16(x.at[2]), toBfloat16(x.at[3])}};
}

// As put, the four numbers from 4 i on.
DEVICE void putFour(void* out, int isNarrow, Index i, const Four& x) {
    if (isNarrow) {
        ((NarrowFour*)out)[i] = rounded(x);
    } else {
        ((Four*)out)[i] = x;
    }
}
