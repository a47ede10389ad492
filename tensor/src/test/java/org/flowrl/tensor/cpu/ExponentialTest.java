package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExponentialTest {
    @Test
    void isWithinOneTenMillionthOverItsWholeRange() {
        double worst = 0;
        // Every 1001st float: about two million of either sign in the range that matters.
        for (int bits = 0; bits <= Float.floatToIntBits(Exponential.OVERFLOW); bits += 1001) {
            float x = Float.intBitsToFloat(bits);
            worst = Math.max(worst, relativeError(x));
            if (-x >= Exponential.UNDERFLOW) {
                worst = Math.max(worst, relativeError(-x));
            }
        }
        assertThat(worst).isLessThan(1e-7);
    }

    private static double relativeError(float x) {
        double exact = StrictMath.exp(x);
        return Math.abs(Exponential.exp(x) - exact) / exact;
    }

    @Test
    void specialValuesAreExact() {
        float[][] table = {
            {0f, 1f}, {-0f, 1f}, {Float.MIN_VALUE, 1f}, {Float.NEGATIVE_INFINITY, 0f}, {-1e30f, 0f},
            {Math.nextDown(Exponential.UNDERFLOW), 0f}, {Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY},
            {Math.nextUp(Exponential.OVERFLOW), Float.POSITIVE_INFINITY}, {Float.NaN, Float.NaN}};
        for (float[] row : table) {
            assertThat(Exponential.exp(row[0])).as("exp(%s)", row[0]).isEqualTo(Float.valueOf(row[1]));
        }
    }

    @Test
    void resultsAtTheLimitsAreFiniteAndNormal() {
        assertThat(Exponential.exp(Exponential.OVERFLOW)).isFinite().isGreaterThan(3.4e38f);
        assertThat(Exponential.exp(Exponential.UNDERFLOW)).isGreaterThanOrEqualTo(Float.MIN_NORMAL);
    }

    @Test
    void neverFallsAsItsArgumentRises() {
        // A softmax with a larger logit and a smaller weight would break the order of words.
        float before = 0;
        for (float x = -20; x < 0; x = Math.nextUp(x + 1e-5f)) {
            float value = Exponential.exp(x);
            assertThat(value).as("exp(%s)", x).isGreaterThanOrEqualTo(before);
            before = value;
        }
    }
}
