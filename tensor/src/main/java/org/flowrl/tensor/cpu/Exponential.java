package org.flowrl.tensor.cpu;

/// The exponential of the kernel contract in F32: a polynomial out of fma, multiply, add and shifts, so that the scalar
/// twin here and its vector form give the same bits on every instruction set and JIT tier.
///
/// ```
/// n = round(x / ln 2)     r = x − n · ln 2     e^x = 2^n · (1 + r + r² · P(r))
/// ```
/// Cody and Waite's split of ln 2; P is the degree-5 polynomial of Moshier's Cephes `expf`. Relative error below 1e-7.
/// exp(0) = 1 exactly, exp(−∞) = 0, exp(NaN) = NaN; results below the smallest normal number are 0.
final class Exponential {
    /// Above this the result is +∞: the logarithm of the largest float.
    static final float OVERFLOW = 88.72283f;
    /// Below this the result is 0: just above −126 · ln 2, so that no result is subnormal.
    static final float UNDERFLOW = -87.33654f;
    static final float LOG2_E = 1.44269504f;
    /// 1.5 · 2^23: adding it rounds to an integer, which then stands in the low bits.
    static final float ROUNDING = 12582912f;
    static final float LN2_HIGH = 0.693359375f;
    static final float LN2_LOW = -2.12194440e-4f;
    static final float P5 = 1.9875691500e-4f;
    static final float P4 = 1.3981999507e-3f;
    static final float P3 = 8.3334519073e-3f;
    static final float P2 = 4.1665795894e-2f;
    static final float P1 = 1.6666665459e-1f;
    static final float P0 = 5.0000001201e-1f;
    /// Shifts the integer in a float's low bits into the exponent field.
    static final int EXPONENT_SHIFT = 23;

    private Exponential() {
    }

    /// e^x.
    static float exp(float x) {
        if (!(x >= UNDERFLOW)) {
            return x < UNDERFLOW ? 0f : x;
        }
        if (x > OVERFLOW) {
            return Float.POSITIVE_INFINITY;
        }
        float shifted = Math.fma(x, LOG2_E, ROUNDING);
        float n = shifted - ROUNDING;
        float r = Math.fma(n, -LN2_HIGH, x);
        r = Math.fma(n, -LN2_LOW, r);
        float p = Math.fma(P5, r, P4);
        p = Math.fma(p, r, P3);
        p = Math.fma(p, r, P2);
        p = Math.fma(p, r, P1);
        p = Math.fma(p, r, P0);
        p = Math.fma(p, r * r, r) + 1f;
        return Float.intBitsToFloat(Float.floatToRawIntBits(p)
                + (Float.floatToRawIntBits(shifted) << EXPONENT_SHIFT));
    }
}
