package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ShapeTest {
    @Test
    void elementsAreTheProductOfTheDimensions() {
        assertThat(Shape.of(2, 3, 4).elements()).isEqualTo(24);
        assertThat(Shape.of(2, 0, 4).elements()).isZero();
        assertThat(Shape.of().elements()).isEqualTo(1);
        assertThat(Shape.of(1L << 40).elements()).isEqualTo(1L << 40);
    }

    @Test
    void rowsAreCountedByAllButTheLastDimension() {
        assertThat(Shape.of(2, 3, 4).rows()).isEqualTo(6);
        assertThat(Shape.of(4).rows()).isEqualTo(1);
        assertThat(Shape.of(0, 4).rows()).isZero();
        assertThat(Shape.of(4, 0).rows()).isZero();
    }

    @Test
    void negativeAxesCountFromTheEnd() {
        Shape shape = Shape.of(2, 3, 4);
        assertThat(shape.dim(-1)).isEqualTo(4);
        assertThat(shape.dim(-3)).isEqualTo(shape.dim(0)).isEqualTo(2);
        assertThatThrownBy(() -> shape.dim(3)).isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessageContaining("axis 3").hasMessageContaining("[2, 3, 4]");
        assertThatThrownBy(() -> shape.dim(-4)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void shapesAreValues() {
        long[] dims = {2, 3};
        Shape shape = Shape.of(dims);
        dims[0] = 9;
        shape.toArray()[1] = 9;
        assertThat(shape).isEqualTo(Shape.of(2, 3)).hasSameHashCodeAs(Shape.of(2, 3)).isNotEqualTo(Shape.of(3, 2))
                .hasToString("[2, 3]");
        assertThat(shape.is(2, 3)).isTrue();
        assertThat(shape.is(2, 3, 1)).isFalse();
    }

    @Test
    void impossibleDimensionsAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Shape.of(2, -1)).withMessageContaining("-1");
        assertThatThrownBy(() -> Shape.of(1L << 40, 1L << 40)).isInstanceOf(ArithmeticException.class);
    }
}
