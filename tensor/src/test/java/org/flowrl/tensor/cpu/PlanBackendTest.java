package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Device;
import org.flowrl.tensor.ElementwiseKernels.Binary;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlanBackendTest {
    private final PlanBackend backend = PlanBackend.ofCpu(2);
    private final Scope scope = Scope.root("plan", backend.memory());

    @AfterEach
    void close() {
        scope.close();
        backend.close();
    }

    @Test
    void aTensorOfATerabyteIsCountedAndReadsAsZeros() {
        Tensor huge = scope.zeros(DType.F32, 1L << 38);
        assertThat(huge.device()).isEqualTo(Device.PLAN);
        assertThat(backend.memory().bytesInUse()).isEqualTo(1L << 40);
        Tensor part = huge.slice(5, 3);
        part.copyFrom(new float[] {1, 2, 3});
        assertThat(part.toFloats()).containsExactly(0, 0, 0);
        assertThatThrownBy(part::segment).isInstanceOf(IllegalStateException.class)
                .hasMessage("tensor F32[3] lies on plan, not in host memory");
    }

    @Test
    void aKernelChecksItsArgumentsAndLeavesItsOutputsAlone() {
        Tensor x = scope.allocate(DType.F32, 4, 8);
        PackedMatrix w = backend.matmul().pack(scope.allocate(DType.F32, 3, 8), DType.BF16, scope);
        backend.matmul().forward(x, w, null, scope.allocate(DType.F32, 4, 3));
        assertThatIllegalArgumentException().isThrownBy(() ->
                backend.matmul().forward(x, w, null, scope.allocate(DType.F32, 4, 2)))
                .withMessageStartingWith("matmul forward: y F32[4, 2] must be [4, 3]");
    }

    /// Outputs are rounded up to whole panels, which are wider on wider vectors.
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void packedCopiesHaveTheBytesOfTheVectorBackend(DType storage) {
        try (Backend vector = Backends.open("vector", 1).backend();
             Scope own = Scope.root("vector", vector.memory())) {
            for (long outputs : new long[] {3, 17, 129}) {
                long bytes = vector.matmul().pack(own.zeros(DType.F32, outputs, 8), storage, own).bytes();
                assertThat(backend.matmul().pack(scope.allocate(DType.F32, outputs, 8), storage, scope).bytes())
                        .isEqualTo(bytes);
            }
        }
    }

    /// A card reads F32 weights as they are, and rounds copies to BF16 without panels.
    @Test
    void aCardHasNoCopyOfAWeightOfF32() {
        try (PlanBackend card = PlanBackend.ofCard(PlanBackend.Card.USUAL);
             Scope own = Scope.root("card", card.memory())) {
            Tensor weight = own.allocate(DType.F32, 3, 8);
            assertThat(card.matmul().pack(weight, DType.F32, own).bytes()).isZero();
            assertThat(card.matmul().pack(weight, DType.BF16, own).bytes()).isEqualTo(3 * 8 * 2);
            assertThat(card.guarantees().rowInvariant()).isFalse();
        }
    }

    @Test
    void chunkBuffersGrowWithTheCallsThatNeedThem() {
        long before = backend.workspaceBytes();
        Tensor x = scope.allocate(DType.F32, 1L << 34);
        backend.optimizer().squaredNorm(x);
        // One F64 for each chunk of 4,096 elements.
        assertThat(backend.workspaceBytes() - before).isEqualTo(8 * (1L << 34) / 4096);
    }

    @ParameterizedTest
    @ValueSource(strings = {"vector", "reference"})
    void tensorsWithoutMemoryAreRefusedByOtherBackends(String name) {
        Tensor x = scope.allocate(DType.F32, 4);
        try (Backend other = Backends.open(name, 1).backend()) {
            assertThatThrownBy(() -> other.elementwise().binary(Binary.ADD, x, x, x))
                    .hasMessageContaining("lies on plan");
        }
    }

    @Test
    void tensorsOfTwoDevicesAreRefused() {
        try (Backend host = Backends.open("reference", 1).backend();
             Scope own = Scope.root("host", host.memory())) {
            Tensor x = scope.allocate(DType.F32, 4);
            Tensor y = own.allocate(DType.F32, 4);
            assertThatIllegalArgumentException().isThrownBy(() -> backend.elementwise().affine(x, 1, 0, y))
                    .withMessage("affine: y F32[4] lies on cpu, it must lie on plan");
        }
    }
}
