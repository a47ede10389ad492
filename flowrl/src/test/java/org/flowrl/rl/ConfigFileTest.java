package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigFileTest {
    /// Each row: algorithm, what is set, and the rule that the message names.
    static Stream<Arguments> impossible() {
        String optimizer = "update.optimizer.";
        return Stream.of(
                refused("flowrl", optimizer + "scheduleSteps", "9", "warmup 10 must be at most scheduleSteps 9"),
                refused("flowrl", "warmUp.optimizer.warmup", "101", "warmup 101 must be at most scheduleSteps 100"),
                refused("flowrl", optimizer + "warmup", "-1", "warmup -1 must be 0 or more"),
                refused("flowrl", optimizer + "floor", "1.1", "floor 1.1 must be in [0, 1]"),
                refused("flowrl", optimizer + "learningRate", "1e999",
                        "learningRate Infinity must be above 0 and finite"),
                refused("flowrl", optimizer + "learningRate", "0", "learningRate 0.0 must be above 0 and finite"),
                refused("flowrl", optimizer + "adam.moments", "F16", "AdamW: moments F16 must be F32 or BF16"),
                refused("flowrl", "rollout.temperature", "1e999", "temperature Infinity must be above 0 and finite"),
                refused("flowrl", "update.epochs", "0", "update.epochs 0 must be at least 1"),
                refused("flowrl", "update.miniBatches", "3", "update.miniBatches 3 must divide the 320 responses"),
                refused("flowrl", "size", "huge", "size huge is unknown; known: nano, micro, small"),
                refused("grpo", "rollout.samples", "1", "rollout.samples 1 must be at least 2 for grpo"),
                refused("rloo", "rollout.samples", "1", "rollout.samples 1 must be at least 2 for rloo"),
                refused("dr-grpo", "rollout.samples", "1", "rollout.samples 1 must be at least 2 for dr-grpo"),
                refused("reinforce++-baseline", "rollout.samples", "1",
                        "rollout.samples 1 must be at least 2 for reinforce++-baseline"),
                refused("flowrl-group-std", "rollout.samples", "1",
                        "rollout.samples 1 must be at least 2 for flowrl-group-std"),
                refused("gflowrl", "rollout.samples", "1", "rollout.samples 1 must be at least 2 for gflowrl"),
                refused("dapo", "rollout.samples", "1",
                        "rollout.maxGenerations 10 needs rollout.samples of at least 2"),
                refused("ppo", "objective.loss", "{kind: gspo, clipLow: 3e-4, clipHigh: 4e-4, maxLogRatio: 10}",
                        "loss gspo needs an estimator with one advantage"),
                refused("gspo", "objective.estimator", "{kind: gae, gamma: 1, lambda: 1, whitened: true, critic: null}",
                        "gae: there must be a critic"),
                refused("grpo", "objective.penalty.place", "reward", "estimate k3 has no place in the reward"),
                refused("grpo", "objective.penalty.control", "{kind: adaptive, target: 0.1, horizon: 100}",
                        "control adaptive needs place reward"),
                refused("flowrl-token", "objective.lengthNormalised", "false",
                        "lengthNormalised false needs level response"),
                refused("flowrl-token", "objective.variations.equalMicroBatchWeight", "true",
                        "level token goes with none of tokenMask"),
                refused("flowrl-token", "objective.variations.policyTerm", "0.2",
                        "level token goes with none of tokenMask"),
                refused("flowrl-cispo", "objective.variations.level", "token",
                        "level token goes with none of tokenMask"),
                refused("flowrl-gspo", "objective.variations.level", "token",
                        "level token goes with none of tokenMask"),
                refused("flowrl-tis", "objective.variations.level", "token", "level token goes with none of tokenMask"),
                refused("flowrl", "objective.logZ.promptStates", "NONE",
                        "promptStates NONE must be WITHOUT_LAST or ALL"),
                refused("flowrl", "objective", "{algo: flowr}", "algo flowr is unknown; did you mean flowrl?"),
                refused("flowrl", "objective", "{algo: java.lang.String}",
                        "algo java.lang.String must implement org.flowrl.rl.objective.ObjectiveSettings"),
                refused("flowrl", "objective.beta", "-1", "beta -1.0 must be at least 0"));
    }

    private static Arguments refused(String algorithm, String key, String value, String rule) {
        return arguments(algorithm, key, value, rule);
    }

    @ParameterizedTest(name = "{0}, {1} = {2}")
    @MethodSource("impossible")
    void whatCannotRunIsRefusedWhenTheConfigurationIsRead(String algorithm, String key, String value, String rule) {
        assertThatThrownBy(() -> ConfigFile.with(Presets.config("lattice", algorithm), Map.of(key, value)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(rule).hasMessageNotContaining("\n");
    }

    @Test
    void aPenaltyForLengthMustBeginWithinTheLongestResponse() {
        TrainConfig math = Presets.config("math", "flowrl");
        assertThatThrownBy(() -> ConfigFile.with(math, Map.of("data.maxResponseTokens", "100",
                "rollout.overlong", "{buffer: 101, factor: 1}"))).hasMessageContaining(
                "rollout.overlong.buffer 101 must be at most data.maxResponseTokens 100");
        assertThat(ConfigFile.with(math, Map.of("data.maxResponseTokens", "100",
                "rollout.overlong", "{buffer: 100, factor: 1}")).rollout().overlong().buffer()).isEqualTo(100);
    }

    /// Without a cosine the schedule's length has no effect, and the rise may be longer.
    @Test
    void aConstantRateMayRiseForLonger() {
        TrainConfig config = ConfigFile.with(Presets.config("lattice", "flowrl"), Map.of(
                "update.optimizer.course", "verl_constant", "update.optimizer.warmup", "1000"));
        assertThat(config.update().optimizer().rate(500)).isEqualTo(3e-4 / 2);
    }

    /// A model from a folder has a size of its own.
    @Test
    void theSizeOfAModelFolderIsNotAsked() {
        assertThat(ConfigFile.with(Presets.config("lattice", "flowrl"), Map.of("model", "/some/folder", "size", "7b"))
                .size()).isEqualTo("7b");
    }

    @Test
    void filesThatAreOlderThanAKeyMayLackItAndNoOthers(@TempDir Path folder) throws IOException {
        TrainConfig config = Presets.config("lattice", "flowrl");
        String text = ConfigFile.text(config);
        assertThat(text).contains("data: null\n", "  epochs: 1\n", "      moments: F32\n");
        Path file = folder.resolve("config.yaml");
        Files.writeString(file, text.replace("data: null\n", "").replace("  epochs: 1\n", "")
                .replace("      moments: F32\n", ""));
        assertThat(ConfigFile.read(file)).isEqualTo(config);

        Files.writeString(file, text.replace("  miniBatches: 2\n", ""));
        assertThatThrownBy(() -> ConfigFile.read(file)).hasMessageStartingWith(file.toString())
                .hasMessageContaining("miniBatches");
        Files.writeString(file, "- a list\n");
        assertThatThrownBy(() -> ConfigFile.read(file)).hasMessageStartingWith(file.toString());
    }

    /// The hash of a run written before there were epochs and a type of moments is that of the same run now, so that it
    /// can be resumed.
    @Test
    void oneEpochAndMomentsOfF32AreNotPartOfTheHashAndOthersAre() {
        TrainConfig config = Presets.config("lattice", "flowrl");
        assertThat(ConfigFile.hash(config)).isEqualTo(
                "2dbb0328f2b937e95318c96982e22e339d9d89907b9a5119569240bb0d512f21");
        assertThat(ConfigFile.hash(ConfigFile.with(config, Map.of("steps", "7")))).isEqualTo(ConfigFile.hash(config));
        for (Map<String, String> other : List.of(Map.of("update.epochs", "2"),
                Map.of("update.optimizer.adam.moments", "BF16"))) {
            assertThat(ConfigFile.hash(ConfigFile.with(config, other))).isNotEqualTo(ConfigFile.hash(config));
        }
    }

    @Test
    void theNameOfAnAlgorithmIsChosenAndNotSet() {
        Map<String, String> renamed = Map.of("objective.variant", "paper");
        assertThatThrownBy(() -> ConfigFile.with(Presets.config("lattice", "flowrl"), renamed))
                .hasMessageEndingWith("--variant chooses a version of flowrl, --algo an algorithm");
        assertThatThrownBy(() -> ConfigFile.with(Presets.config("lattice", "grpo"), renamed))
                .hasMessageEndingWith("--algo chooses an algorithm").hasMessageNotContaining("--variant");
    }
}
