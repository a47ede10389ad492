// Element by element: the kernels of ElementwiseKernels, in its order of operations and with its bits.
#include "wide.cuh"

#define UNARY(name, result)                                                      \
    KERNEL(name, const float* xs, float* ys, Index count) {                      \
        overAll(xs, ys, count, [](float x) { return result; });                  \
    }

#define BINARY(name, result)                                                     \
    KERNEL(name, const float* as, const float* bs, float* ys, Index count) {     \
        overAll(as, bs, ys, count, [](float a, float b) { return result; });     \
    }

// The standard normal distribution: erfc keeps the relative accuracy of the lower tail.
DEVICE double cumulative(double x) {
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

DEVICE double density(double x) {
    return 0.39894228040143267794 * exp(-0.5 * x * x);
}

// x * (Phi(x), or 0 where it is 0): an infinity times 0 is NaN, as on the CPU.
DEVICE float gelu(float x) {
    return (float)((double)x * cumulative(x));
}

DEVICE float geluDerivative(float x) {
    return (float)(cumulative(x) + (double)x * density(x));
}

UNARY(unaryNEGATE, -x)
UNARY(unarySQUARE, x* x)
UNARY(unarySQUARE_ROOT, sqrtf(x))
UNARY(unaryRECIPROCAL, 1.0f / x)
UNARY(unaryABSOLUTE, fabsf(x))
UNARY(unaryEXP, expOf(x))
UNARY(unaryLOG, logOf(x))
UNARY(unaryGELU, gelu(x))
UNARY(unaryGELU_DERIVATIVE, geluDerivative(x))
UNARY(unarySTEP, x > 0.0f ? 1.0f : 0.0f)

BINARY(binaryADD, a + b)
BINARY(binarySUBTRACT, a - b)
BINARY(binaryMULTIPLY, a* b)
BINARY(binaryDIVIDE, a / b)
BINARY(binaryMINIMUM, smaller(a, b))
BINARY(binaryMAXIMUM, larger(a, b))
BINARY(binaryGREATER, a > b ? 1.0f : 0.0f)

KERNEL(affine, const float* xs, float scale, float shift, float* ys, Index count) {
    overAll(xs, ys, count, [=](float x) { return fmaf(x, scale, shift); });
}

KERNEL(addScaled, float alpha, const float* xs, float* ys, Index count) {
    overAll(xs, ys, ys, count, [=](float x, float y) { return fmaf(x, alpha, y); });
}

KERNEL(clampTo, const float* xs, float low, float high, float* ys, Index count) {
    for (Index i = FIRST; i < count; i += STRIDE) {
        ys[i] = smaller(larger(xs[i], low), high);
    }
}

KERNEL(fillWith, float* xs, float value, Index count) {
    for (Index i = FIRST; i < count; i += STRIDE) {
        xs[i] = value;
    }
}

KERNEL(swiGlu, const float* gates, const float* ups, float* outs, Index count) {
    overAll(gates, ups, outs, count, [](float gate, float up) { return swiGluOf(gate, up); });
}

KERNEL(swiGluBackward, const float* douts, const float* gates, const float* ups, float* dgates, float* dups,
        Index count) {
    bool areWide = isWide(douts) && isWide(gates) && isWide(ups) && isWide(dgates) && isWide(dups);
    Index fours = areWide ? count / 4 : 0;
    for (Index i = FIRST; i < fours; i += STRIDE) {
        Four dout = ((const Four*)douts)[i];
        Four gate = ((const Four*)gates)[i];
        Four up = ((const Four*)ups)[i];
        for (int j = 0; j < 4; j++) {
            swiGluGradients(gate.at[j], up.at[j], dout.at[j]);
        }
        ((Four*)dups)[i] = up;
        ((Four*)dgates)[i] = dout;
    }
    for (Index i = 4 * fours + FIRST; i < count; i += STRIDE) {
        float dout = douts[i];
        float up = ups[i];
        swiGluGradients(gates[i], up, dout);
        dups[i] = up;
        dgates[i] = dout;
    }
}

// The first 64 bits of Philox4x32-10 (Salmon et al. 2011) for the counter (low, 0), as RandomKey.nextBits.
DEVICE unsigned long long philox(unsigned long long low, unsigned long long key) {
    unsigned c0 = (unsigned)low;
    unsigned c1 = (unsigned)(low >> 32);
    unsigned c2 = 0;
    unsigned c3 = 0;
    unsigned k0 = (unsigned)key;
    unsigned k1 = (unsigned)(key >> 32);
    for (int round = 0; round < 10; round++) {
        unsigned long long p0 = 0xD2511F53ull * c0;
        unsigned long long p1 = 0xCD9E8D57ull * c2;
        c0 = (unsigned)(p1 >> 32) ^ c1 ^ k0;
        c1 = (unsigned)p1;
        c2 = (unsigned)(p0 >> 32) ^ c3 ^ k1;
        c3 = (unsigned)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c0 | (unsigned long long)c1 << 32;
}

KERNEL(dropoutMask, unsigned long long key, double keep, float multiplier, float* mask, Index count) {
    for (Index i = FIRST; i < count; i += STRIDE) {
        double uniform = (double)(philox(i, key) >> 11) * (1.0 / 9007199254740992.0);
        mask[i] = uniform < keep ? multiplier : 0.0f;
    }
}

// Floating types in memory. A double that a float does not hold becomes the float nearest to zero with its last bit
// set, which the second rounding takes for "a little more": so a number is rounded once.
struct Double {
    typedef double Bits;
    DEVICE double load(Bits bits) { return bits; }
    DEVICE Bits store(double value) { return value; }
};

struct Float {
    typedef float Bits;
    DEVICE double load(Bits bits) { return bits; }
    DEVICE Bits store(double value) { return (float)value; }
};

DEVICE float roundedToOdd(double value) {
    float near = (float)value;
    if (value != value || (double)near == value) {
        return near;
    }
    unsigned bits = __float_as_uint(near);
    if (fabs((double)near) > fabs(value)) {
        bits--;
    }
    return __uint_as_float(bits | 1);
}

struct Bfloat16 {
    typedef unsigned short Bits;
    DEVICE double load(Bits bits) { return fromBfloat16(bits); }
    DEVICE Bits store(double value) { return toBfloat16(roundedToOdd(value)); }
};

struct Half {
    typedef unsigned short Bits;
    DEVICE double load(Bits bits) { return halfValue(bits); }
    DEVICE Bits store(double value) { return halfBits(roundedToOdd(value)); }
};

#define CONVERT(name, From, To)                                                  \
    KERNEL(name, const From::Bits* from, To::Bits* to, Index count) {            \
        for (Index i = FIRST; i < count; i += STRIDE) {                          \
            to[i] = To::store(From::load(from[i]));                              \
        }                                                                        \
    }

CONVERT(convertF64toF32, Double, Float)
CONVERT(convertF64toBF16, Double, Bfloat16)
CONVERT(convertF64toF16, Double, Half)
CONVERT(convertF32toF64, Float, Double)
CONVERT(convertF32toF16, Float, Half)
CONVERT(convertBF16toF64, Bfloat16, Double)
CONVERT(convertBF16toF16, Bfloat16, Half)
CONVERT(convertF16toF64, Half, Double)
CONVERT(convertF16toF32, Half, Float)
CONVERT(convertF16toBF16, Half, Bfloat16)

// The two that every step needs, without a detour through double.
KERNEL(convertF32toBF16, const float* from, unsigned short* to, Index count) {
    Index fours = isWide(from) && isWide(to) ? count / 4 : 0;
    for (Index i = FIRST; i < fours; i += STRIDE) {
        ((NarrowFour*)to)[i] = rounded(((const Four*)from)[i]);
    }
    for (Index i = 4 * fours + FIRST; i < count; i += STRIDE) {
        to[i] = toBfloat16(from[i]);
    }
}

KERNEL(convertBF16toF32, const unsigned short* from, float* to, Index count) {
    for (Index i = FIRST; i < count; i += STRIDE) {
        to[i] = fromBfloat16(from[i]);
    }
}
