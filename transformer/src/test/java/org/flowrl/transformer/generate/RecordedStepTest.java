package org.flowrl.transformer.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.flowrl.autograd.Tape;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Recorder;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.transformer.KvCache;
import org.flowrl.transformer.ModelFixture;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.TinyConfigs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Recorded decoding on CPU backends, whose recorder here is one that does the work again.
class RecordedStepTest {
    private static final int LONGEST = 60;
    private static final SamplingLaw LAW = SamplingLaw.ofTemperature(1);
    private static final RandomKey KEY = RandomKey.of(3);

    /// A recorder for devices that compute at once: a recording keeps the work, and the fixed tensors with it.
    private static final class Again implements Recorder {
        private int recorded;
        private int open;
        private boolean isCurrent = true;

        @Override
        public Recording record(Runnable work) {
            recorded++;
            open++;
            isCurrent = true;
            return new Recording() {
                @Override
                public boolean isCurrent() {
                    return isCurrent;
                }

                @Override
                public void run() {
                    work.run();
                }

                @Override
                public void close() {
                    open--;
                }
            };
        }
    }

    private final Again recorder = new Again();

    private RecordedStep recorded(ModelFixture fixture, KvCache cache) {
        return new RecordedStep(fixture.model(), fixture.backend(), recorder, fixture.scope(), cache, LONGEST, LAW);
    }

    private static ModelFixture fixture(String backend) {
        return ModelFixture.random(TinyConfigs.qwen2(), backend, 2, DType.F32, 21);
    }

    private static KvCache cache(ModelFixture fixture) {
        return new KvCache(fixture.model().config(), DType.F32, fixture.scope(), 40);
    }

    /// Opens sequences with prompts of 5, 12, 19, … tokens.
    private static int[] prefill(ModelFixture fixture, KvCache cache, int count) {
        QwenConfig config = fixture.model().config();
        int[] sequences = IntStream.range(0, count).map(i -> cache.open()).toArray();
        int[][] prompts = IntStream.range(0, count).mapToObj(i -> IntStream.range(0, 5 + 7 * i)
                .map(t -> (3 * t + i) % config.vocabSize()).toArray()).toArray(int[][]::new);
        try (Tape tape = Tape.inference(fixture.backend(), fixture.scope())) {
            fixture.model().forward(tape, cache.prepare(tape.scope(), sequences, prompts));
        }
        return sequences;
    }

    /// Draws of the first `count` sequences, each after the token `round`.
    private static Draws next(DecodeStep step, int[] sequences, int count, int round) {
        return step.next(Arrays.copyOf(sequences, count),
                IntStream.range(0, count).mapToObj(row -> new int[] {round + row}).toArray(int[][]::new),
                IntStream.range(0, count).mapToDouble(row -> KEY.fold(row).uniform(round)).toArray());
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "3, 3", "4, 4", "5, 6", "6, 6", "7, 8", "9, 12", "13, 16", "100, 128", "130, 192",
            "512, 512"})
    void rowsAreRoundedUpToAPowerOfTwoOrOneAndAHalf(int rows, int bucket) {
        assertThat(RecordedStep.bucket(rows)).isEqualTo(bucket);
    }

    @ParameterizedTest
    @MethodSource("org.flowrl.transformer.ModelFixture#backends")
    void rowsThatFillUpABatchChangeNoBitOfTheOthers(String backend) {
        try (ModelFixture fixture = fixture(backend)) {
            KvCache plain = cache(fixture);
            KvCache own = cache(fixture);
            int[] plainSequences = prefill(fixture, plain, 5);
            int[] ownSequences = prefill(fixture, own, 5);
            try (DecodeStep direct = new DecodeStep.Direct(fixture.model(), fixture.backend(), fixture.scope(), plain,
                    LAW); RecordedStep recorded = recorded(fixture, own)) {
                int round = 0;
                for (int count : new int[] {5, 5, 5, 4, 4, 2, 5, 3, 3, 1}) {
                    Draws expected = next(direct, plainSequences, count, round);
                    Draws actual = next(recorded, ownSequences, count, round++);
                    assertThat(actual.tokens()).as("round " + round).isEqualTo(expected.tokens());
                    assertThat(actual.logProbs()).as("round " + round).isEqualTo(expected.logProbs());
                }
            }
            // 5 rows make a batch of 6, 4 and 3 rows one of their own; 2 and 1 came only once.
            assertThat(recorder.recorded).isEqualTo(3);
            assertThat(recorder.open).as("recordings left open").isZero();
        }
    }

    @Test
    void aRecordingThatIsNoLongerCurrentIsMadeAnew() {
        try (ModelFixture fixture = fixture("reference")) {
            KvCache cache = cache(fixture);
            int[] sequences = prefill(fixture, cache, 2);
            try (RecordedStep step = recorded(fixture, cache)) {
                for (int round = 0; round < 3; round++) {
                    next(step, sequences, 2, round);
                }
                assertThat(recorder.recorded).isEqualTo(1);
                recorder.isCurrent = false;
                next(step, sequences, 2, 3);
                assertThat(recorder.recorded).isEqualTo(2);
                assertThat(recorder.open).isEqualTo(1);
            }
        }
    }

    @Test
    void closingGivesTheMemoryOfActivationsBack() {
        try (ModelFixture fixture = fixture("reference")) {
            KvCache cache = cache(fixture);
            int[] sequences = prefill(fixture, cache, 2);
            RecordedStep step = recorded(fixture, cache);
            long before = fixture.backend().memory().bytesInUse();
            next(step, sequences, 2, 0);
            long inputs = 3 * 256;
            assertThat(fixture.backend().memory().bytesInUse()).isGreaterThan(before + inputs);
            step.close();
            // What is left are the inputs and outputs: integers, uniforms, and tokens with their log-probabilities.
            assertThat(fixture.backend().memory().bytesInUse()).isEqualTo(before + inputs);
        }
    }

    /// A batch that shrinks takes the inputs of each number of rows more, and nothing for its activations; one that
    /// grows has those of fewer rows given up.
    @Test
    void activationsTakeTheMemoryOfTheMostRows() {
        try (ModelFixture fixture = fixture("reference")) {
            KvCache cache = cache(fixture);
            int[] sequences = prefill(fixture, cache, 6);
            try (RecordedStep grown = recorded(fixture, cache); RecordedStep shrunk = recorded(fixture, cache)) {
                long before = fixture.backend().memory().bytesInUse();
                next(shrunk, sequences, 6, 0);
                long full = fixture.backend().memory().bytesInUse() - before;
                for (int count : new int[] {4, 3, 2, 1}) {
                    next(shrunk, sequences, count, count);
                    next(shrunk, sequences, count, count + 1);
                }
                // Three of 256 bytes for each of four numbers of rows.
                long inputs = 4 * 3 * 256;
                assertThat(fixture.backend().memory().bytesInUse() - before).isEqualTo(full + inputs);
                before = fixture.backend().memory().bytesInUse();
                for (int count : new int[] {1, 2, 3, 4, 6}) {
                    next(grown, sequences, count, 7);
                    next(grown, sequences, count, 8);
                    assertThat(recorder.open).as("of the last number of rows, and of four before").isEqualTo(1 + 4);
                }
                assertThat(fixture.backend().memory().bytesInUse() - before).isEqualTo(full + inputs);
            }
        }
    }
}
