package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What a run writes of its steps and of its end.
class RunMetricsTest {
    @TempDir
    private Path folder;

    /// Checklist point 22: loss, ratios, divergences, the norm before clipping, groups, lengths and accuracy of every
    /// algorithm; log Z and residuals of FlowRL's, the critic's of PPO.
    static Stream<Arguments> logged() {
        List<String> flowRl = List.of("flowrl/log_z", "flowrl/log_z_std", "flowrl/residual_mean",
                "flowrl/residual_std", "flowrl/attained_log_ratio", "flowrl/demanded_log_ratio",
                "policy/kl_to_reference");
        List<String> gradient = List.of("advantage/mean", "advantage/std", "policy/clip_share");
        return Stream.of(Arguments.of("flowrl", flowRl), Arguments.of("flowrl-paper", flowRl),
                Arguments.of("gflowrl", flowRl), Arguments.of("grpo", with(gradient, "policy/kl_to_reference")),
                Arguments.of("reinforce++", with(gradient, "policy/kl_to_reference")),
                Arguments.of("grpo-kl-reward", with(gradient, "policy/kl_to_reference", "penalty/kl",
                        "penalty/coefficient")),
                Arguments.of("dapo", with(gradient, "rollout/generations", "rollout/filled_groups_share")),
                Arguments.of("ppo", with(gradient, "value/loss", "value/grad_norm", "value/mean")));
    }

    private static List<String> with(List<String> names, String... more) {
        return Stream.concat(names.stream(), Stream.of(more)).toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("logged")
    void everyStepLogsWhatTheChecklistAsksFor(String algorithm, List<String> own) {
        Map<String, String> settings = algorithm.equals("ppo") ? Map.of("steps", "3",
                "objective.estimator.critic.warmUpSteps", "0") : Map.of("steps", "3");
        Path run = folder.resolve("run");
        TrainConfig config = SmallRuns.config(algorithm, settings);
        try (Backend backend = Backends.open("cpu", 1).backend();
             TrainingRun training = TrainingRun.start(backend, config, run, SmallRuns.SILENT)) {
            training.train();
        }
        assertThat(new MetricsLog(run).rows()).hasSize(3).allSatisfy(row -> {
            assertThat(row).containsKeys("step", "loss", "ratio/mean", "ratio/max", "ratio/clipped_share",
                    "policy/kl_to_old", "policy/grad_norm", "policy/skipped_updates_share", "policy/entropy",
                    "policy/learning_rate", "groups/mixed_share", "response/length_mean", "verdict/correct_share",
                    "reward/mean", "sampled/avg@2");
            assertThat(row.keySet()).containsAll(own);
        });
    }

    static Stream<Arguments> heldAgainstAnOptimum() {
        return Stream.of(Arguments.of("flowrl", true, true), Arguments.of("flowrl-ppo", true, true),
                Arguments.of("flowrl-group-std", true, false), Arguments.of("grpo", true, false),
                Arguments.of("flowrl-old-policy", false, false), Arguments.of("flowrl-token", false, false));
    }

    /// FlowRL without the reference in its residual has no optimum of its own, and none is made up for it.
    @ParameterizedTest
    @MethodSource("heldAgainstAnOptimum")
    void onlyWhatHasAnOptimumIsHeldAgainstOne(String algorithm, boolean hasOptimum,
            boolean hasLogZ) throws IOException {
        Path run = folder.resolve("run");
        SmallRuns.run(SmallRuns.config(algorithm, Map.of("steps", "1", "evaluateEvery", "1")), run);
        List<String> names = List.copyOf(new MetricsLog(run).rows().getFirst().keySet());
        List<String> ofOptimum = List.of("exact/kl_to_optimum", "exact/kl_policy_to_optimum",
                "exact/kl_optimum_to_policy", "exact/kl_optimum_to_policy_max", "exact/optimum_accuracy",
                "exact/optimum_reward", "exact/optimum_log_z", "exact/optimum_effective_modes");

        assertThat(names).contains("exact/accuracy", "exact/effective_modes", "exact/kl_to_reference");
        assertThat(names.containsAll(ofOptimum)).isEqualTo(hasOptimum);
        assertThat(names.stream().anyMatch(ofOptimum::contains)).isEqualTo(hasOptimum);
        assertThat(names.contains("exact/log_z_error_max")).isEqualTo(hasLogZ);
        assertThat(Files.readString(run.resolve("problems.jsonl")).contains("kl_to_optimum")).isEqualTo(hasOptimum);
    }

    /// Of 309 problems to train on every third is measured, of 77 held-out ones each.
    @Test
    void everyMeasuredProblemHasALineAtTheEnd() throws IOException {
        Path run = folder.resolve("run");
        SmallRuns.run(SmallRuns.preset("minicount", "flowrl", Map.of("steps", "1")), run);
        List<String> lines = Files.readAllLines(run.resolve("problems.jsonl"));

        assertThat(lines).hasSize(177).allMatch(line -> line.contains("\"accuracy\":") && line.contains("\"log_z\":"));
        assertThat(lines.stream().filter(line -> line.contains("\"held_out\":true"))).hasSize(77);
    }
}
