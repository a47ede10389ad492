package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Attention on an emulated card of compute capability 8.6, whose blocks have 99 KiB of shared memory.
class SharedMemoryTest {
    private static final int BYTES = 99 << 10;

    @BeforeEach
    void useTheEmulatedCard() {
        EmulatedCuda.use();
    }

    /// Runs forward and backward over one token of one head.
    private static void attend(CudaBackend card, Scope scope, int size) {
        Tensor q = scope.zeros(DType.F32, 1, 1, size);
        Tensor starts = scope.of(new int[] {0, 1}, 2);
        Tensor statistics = scope.zeros(DType.F32, 1, 1, 2);
        Tensor out = scope.zeros(DType.F32, 1, 1, size);
        Tensor dq = scope.zeros(DType.F32, 1, 1, size);
        card.attention().forward(q, q, q, starts, 1, out, statistics);
        card.attention().backward(q, q, q, q, out, statistics, starts, 1, dq, scope.zeros(DType.F32, 1, 1, size),
                scope.zeros(DType.F32, 1, 1, size));
        assertThat(dq.toFloats()).containsOnly(0);
    }

    /// The gradient of keys holds 64 (E + 1) + 32 E + 2 · 512 numbers of 4 bytes: 101,120 at E = 252, 101,504 at 253.
    @Test
    void headsThatDoNotFitAreRefusedByNameBeforeAKernelIsStarted() {
        EmulatedCuda.withSharedBytes(BYTES, () -> {
            try (CudaBackend card = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
                    Scope scope = Scope.root("test", card.memory())) {
                attend(card, scope, 252);
                assertThatThrownBy(() -> attend(card, scope, 253)).isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("attention backward: q ").hasMessageEndingWith("has heads of 253 "
                                + "elements, which take 101,504 bytes of a block's shared memory, they must take at "
                                + "most the 101,376 of cuda:0");
            }
        });
    }

    /// The gradient of queries holds 2 · 128 + 3 · 32 rows of 136 numbers of 2 bytes: 95,744 at E = 128.
    @Test
    void headsOnTensorCoresFitAndAreRefusedByNameWhereTheyDoNot() {
        EmulatedCuda.withSharedBytes(BYTES, () -> attendOnTensorCores(128));
        EmulatedCuda.withSharedBytes(64 << 10, () -> {
            attendOnTensorCores(64);
            assertThatThrownBy(() -> attendOnTensorCores(128)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("attention forward: q ").hasMessageEndingWith("has heads of 128 elements, "
                            + "which take 69,632 bytes of a block's shared memory, they must take at most the 65,536 "
                            + "of cuda:0");
        });
    }

    private static void attendOnTensorCores(int size) {
        try (CudaBackend card = TwoCards.rounding(); Scope scope = Scope.root("test", card.memory())) {
            attend(card, scope, size);
        }
    }

    @Test
    void aCardWithLittleSharedMemoryRefusesEveryAttention() {
        EmulatedCuda.withSharedBytes(16 << 10, () -> {
            try (CudaBackend card = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
                    Scope scope = Scope.root("test", card.memory())) {
                Tensor q = scope.zeros(DType.F32, 1, 1, 256);
                Tensor ids = scope.zeros(DType.I32, 1);
                assertThatThrownBy(() -> card.attention().forward(q, q, q, scope.of(new int[] {0, 1}, 2), 1,
                        scope.zeros(DType.F32, 1, 1, 256), scope.zeros(DType.F32, 1, 1, 2)))
                        .hasMessageStartingWith("attention forward: q ").hasMessageContaining("must take at most");
                assertThatThrownBy(() -> card.attention().forwardPaged(q, scope.zeros(DType.F32, 1, 1, 256, 16),
                        scope.zeros(DType.F32, 1, 1, 16, 256), ids, ids, ids.reshape(1, 1), 1,
                        scope.zeros(DType.F32, 1, 1, 256)))
                        .hasMessageStartingWith("attention forwardPaged: q ").hasMessageContaining("must take at most");
            }
        });
    }
}
