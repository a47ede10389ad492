package org.flowrl.bench.steps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.api.Test;

class StepComparisonTest {
    private static final Workload TRAINING = new Workload("train-tiny", Workload.Kind.TRAIN,
            QwenConfig.tiny(64, 32, 1, 64), 2, 4, 0);

    @Test
    void enginesRunInTurnsAndWarmRunsAreNotTimed() {
        List<String> lines = new ArrayList<>();
        List<Measurement> measured = new StepComparison(1, 2, false, List.of(), lines::add)
                .measure(TRAINING, List.of(new FlowRlEngine(), new Echo(0)), 1);
        assertThat(lines).hasSize(6);
        assertThat(lines.get(1)).contains("echo");
        assertThat(measured).extracting(Measurement::engine).containsExactly("flowrl", "echo");
        assertThat(measured.get(0).seconds()).hasSize(2);
        assertThat(measured.get(0).losses()).hasSize(3);
        assertThat(measured.get(0).stages()).containsOnlyKeys("forward", "backward", "update");
        assertThat(measured.get(1).check()).startsWith("losses of 2 steps within 0");
    }

    @Test
    void aPeerThatComputesSomethingElseIsNotMeasured() {
        StepComparison comparison = new StepComparison(1, 1, false, List.of(), line -> { });
        assertThatThrownBy(() -> comparison.measure(TRAINING, List.of(new FlowRlEngine(), new Echo(0.01)), 1))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("of echo must be within");
    }

    @Test
    void aPeerAloneIsHeldAgainstRecordedLosses() {
        StepComparison comparison = new StepComparison(1, 1, false, List.of(), line -> { });
        assertThatThrownBy(() -> comparison.measure(TRAINING, List.of(new Echo(0)), 1))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("before its peers");
        List<Measurement> recorded = comparison.measure(TRAINING, List.of(new FlowRlEngine()), 1);
        assertThat(new StepComparison(1, 1, false, recorded, line -> { }).measure(TRAINING, List.of(new Echo(0)), 1))
                .hasSize(1);
    }

    @Test
    void decodingGivesAsManyTokensAsAskedFor() {
        Workload decoding = new Workload("decode-8", Workload.Kind.DECODE, QwenConfig.tiny(64, 32, 1, 64), 3, 4, 5);
        try (StepEngine.Prepared prepared = new FlowRlEngine().open(decoding, 1)) {
            StepEngine.Outcome first = prepared.run();
            StepEngine.Outcome second = prepared.run();
            assertThat(first.generated()).hasSize(3).allMatch(tokens -> tokens.length == 5);
            assertThat(first.generated().get(2)).containsExactly(second.generated().get(2));
            assertThat(first.tokens()).isEqualTo(12);
            assertThat(first.seconds()).isPositive();
        }
    }

    /// Our own training, whose losses are reported `error` too high, relative.
    private record Echo(double error) implements StepEngine {
        @Override
        public String name() {
            return "echo";
        }

        @Override
        public String description() {
            return "";
        }

        @Override
        public Optional<String> refusal(Workload workload) {
            return Optional.empty();
        }

        @Override
        public double lossTolerance() {
            return 1e-4;
        }

        @Override
        public Prepared open(Workload workload, int threads) {
            Prepared own = new FlowRlEngine().open(workload, threads);
            return new Prepared() {
                @Override
                public Outcome run() {
                    Outcome outcome = own.run();
                    return new Outcome(outcome.seconds(), outcome.tokens(), outcome.loss() * (1 + error),
                            outcome.generated(), Map.of());
                }

                @Override
                public void close() {
                    own.close();
                }
            };
        }
    }
}
