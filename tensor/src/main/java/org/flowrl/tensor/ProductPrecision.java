package org.flowrl.tensor;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// How a card computes products of F32 numbers, which it does many times faster where they are rounded for its tensor
/// cores: the system property {@link #PROPERTY}. Sums are F32 in all of them, and with a weight that is packed as BF16
/// the other operand of its products is always rounded to it. What this decides is the rest: operands of a weight's
/// gradient, those of attention, and products of two F32 matrices.
public enum ProductPrecision {
    /// As the weights: operands are rounded to BF16 where weights are packed as BF16, and stay F32 beside those of F32.
    WEIGHTS,
    /// Operands stay F32.
    F32,
    /// Operands stay F32, of which products read the first 10 bits of the fraction; attention reads all.
    TF32,
    /// Operands are rounded to BF16, whatever the weights' type.
    BF16;

    /// The system property.
    public static final String PROPERTY = "gpu.products";

    /// All values of the property, such as `weights|f32`.
    public static final String VALUES = Arrays.stream(values()).map(ProductPrecision::toString)
            .collect(Collectors.joining("|"));

    /// What the property says; {@link #WEIGHTS} where it says nothing.
    ///
    /// @throws IllegalArgumentException where it says something else
    public static ProductPrecision set() {
        String value = System.getProperty(PROPERTY, WEIGHTS.toString());
        return Arrays.stream(values()).filter(precision -> precision.toString().equals(value)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException(PROPERTY + " '" + value + "' must be one of "
                        + VALUES));
    }

    /// The type that operands of gradients and of attention have beside weights that are packed as `storage`.
    public DType operands(DType storage) {
        return this == BF16 || this == WEIGHTS && storage == DType.BF16 ? DType.BF16 : DType.F32;
    }

    /// As the property has it.
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
