package org.flowrl.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TensorTest {
    private final Memory memory = Memory.ofHost();
    private final Scope scope = Scope.root("test", memory);

    @AfterEach
    void close() {
        scope.close();
        memory.close();
    }

    @Test
    void aTensorKnowsWhatItIs() {
        Tensor tensor = scope.zeros(DType.F32, 2, 3);
        assertThat(tensor.shape()).isEqualTo(Shape.of(2, 3));
        assertThat(tensor.dtype()).isEqualTo(DType.F32);
        assertThat(tensor.device()).isEqualTo(Device.CPU);
        assertThat(tensor.elements()).isEqualTo(6);
        assertThat(tensor.bytes()).isEqualTo(24);
        assertThat(tensor.dim(-1)).isEqualTo(3);
        assertThat(tensor.scope()).isSameAs(scope);
        assertThat(tensor).hasToString("F32[2, 3]");
    }

    @Test
    void viewsShareMemory() {
        Tensor tensor = scope.of(new float[] {0, 1, 2, 3, 4, 5}, 3, 2);
        Tensor rows = tensor.slice(1, 2);
        assertThat(rows.shape()).isEqualTo(Shape.of(2, 2));
        assertThat(rows.toFloats()).containsExactly(2, 3, 4, 5);
        assertThat(rows.address() - tensor.address()).isEqualTo(8);
        rows.reshape(4).set(3, 9);
        assertThat(tensor.get(5)).isEqualTo(9);
        assertThat(rows.slice(1, 1).slice(0, 1).toFloats()).containsExactly(4, 9);
        assertThat(tensor.slice(3, 0).elements()).isZero();
    }

    @Test
    void bytesCanBeElementsOfAnotherType() {
        Tensor bits = scope.of(new int[] {0, 0x3f800000, 0xc0000000}, 3);
        assertThat(bits.slice(1, 2).reinterpretedAs(DType.F32).toFloats()).containsExactly(1, -2);
        assertThat(bits.slice(0, 2).reinterpretedAs(DType.F64).toDoubles())
                .containsExactly(Double.longBitsToDouble(0x3f800000L << 32));
        assertThatIllegalArgumentException().isThrownBy(() -> bits.reinterpretedAs(DType.F64))
                .withMessage("reinterpretedAs: 12 bytes of I32[3] must be a whole number of F64");
    }

    @Test
    void impossibleViewsAreRefused() {
        Tensor tensor = scope.zeros(DType.F32, 3, 2);
        assertThatIllegalArgumentException().isThrownBy(() -> tensor.reshape(4, 2)).withMessageContaining("[3, 2]")
                .withMessageContaining("[4, 2]");
        for (long[] bounds : new long[][] {{-1, 1}, {2, 2}, {0, 4}, {1, -1}}) {
            assertThatThrownBy(() -> tensor.slice(bounds[0], bounds[1])).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void valuesGoInAndComeOut() {
        assertThat(scope.of(new float[] {1, -2}, 2).toFloats()).containsExactly(1, -2);
        assertThat(scope.of(new int[] {1, -2}, 2).toInts()).containsExactly(1, -2);
        Tensor doubles = scope.allocate(DType.F64, 2);
        doubles.copyFrom(new double[] {1e-300, -2});
        assertThat(doubles.toDoubles()).containsExactly(1e-300, -2);
        assertThat(scope.of(new float[] {0.1f}, 1).toDoubles()).containsExactly((double) 0.1f);
        Tensor copy = doubles.copy(scope);
        doubles.set(0, 5);
        assertThat(copy.toDoubles()).containsExactly(1e-300, -2);
    }

    @Test
    void copiesOfOtherTypesOrSizesAreRefused() {
        Tensor tensor = scope.zeros(DType.F32, 2);
        assertThatIllegalArgumentException().isThrownBy(() -> tensor.copyFrom(new float[3]))
                .withMessageContaining("F32[2]").withMessageContaining("3 values of F32 must agree");
        assertThatIllegalArgumentException().isThrownBy(() -> tensor.copyFrom(new double[2]));
        assertThatIllegalArgumentException().isThrownBy(() -> tensor.copyFrom(scope.zeros(DType.I32, 2)));
        assertThatIllegalArgumentException().isThrownBy(tensor::toInts);
        assertThatIllegalArgumentException().isThrownBy(scope.zeros(DType.I32, 2)::toDoubles);
    }

    @Test
    void singleElementsAreReadInEveryStoredType() {
        try (Arena arena = Arena.ofConfined()) {
            var bytes = arena.allocate(8, 8);
            bytes.set(ValueLayout.JAVA_LONG, 0, -2);
            assertThat(scope.wrap(bytes, DType.I64, Shape.of(1)).get(0)).isEqualTo(-2);
            assertThat(scope.wrap(bytes, DType.I32, Shape.of(2)).get(1)).isEqualTo(-1);
            assertThat(scope.wrap(bytes, DType.I16, Shape.of(1)).get(0)).isEqualTo(-2);
            assertThat(scope.wrap(bytes, DType.I8, Shape.of(1)).get(0)).isEqualTo(-2);
            bytes.set(ValueLayout.JAVA_SHORT, 0, DType.toBfloat16(1.5f));
            assertThat(scope.wrap(bytes, DType.BF16, Shape.of(1)).get(0)).isEqualTo(1.5);
            bytes.set(ValueLayout.JAVA_SHORT, 0, Float.floatToFloat16(-0.25f));
            assertThat(scope.wrap(bytes, DType.F16, Shape.of(1)).get(0)).isEqualTo(-0.25);
        }
    }

    @Test
    void unsignedTypesReadAsUnsigned() {
        try (Arena arena = Arena.ofConfined()) {
            var bytes = arena.allocate(8, 8).fill((byte) 0xff);
            assertThat(scope.wrap(bytes, DType.U8, Shape.of(1)).get(0)).isEqualTo(255);
            assertThat(scope.wrap(bytes, DType.U16, Shape.of(1)).get(0)).isEqualTo(65535);
            assertThat(scope.wrap(bytes, DType.U32, Shape.of(1)).get(0)).isEqualTo(4294967295.0);
            assertThat(scope.wrap(bytes, DType.U64, Shape.of(1)).get(0)).isEqualTo(0x1p64);
        }
    }

    @Test
    void elementsOutOfRangeAreRefused() {
        Tensor tensor = scope.zeros(DType.F32, 2).slice(0, 1);
        assertThatThrownBy(() -> tensor.get(1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> tensor.set(-1, 0)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void itemIsTheOnlyElement() {
        assertThat(scope.of(new float[] {3}, 1).item()).isEqualTo(3);
        assertThat(scope.of(new int[] {3}).item()).isEqualTo(3);
        assertThatIllegalStateException().isThrownBy(scope.zeros(DType.F32, 2)::item)
                .withMessageContaining("F32[2]").withMessageContaining("2 elements");
    }

    @Test
    void scalarsAndEmptyTensorsAreTensors() {
        assertThat(scope.zeros(DType.F32).item()).isZero();
        assertThat(scope.zeros(DType.F32, 0, 3).toFloats()).isEmpty();
        assertThat(scope.zeros(DType.F32, 0, 3).slice(0, 0).copy(scope).shape()).isEqualTo(Shape.of(0, 3));
    }
}
