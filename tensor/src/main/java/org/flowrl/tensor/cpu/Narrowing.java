package org.flowrl.tensor.cpu;

import org.flowrl.tensor.DType;

/// Conversion of doubles to 16-bit floating types with a single rounding to nearest even.
///
/// Rounding first to float and then to 16 bits would round twice. Rounding to float *to odd* in between (the last digit
/// is set where anything was cut off) keeps the information that the second rounding needs (Boldo and Melquiond 2008).
final class Narrowing {
    private Narrowing() {
    }

    /// BF16 bits of `x`.
    static short toBfloat16(double x) {
        return DType.toBfloat16(toOdd(x));
    }

    /// F16 bits of `x`.
    static short toFloat16(double x) {
        return Float.floatToFloat16(toOdd(x));
    }

    private static float toOdd(double x) {
        float nearest = (float) x;
        if (nearest == x || Double.isNaN(x)) {
            return nearest;
        }
        boolean roundedAway = Math.abs((double) nearest) > Math.abs(x);
        int truncated = Float.floatToRawIntBits(nearest) - (roundedAway ? 1 : 0);
        return Float.intBitsToFloat(truncated | 1);
    }
}
