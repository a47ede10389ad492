package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Importance weights, from the sampler's log-probabilities to the last update of a step.
class RunRatiosTest {
    @TempDir
    private Path folder;

    /// Sampler, trainer and reference divide logits by one temperature: what the sampler drew has its log-probability
    /// in the first update, and the reference, which is the policy still, agrees.
    @ParameterizedTest
    @ValueSource(strings = {"1.0", "0.6"})
    void theFirstUpdateOfARunHasImportanceWeightExactlyOne(String temperature) {
        Path run = folder.resolve("run");
        SmallRuns.run(SmallRuns.config("flowrl", Map.of("steps", "1", "update.miniBatches", "1", "rollout.temperature",
                temperature)), run);
        assertThat(new MetricsLog(run).rows().getFirst()).containsEntry("ratio/max", 1.0)
                .containsEntry("ratio/mean", 1.0).containsEntry("policy/kl_to_old", 0.0)
                .containsEntry("policy/kl_to_reference", 0.0);
    }

    /// Old log-probabilities are the sampler's in every epoch: one update of all responses leaves ratios at exactly 1,
    /// and a second one finds them changed by the first.
    @ParameterizedTest
    @ValueSource(strings = {"flowrl", "ppo"})
    void ratiosLeave1InTheSecondEpoch(String algorithm) {
        Map<String, String> once = Map.of("steps", "1", "update.miniBatches", "1", "rollout.samples", "16");
        TrainConfig config = SmallRuns.config(algorithm, once);
        if (algorithm.equals("ppo")) {
            config = ConfigFile.with(config, Map.of("objective.estimator.critic.warmUpSteps", "0"));
        }
        SmallRuns.run(config, folder.resolve("one"));
        SmallRuns.run(ConfigFile.with(config, Map.of("update.epochs", "2")), folder.resolve("two"));
        Map<String, Object> one = new MetricsLog(folder.resolve("one")).rows().getFirst();
        Map<String, Object> two = new MetricsLog(folder.resolve("two")).rows().getFirst();
        assertThat(one).containsEntry("ratio/max", 1.0).containsEntry("policy/kl_to_old", 0.0);
        assertThat((double) two.get("ratio/max")).isGreaterThan(1);
        assertThat((double) two.get("policy/kl_to_old")).isNotZero();
        assertThat(two.get("reward/mean")).isEqualTo(one.get("reward/mean"));
    }
}
