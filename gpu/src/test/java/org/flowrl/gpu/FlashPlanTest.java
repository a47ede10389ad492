package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.PlanBackend;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Plans of a card count the buffers of attention on tensor cores.
class FlashPlanTest {
    private static final int TOKENS = 150;

    /// Bytes of buffers after attention forward and backward.
    private static long buffers(Backend backend, int heads, int groups, int size) {
        try (Scope scope = Scope.root("test", backend.memory())) {
            long before = backend.workspaceBytes();
            Tensor q = scope.zeros(DType.F32, TOKENS, heads, size);
            Tensor k = scope.zeros(DType.F32, TOKENS, groups, size);
            Tensor starts = scope.of(new int[] {0, TOKENS}, 2);
            Tensor statistics = scope.zeros(DType.F32, TOKENS, heads, 2);
            Tensor out = scope.zeros(DType.F32, TOKENS, heads, size);
            backend.attention().forward(q, k, k, starts, 1, out, statistics);
            backend.attention().backward(q, q, k, k, out, statistics, starts, 1, scope.zeros(DType.F32, TOKENS, heads,
                    size), scope.zeros(DType.F32, TOKENS, groups, size), scope.zeros(DType.F32, TOKENS, groups, size));
            return backend.workspaceBytes() - before;
        }
    }

    @ParameterizedTest
    @CsvSource({"7, 1, 64", "2, 2, 128", "4, 2, 32"})
    void thePlanCountsTheBuffersThatACardGrows(int heads, int groups, int size) {
        EmulatedCuda.use();
        try (Backend card = TwoCards.rounding();
                Backend plan = PlanBackend.ofCard(new PlanBackend.Card(false, true, 0))) {
            assertThat(buffers(plan, heads, groups, size)).isEqualTo(buffers(card, heads, groups, size)).isPositive();
        }
    }
}
