package org.flowrl.rl.objective;

import java.util.List;

/// The published algorithms by name, each as the settings of an objective.
///
/// | name | what it is | source |
/// |---|---|---|
/// | `flowrl` | FlowRL as verl's recipe has it | volcengine/verl @ f11af2d53 recipe/flowrl |
/// | `grpo` | group-standardised rewards, PPO's clipped loss, k3 penalty | arXiv 2402.03300; verl |
public final class Algorithms {
    /// Every name that {@link #named} knows.
    public static final List<String> NAMES = List.of("flowrl", "grpo");

    private Algorithms() {
    }

    /// The settings that were published under this name.
    ///
    /// @throws IllegalArgumentException where the name is none of {@link #NAMES}
    public static ObjectiveSettings named(String name) {
        return switch (name) {
            case "flowrl" -> FlowRlSettings.recipe202512();
            case "grpo" -> GrpoSettings.defaults();
            default -> throw unknown(name);
        };
    }

    /// The settings of this name for a task that pays raw rewards: FlowRL's take the reward as it is, with this β and
    /// without dropout; others are as {@link #named}.
    ///
    /// @param beta nats per token and unit of reward; tokens · β · range of rewards of 6 to 10 nats is what small
    ///     models follow
    public static ObjectiveSettings onTask(String name, double beta) {
        return switch (named(name)) {
            case FlowRlSettings flowRl -> flowRl.withBeta(beta).withRawReward().withDropout(0);
            case ObjectiveSettings other -> other;
        };
    }

    private static IllegalArgumentException unknown(String name) {
        return new IllegalArgumentException("algorithm " + name + " is unknown; known: " + String.join(", ", NAMES));
    }
}
