package org.flowrl.tensor;

/// Rounding of floats to BF16 by lot: away from zero with the probability that the cut-off bits are of a last digit,
/// else towards zero, so that the expected result is the float itself.
/// ```
/// rounded = the upper 16 bits of (bits of x + r)          r uniform in 0 … 65535
/// ```
/// A running average that is kept in BF16 needs it: where a step changes the average by less than half of the last
/// digit, 2^-9 to 2^-8 of its size, rounding to nearest leaves it where it is for ever, while lots move it by the right
/// amount in expectation.
///
/// A float is drawn for by 32 random bits, a pure function of a key and the float's index. They are a hash and not
/// {@link RandomKey}'s Philox, since a draw must cost no more than the arithmetic that it rounds; keys are Philox's.
/// ```
/// bits(key, i) = mix(mix(low(i) ^ low(key)) ^ high(i) ^ high(key))       low, high: the 32-bit halves
/// mix(h):  h ^= h >>> 16;  h *= 0x7feb352d;  h ^= h >>> 15;  h *= 0x846ca68b;  h ^= h >>> 16
/// ```
/// `mix` is Wellons's permutation of 32-bit integers (hash-prospector, 2018), found by search for the least bias of
/// output bits when an input bit flips.
public final class StochasticRounding {
    /// The multipliers of `mix`.
    public static final int MULTIPLIER_1 = 0x7feb352d;
    /// The second of them.
    public static final int MULTIPLIER_2 = 0x846ca68b;

    private StochasticRounding() {
    }

    /// 32 random bits for the number at `index`: two lots of 16.
    public static int bits(RandomKey key, long index) {
        return mix(mix((int) index ^ (int) key.bits()) ^ (int) (index >>> 32) ^ (int) (key.bits() >>> 32));
    }

    /// BF16 bits of `x`, rounded by lot; NaN stays NaN, and what BF16 holds stays what it is.
    ///
    /// @param lot in 0 … 65535
    public static short toBfloat16(float x, int lot) {
        return Float.isNaN(x) ? DType.toBfloat16(x) : (short) (Float.floatToRawIntBits(x) + lot >>> 16);
    }

    private static int mix(int h) {
        h ^= h >>> 16;
        h *= MULTIPLIER_1;
        h ^= h >>> 15;
        h *= MULTIPLIER_2;
        return h ^ h >>> 16;
    }
}
