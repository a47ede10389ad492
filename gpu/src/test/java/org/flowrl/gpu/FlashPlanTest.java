package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ProductPrecision;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.PlanBackend;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Plans of a card count the buffers of attention on tensor cores.
class FlashPlanTest {
    private static final int TOKENS = 150;

    /// Bytes of buffers after attention forward and backward.
    private static long buffers(Backend backend, DType storage, int heads, int groups, int size) {
        try (Scope scope = Scope.root("test", backend.memory())) {
            long before = backend.workspaceBytes();
            Tensor q = scope.zeros(DType.F32, TOKENS, heads, size);
            Tensor k = scope.zeros(DType.F32, TOKENS, groups, size);
            Tensor starts = scope.of(new int[] {0, TOKENS}, 2);
            Tensor statistics = scope.zeros(DType.F32, TOKENS, heads, 2);
            Tensor out = scope.zeros(DType.F32, TOKENS, heads, size);
            backend.attention(storage).forward(q, k, k, starts, 1, out, statistics);
            backend.attention(storage).backward(q, q, k, k, out, statistics, starts, 1, scope.zeros(DType.F32, TOKENS,
                    heads, size), scope.zeros(DType.F32, TOKENS, groups, size), scope.zeros(DType.F32, TOKENS, groups,
                    size));
            return backend.workspaceBytes() - before;
        }
    }

    @ParameterizedTest
    @CsvSource({"BF16, 7, 1, 64", "BF16, 2, 2, 128", "BF16, 4, 2, 32", "F32, 7, 1, 64"})
    void thePlanCountsTheBuffersThatACardGrows(DType storage, int heads, int groups, int size) {
        EmulatedCuda.use();
        try (Backend card = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
                Backend plan = PlanBackend.ofCard(new PlanBackend.Card(false, ProductPrecision.WEIGHTS, 0))) {
            assertThat(buffers(plan, storage, heads, groups, size))
                    .isEqualTo(buffers(card, storage, heads, groups, size)).isPositive();
        }
    }
}
