package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.Consumer;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Recorder;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Recorded work, on the emulated card or a real one.
class CudaRecorderTest {
    private CudaBackend card;
    private Scope scope;

    @BeforeEach
    void open() {
        open(FfmApi.NAME);
    }

    private void open(String binding) {
        CudaApi api = CudaContract.openCard(binding);
        if (card != null) {
            close();
        }
        card = new CudaBackend(api, 0);
        scope = Scope.root("test", card.memory());
    }

    @AfterEach
    void close() {
        scope.close();
        card.close();
    }

    private Recorder recorder() {
        return card.recorder().orElseThrow();
    }

    /// Norm, product and draw: kernels, cuBLAS, scratch memory, and a temporary tensor.
    private final class Step {
        private static final int ROWS = 3;
        private static final int SIZE = 5;
        private static final int WORDS = 40;

        final Tensor x = scope.allocate(DType.F32, ROWS, SIZE);
        final Tensor uniforms = scope.allocate(DType.F64, ROWS);
        final Tensor tokens = scope.zeros(DType.I32, ROWS);
        final Tensor logProbs = scope.zeros(DType.F32, ROWS);
        private final Tensor gain = scope.of(new float[] {1, 2, 1, 0.5f, 1}, SIZE);
        private final PackedMatrix head = card.matmul().pack(numbers(WORDS, SIZE), DType.F32, scope);

        private Tensor numbers(int... dims) {
            float[] numbers = new float[dims[0] * dims[1]];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = (float) Math.sin(i);
            }
            return scope.of(numbers, dims[0], dims[1]);
        }

        void read(double shift) {
            float[] numbers = new float[ROWS * SIZE];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = (float) Math.cos(i + shift);
            }
            x.copyFrom(numbers);
            uniforms.copyFrom(new double[] {0.1, 0.5, 0.9});
        }

        void run(Memory memory) {
            try (Scope inner = Scope.root("step", memory)) {
                Tensor normed = inner.allocate(DType.F32, ROWS, SIZE);
                card.rows().rmsNorm(x, gain, 1e-6, normed, inner.allocate(DType.F32, ROWS));
                card.elementwise().unary(ElementwiseKernels.Unary.NEGATE, normed, normed);
                card.heads().sample(normed, head, SamplingLaw.ofTemperature(0.7), uniforms, tokens, logProbs);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffm", "jcuda"})
    void recordedWorkHasTheBitsOfTheWorkItselfOnNewInputs(String binding) {
        open(binding);
        Step step = new Step();
        try (Memory own = card.memory().child()) {
            step.read(0);
            step.run(own);
            int[] firstTokens = step.tokens.toInts();
            float[] firstLogProbs = step.logProbs.toFloats();
            try (Recorder.Recording recording = recorder().record(() -> step.run(own))) {
                // What others allocate in between is not written to.
                Tensor others = scope.zeros(DType.F32, Step.ROWS, Step.SIZE);
                step.read(1);
                recording.run();
                int[] tokens = step.tokens.toInts();
                float[] logProbs = step.logProbs.toFloats();
                assertThat(others.toFloats()).containsOnly(0);
                assertThat(logProbs).isNotEqualTo(firstLogProbs);
                step.run(own);
                assertThat(tokens).isEqualTo(step.tokens.toInts());
                assertThat(logProbs).isEqualTo(step.logProbs.toFloats());
                step.read(0);
                recording.run();
                assertThat(step.tokens.toInts()).isEqualTo(firstTokens);
                assertThat(step.logProbs.toFloats()).isEqualTo(firstLogProbs);
            }
        }
    }

    @Test
    void whatCannotBeRepeatedIsRefusedByNameAndTheCardGoesOn() {
        Tensor x = scope.of(new float[] {1, 2}, 2);
        List<Consumer<Scope>> works = List.of(inner -> x.copyFrom(new float[] {3, 4}), inner -> x.toFloats(),
                // More than is left of any slab.
                inner -> inner.allocate(DType.F32, 1 << 24), inner -> card.elementwise().affine(x, 2, 0, x),
                inner -> card.elementwise().sum(x, x.slice(0, 1)), inner -> recorder().record(() -> { }));
        List<String> reasons = List.of("a copy from the host", "a copy to the host", "new device memory",
                "kernel affine, which is not loaded yet,", "a larger buffer for work within a call",
                "a second recording");
        for (int i = 0; i < works.size(); i++) {
            Consumer<Scope> work = works.get(i);
            assertThatThrownBy(() -> recorder().record(() -> {
                try (Scope inner = scope.child("work")) {
                    work.accept(inner);
                }
            })).isInstanceOf(IllegalStateException.class).hasNoSuppressedExceptions()
                    .hasMessage("record: " + reasons.get(i) + " must not be asked for while work is recorded");
            assertThat(x.toFloats()).containsExactly(1, 2);
        }
    }

    @Test
    void aRecordingWhoseScratchMemoryHasMovedIsNotRun() {
        Step step = new Step();
        try (Memory own = card.memory().child()) {
            step.read(0);
            step.run(own);
            try (Recorder.Recording recording = recorder().record(() -> step.run(own))) {
                assertThat(recording.isCurrent()).isTrue();
                int many = 20_000;
                Tensor hidden = scope.zeros(DType.F32, many, Step.SIZE);
                card.heads().sample(hidden, step.head, SamplingLaw.greedy(), scope.zeros(DType.F64, many),
                        scope.zeros(DType.I32, many), scope.zeros(DType.F32, many));
                assertThat(recording.isCurrent()).isFalse();
                assertThatThrownBy(recording::run).isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("must be recorded anew");
            }
        }
    }

    @Test
    void aWrongIndexInRecordedWorkIsThrownAtTheNextWait() {
        Tensor table = scope.zeros(DType.F32, 4, 2);
        Tensor ids = scope.of(new int[] {0, 3}, 2);
        Tensor out = scope.zeros(DType.F32, 2, 2);
        card.rows().gather(table, ids, out);
        try (Recorder.Recording recording = recorder().record(() -> card.rows().gather(table, ids, out))) {
            ids.copyFrom(new int[] {0, 4});
            recording.run();
            assertThatThrownBy(out::toFloats).isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("gather: ids[1] = 4 must be a row of the table");
        }
    }

    @Test
    void graphsCanBeTurnedOff() {
        System.setProperty(CudaRecorder.PROPERTY, "off");
        try {
            open(FfmApi.NAME);
            assertThat(card.recorder()).isEmpty();
        } finally {
            System.clearProperty(CudaRecorder.PROPERTY);
        }
    }
}
