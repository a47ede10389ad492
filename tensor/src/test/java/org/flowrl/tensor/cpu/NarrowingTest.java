package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.flowrl.tensor.DType;
import org.junit.jupiter.api.Test;

class NarrowingTest {
    @Test
    void roundsOnceToNearestEven() {
        // 1 + 2^-8 is half-way between two BF16 numbers; 2^-40 more is lost in float, which would then round to even.
        double[][] table = {
            {1 + 0x1p-8, 1}, {1 + 0x1p-8 + 0x1p-40, 1 + 0x1p-7}, {1 + 0x1p-8 - 0x1p-40, 1},
            {1 + 3 * 0x1p-8, 1 + 0x1p-6}, {1 + 3 * 0x1p-8 - 0x1p-40, 1 + 0x1p-7}, {-1 - 0x1p-8 - 0x1p-40, -1 - 0x1p-7},
            {0x1p-134, 0}, {0x1p-134 + 0x1p-180, 0x1p-133}, {1e300, Double.POSITIVE_INFINITY},
            {-1e300, Double.NEGATIVE_INFINITY}, {Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY}, {-0.0, -0.0}};
        for (double[] row : table) {
            assertThat((double) DType.fromBfloat16(Narrowing.toBfloat16(row[0]))).as("BF16 of %s", row[0])
                    .isEqualTo(Double.valueOf(row[1]));
        }
        assertThat(DType.fromBfloat16(Narrowing.toBfloat16(Double.NaN))).isNaN();
    }

    @Test
    void roundsOnceToHalfPrecisionToo() {
        double[][] table = {
            {1 + 0x1p-11, 1}, {1 + 0x1p-11 + 0x1p-40, 1 + 0x1p-10}, {65504, 65504}, {65520, Double.POSITIVE_INFINITY},
            {65520 - 0x1p-30, 65504}, {0x1p-25, 0}, {0x1p-25 + 0x1p-60, 0x1p-24}};
        for (double[] row : table) {
            assertThat((double) Float.float16ToFloat(Narrowing.toFloat16(row[0]))).as("F16 of %s", row[0])
                    .isEqualTo(Double.valueOf(row[1]));
        }
    }
}
