package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Percentage;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Moments in half the memory.
class RunMomentsTest {
    @TempDir
    private Path folder;

    /// Ten steps of the lattice preset, on the same samples: rounding moments by lot changes the losses by 2e-5 of
    /// themselves at most. Sixty supervised steps from 2.17 nats a token end at 0.6287 instead of 0.6286. Five times as
    /// much is allowed.
    @Test
    void momentsInBfloat16LearnAsF32MomentsDo() {
        List<Double> warmUp = new ArrayList<>();
        List<Double> narrowWarmUp = new ArrayList<>();
        List<Double> losses = losses("F32", "F32", warmUp);
        List<Double> narrow = losses("F32", "BF16", new ArrayList<>());
        losses("BF16", "F32", narrowWarmUp);
        assertThat(narrow).hasSize(10).isNotEqualTo(losses);
        for (int i = 0; i < 10; i++) {
            assertThat(narrow.get(i)).isCloseTo(losses.get(i), Percentage.withPercentage(0.01));
        }
        assertThat(warmUp.getLast()).isLessThan(0.5 * warmUp.getFirst());
        assertThat(narrowWarmUp.getLast()).isNotEqualTo(warmUp.getLast())
                .isCloseTo(warmUp.getLast(), Percentage.withPercentage(0.1));
    }

    /// The losses of ten steps.
    ///
    /// @param warmUp takes those of the warm-up
    private List<Double> losses(String warmUpMoments, String moments, List<Double> warmUp) {
        Path run = folder.resolve(warmUpMoments + "-" + moments);
        TrainConfig config = ConfigFile.with(Presets.config("lattice", "flowrl"), Map.of("warmUp.steps", "60",
                "warmUp.optimizer.scheduleSteps", "60", "steps", "10", "evaluateEvery", "1000",
                "warmUp.optimizer.adam.moments", warmUpMoments, "update.optimizer.adam.moments", moments));
        List<Double> losses = new ArrayList<>();
        try (Backend backend = Backends.open("cpu", 1).backend(); TrainingRun training = TrainingRun.start(backend,
                config, run, new TrainingRun.Observer() {
                    @Override
                    public void warmedUp(long step, long steps, double loss) {
                        warmUp.add(loss);
                    }

                    @Override
                    public void stepped(long step, long steps, Map<String, Double> metrics) {
                        losses.add(metrics.get("loss"));
                    }
                })) {
            training.train();
        }
        return losses;
    }
}
