package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.Presets;
import org.flowrl.rl.TrainConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AlgorithmsTest {
    static Stream<String> names() {
        return Algorithms.NAMES.stream();
    }

    @Test
    void namesAreDistinctAndAnUnknownOneIsRefusedWithTheKnown() {
        assertThat(Algorithms.NAMES).doesNotHaveDuplicates().contains("flowrl", "flowrl-paper", "flowrl-released",
                "gflowrl", "grpo", "dr-grpo", "dapo", "rloo", "gspo", "cispo", "ppo", "reinforce++",
                "reinforce++-baseline");
        assertThatThrownBy(() -> Algorithms.named("grop")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("algorithm grop is unknown; did you mean grpo? known: FlowRL flowrl, ");
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyAlgorithmHasItsNameALineAndASourceAndSurvivesTheConfigurationFile(String name) {
        Algorithms.Algorithm algorithm = Algorithms.algorithm(name);
        assertThat(algorithm.summary()).isNotBlank();
        assertThat(algorithm.source()).isNotBlank();
        assertThat(Algorithms.named(name).algorithm()).isEqualTo(name);

        TrainConfig config = Algorithms.apply(name, Presets.config("lattice", "flowrl"), 1);
        assertThat(config.objective().algorithm()).isEqualTo(name);
        assertThat(ConfigFile.with(config, Map.of("objective", yaml(config)))).isEqualTo(config);
    }

    @Test
    void onATaskVersionsOfFlowRlShareTheTasksBetaAndItsAblationsHaveTheirShareOfIt() {
        for (String name : List.of("flowrl", "flowrl-paper", "flowrl-released", "gflowrl", "trajectory-balance")) {
            FlowRlSettings settings = (FlowRlSettings) Algorithms.onTask(name, 0.6);
            assertThat(settings.beta()).as(name).isEqualTo(0.6);
            assertThat(settings.reward()).as(name).isEqualTo(Advantages.RAW);
        }
        assertThat(((FlowRlSettings) Algorithms.onTask("flowrl-beta-5", 0.6)).beta()).isEqualTo(0.6 * 5 / 15);
        assertThat(((FlowRlSettings) Algorithms.named("flowrl-beta-30")).beta()).isEqualTo(30);
        assertThat(((FlowRlSettings) Algorithms.named("gflowrl")).beta()).isEqualTo(8);
        assertThat(((FlowRlSettings) Algorithms.onTask("flowrl-dropout", 1)).logZ())
                .isEqualTo(LogZSettings.learned(Objective.PromptStates.WITHOUT_LAST));
    }

    @Test
    void dapoAsksForGroupsOfDifferentRewards() {
        TrainConfig base = Presets.config("lattice", "flowrl");
        assertThat(Algorithms.apply("dapo", base, 1).rollout().maxGenerations()).isEqualTo(10);
        assertThat(Algorithms.apply("grpo", base, 1).rollout()).isEqualTo(base.rollout());
    }

    @Test
    void aKlMatchedBaselineHasItsPenaltyInTheRewardAndNoDeviation() {
        PolicyGradientSettings matched = ((PolicyGradientSettings) Algorithms.named("grpo")).klMatched(1 / 9.0);
        assertThat(matched.penalty()).isEqualTo(ReferencePenalty.inReward(1 / 9.0));
        assertThat(matched.estimator()).isEqualTo(new Estimator.Outcome(Advantages.GROUP_MEAN, false));
        assertThat(((PolicyGradientSettings) Algorithms.named("ppo")).klMatched(0.5).estimator())
                .isEqualTo(PolicyGradientSettings.ppo().estimator());
    }

    /// The objective's part of a configuration, as the file has it.
    private static String yaml(TrainConfig config) {
        String text = ConfigFile.text(config);
        String from = text.substring(text.indexOf("objective:\n") + "objective:\n".length());
        return from.lines().takeWhile(line -> line.startsWith("  ")).map(line -> line.substring(2))
                .reduce("", (a, b) -> a + b + "\n");
    }
}
