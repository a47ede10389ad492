package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DTypeTest {
    @Test
    void typesAreFoundByTheirSafetensorsNames() {
        assertThat(DType.named("BF16")).contains(DType.BF16);
        assertThat(DType.named("F8_E4M3")).contains(DType.F8_E4M3);
        assertThat(DType.named("bf16")).isEmpty();
        assertThat(DType.names()).contains("F32", "I64", "BOOL").hasSize(DType.values().length);
    }

    @Test
    void onlySingleAndDoublePrecisionAreComputedIn() {
        assertThat(DType.values()).filteredOn(DType::isComputable).containsExactly(DType.F64, DType.F32);
        assertThat(DType.values()).filteredOn(DType::isFloating)
                .containsExactly(DType.F64, DType.F32, DType.BF16, DType.F16);
    }

    @Test
    void everyBfloat16SurvivesTheWayToFloatAndBack() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = DType.fromBfloat16((short) bits);
            short back = DType.toBfloat16(value);
            if (Float.isNaN(value)) {
                assertThat(DType.fromBfloat16(back)).as("bits %x", bits).isNaN();
            } else {
                assertThat(back).as("bits %x", bits).isEqualTo((short) bits);
            }
        }
    }

    @Test
    void bfloat16RoundsToNearestEven() {
        float[][] table = {
            {1 + 0x1p-8f, 1}, {1 + 0x1.8p-8f, 1 + 0x1p-7f}, {1 + 0x1.8p-7f, 1 + 0x1p-6f}, {-1 - 0x1p-8f, -1},
            {Math.nextDown(1 + 0x1p-8f), 1}, {Math.nextUp(1 + 0x1p-8f), 1 + 0x1p-7f},
            {Float.MAX_VALUE, Float.POSITIVE_INFINITY}, {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY},
            {Float.MIN_VALUE, 0}, {-0f, -0f}};
        for (float[] row : table) {
            assertThat(DType.fromBfloat16(DType.toBfloat16(row[0]))).as("BF16 of %s", row[0])
                    .isEqualTo(Float.valueOf(row[1]));
        }
    }

    @Test
    void aNaNWhosePayloadIsCutOffStaysNaN() {
        assertThat(DType.fromBfloat16(DType.toBfloat16(Float.intBitsToFloat(0x7f800001)))).isNaN();
        assertThat(DType.fromBfloat16(DType.toBfloat16(Float.intBitsToFloat(0xffffffff)))).isNaN();
    }
}
