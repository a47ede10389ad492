package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.ProductPrecision;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.PlanBackend;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Plans of a card count the buffers of the language-model head, call by call.
class HeadPlanTest {
    private static final int ROWS = 40;
    private static final int SIZE = 16;
    /// Three parts of a row, and enough logits that buffers exceed their least size.
    private static final int WORDS = 10_000;

    /// What the head of a backend is asked for.
    private interface Call {
        void of(HeadKernels heads, Scope scope, Tensor hidden, PackedMatrix weight, Tensor numbers);
    }

    private static Call sample(SamplingLaw law) {
        return (heads, scope, hidden, weight, numbers) -> heads.sample(hidden, weight, law,
                scope.zeros(DType.F64, ROWS), scope.zeros(DType.I32, ROWS), numbers);
    }

    private static Call logProbs() {
        return (heads, scope, hidden, weight, numbers) -> heads.logProbs(hidden, weight,
                scope.zeros(DType.I32, ROWS), 1, numbers, numbers, numbers);
    }

    private static Call gradients() {
        return (heads, scope, hidden, weight, numbers) -> heads.logProbsBackward(hidden, weight,
                scope.zeros(DType.I32, ROWS), 1, numbers, numbers, numbers, null, scope.zeros(DType.F32, ROWS, SIZE),
                scope.zeros(DType.F32, WORDS, SIZE));
    }

    static Stream<Arguments> calls() {
        return Stream.of(DType.F32, DType.BF16).flatMap(storage -> Stream.of(
                Arguments.of("log-probabilities", storage, logProbs()), Arguments.of("gradients", storage, gradients()),
                Arguments.of("whole", storage, sample(SamplingLaw.ofTemperature(1))),
                Arguments.of("truncated", storage, sample(new SamplingLaw(1, 5, 0.9))),
                Arguments.of("greedy", storage, sample(SamplingLaw.greedy()))));
    }

    private static long buffers(Backend backend, DType storage, Call call) {
        try (Scope scope = Scope.root("test", backend.memory())) {
            PackedMatrix weight = backend.matmul().pack(scope.zeros(DType.F32, WORDS, SIZE), storage, scope);
            long before = backend.workspaceBytes();
            call.of(backend.heads(), scope, scope.zeros(DType.F32, ROWS, SIZE), weight, scope.zeros(DType.F32, ROWS));
            return backend.workspaceBytes() - before;
        }
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("calls")
    void thePlanCountsTheBuffersThatACardGrows(String what, DType storage, Call call) {
        EmulatedCuda.use();
        try (Backend card = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
                Backend plan = PlanBackend.ofCard(new PlanBackend.Card(false, ProductPrecision.F32, 0))) {
            assertThat(buffers(plan, storage, call)).isEqualTo(buffers(card, storage, call)).isPositive();
        }
    }
}
