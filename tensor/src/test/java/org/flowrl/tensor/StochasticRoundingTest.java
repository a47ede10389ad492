package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StochasticRoundingTest {
    private static final int LOTS = 1 << 16;
    private static final RandomKey KEY = RandomKey.of(11);

    /// Over all lots the mean is the number itself, exactly: of 65,536 lots as many round up as the cut-off bits say.
    /// The last number is subnormal.
    @ParameterizedTest
    @ValueSource(floats = {1.00390625f, 1.001f, -3.1415927f, 1e-30f, -7e20f, 123456.78f, 1e-39f})
    void theMeanOverAllLotsIsTheNumber(float x) {
        double sum = 0;
        for (int lot = 0; lot < LOTS; lot++) {
            float rounded = DType.fromBfloat16(StochasticRounding.toBfloat16(x, lot));
            assertThat((double) rounded).isCloseTo(x, within(Math.abs(x) * 0x1p-7 + 0x1p-133));
            sum += rounded;
        }
        assertThat(sum / LOTS).isEqualTo(x);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "-0.0, -0.0", "1, 1", "-0.15625, -0.15625", "Infinity, Infinity", "-Infinity, -Infinity"})
    void whatBfloat16HoldsStaysWhateverTheLot(float x, Float expected) {
        for (int lot : new int[] {0, 1, 0x8000, 0xffff}) {
            // Boxed, so that −0 is not 0.
            assertThat(Float.valueOf(DType.fromBfloat16(StochasticRounding.toBfloat16(x, lot)))).isEqualTo(expected);
        }
    }

    /// A card's NaN has all bits set: adding to it would give a zero.
    @Test
    void everyNaNStaysOne() {
        for (int bits : new int[] {0x7fffffff, 0xffffffff, 0x7f800001, 0x7fc00000}) {
            assertThat(DType.fromBfloat16(StochasticRounding.toBfloat16(Float.intBitsToFloat(bits), 0xffff))).isNaN();
        }
    }

    /// The definition, step by step in longs.
    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0", "4294967295, 77", "4294967296, 77", "7612756480, -3"})
    void bitsAreThoseOfTheFormula(long index, long keyBits) {
        long low = keyBits & 0xffffffffL;
        long high = keyBits >>> 32;
        long expected = mix(mix((index & 0xffffffffL) ^ low) ^ (index >>> 32) ^ high);
        assertThat(StochasticRounding.bits(new RandomKey(keyBits), index) & 0xffffffffL).isEqualTo(expected);
    }

    private static long mix(long h) {
        h ^= h >>> 16;
        h = h * 0x7feb352dL & 0xffffffffL;
        h ^= h >>> 15;
        h = h * 0x846ca68bL & 0xffffffffL;
        return h ^ h >>> 16;
    }

    /// Lots of neighbours, of successive updates and of the two moments of an element: means of 1/2 and no correlation.
    /// n = 200,000 uniforms: a mean scatters by √(1/12/n) = 0.00065, a correlation by √(1/n) = 0.0022; five are
    /// allowed.
    @Test
    void lotsAreUniformAndIndependent() {
        int count = 200_000;
        RandomKey next = KEY.fold(1);
        double[] sums = new double[2];
        double[] products = new double[4];
        for (int i = 0; i < count; i++) {
            double upper = centred(StochasticRounding.bits(KEY, i) >>> 16);
            double lower = centred(StochasticRounding.bits(KEY, i) & 0xffff);
            sums[0] += upper;
            sums[1] += lower;
            products[0] += upper * lower;
            products[1] += upper * centred(StochasticRounding.bits(KEY, i + 1) >>> 16);
            products[2] += upper * centred(StochasticRounding.bits(next, i) >>> 16);
            products[3] += lower * centred(StochasticRounding.bits(next, i) & 0xffff);
        }
        for (double sum : sums) {
            assertThat(sum / count).isCloseTo(0, within(5 * 0.00065));
        }
        for (double product : products) {
            assertThat(product / count * 12).isCloseTo(0, within(5 * 0.0022));
        }
    }

    /// χ² of the 256 values of the upper byte has 255 degrees of freedom: mean 255, standard deviation 22.6.
    @Test
    void everyValueIsDrawnEquallyOften() {
        int[] counts = new int[256];
        int draws = 256 * 1000;
        for (int i = 0; i < draws; i++) {
            counts[StochasticRounding.bits(KEY, i) >>> 24]++;
        }
        double chiSquared = 0;
        for (int count : counts) {
            chiSquared += (count - 1000.0) * (count - 1000.0) / 1000;
        }
        assertThat(chiSquared).isBetween(255 - 5 * 22.6, 255 + 5 * 22.6);
    }

    private static double centred(int lot) {
        return (lot + 0.5) / LOTS - 0.5;
    }
}
