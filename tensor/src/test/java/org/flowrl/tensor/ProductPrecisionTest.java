package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProductPrecisionTest {
    @BeforeEach
    @AfterEach
    void setNothing() {
        System.clearProperty(ProductPrecision.PROPERTY);
    }

    @Test
    void whereNothingIsSetWeightsDecide() {
        assertThat(ProductPrecision.set()).isEqualTo(ProductPrecision.WEIGHTS);
    }

    /// The setting, the weights' type, that of the other operands.
    @ParameterizedTest
    @CsvSource({"weights, F32, F32", "weights, BF16, BF16", "f32, F32, F32", "f32, BF16, F32", "tf32, F32, F32",
        "tf32, BF16, F32", "bf16, F32, BF16", "bf16, BF16, BF16"})
    void operandsHaveTheTypeThatTheSettingGivesThem(String setting, DType storage, DType operands) {
        System.setProperty(ProductPrecision.PROPERTY, setting);
        assertThat(ProductPrecision.set().operands(storage)).isEqualTo(operands);
    }

    @Test
    void anotherValueIsRefusedByName() {
        System.setProperty(ProductPrecision.PROPERTY, "BF16");
        assertThatIllegalArgumentException().isThrownBy(ProductPrecision::set)
                .withMessage("gpu.products 'BF16' must be one of weights|f32|tf32|bf16");
    }
}
