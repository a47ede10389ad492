package org.flowrl.rl;

import java.util.List;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.objective.FlowRlSettings;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.rl.objective.PolicyGradientSettings;
import org.flowrl.rl.task.Lattice;
import org.flowrl.rl.task.Task;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.text.Tokenizer;

/// Settings that are known to work, by name; measured figures stand in the README.
public final class Presets {
    /// Names of the built-in tasks.
    public static final List<String> TASKS = List.of("lattice");
    /// Names of the algorithms.
    public static final List<String> ALGORITHMS = List.of("flowrl", "grpo");
    /// Names of the built-in model sizes.
    public static final List<String> SIZES = List.of("nano", "micro", "small");

    private static final String DEFAULT_VARIANT = "recipe-2025-12";

    private Presets() {
    }

    /// The task of this name.
    public static Task task(String name) {
        return switch (name) {
            case "lattice" -> new Lattice(Lattice.DEFAULT_LENGTH);
            default -> throw unknown("preset", name, TASKS);
        };
    }

    /// The full configuration of a task and an algorithm, FlowRL in its recipe's version.
    public static TrainConfig config(String task, String algorithm) {
        return config(task, algorithm, DEFAULT_VARIANT);
    }

    /// The full configuration of a task and an algorithm.
    ///
    /// @param variant public version of FlowRL, see {@link FlowRlSettings#variant}; other algorithms have none
    public static TrainConfig config(String task, String algorithm, String variant) {
        return switch (task) {
            case "lattice" -> lattice(latticeObjective(algorithm, variant));
            default -> throw unknown("preset", task, TASKS);
        };
    }

    /// A model of a named size for a tokenizer: width 64 and 2 layers (`nano`, about 0.1 million parameters), 128 and 4
    /// (`micro`), 256 and 6 (`small`).
    public static QwenConfig model(String size, Tokenizer tokenizer, int maxPositions) {
        int vocabulary = tokenizer.vocabularySize();
        QwenConfig config = switch (size) {
            case "nano" -> QwenConfig.tiny(vocabulary, 64, 2, maxPositions);
            case "micro" -> QwenConfig.tiny(vocabulary, 128, 4, maxPositions);
            case "small" -> QwenConfig.tiny(vocabulary, 256, 6, maxPositions);
            default -> throw unknown("size", size, SIZES);
        };
        List<Integer> ends = tokenizer.eosTokenId().stream().boxed().toList();
        return config.withTokens(tokenizer.bosTokenId(), ends, tokenizer.padTokenId());
    }

    private static TrainConfig lattice(ObjectiveSettings objective) {
        AdamW.Settings adam = AdamW.Settings.defaults();
        return new TrainConfig("lattice", "", "nano", 1, 900,
                new TrainConfig.WarmUp(100, 128, new TrainConfig.Optimizer(2e-3, 20, 100, 0.05, adam)),
                new TrainConfig.RolloutSettings(20, 16, 1.0),
                new TrainConfig.Update(2, new TrainConfig.Optimizer(3e-4, 10, 900, 0.05, adam), 64, false),
                objective, 50, 300, 2);
    }

    /// FlowRL with raw reward and β = 1: tokens · β · reward range is 9 nats, what a model this small can follow. The
    /// published β = 15 on standardised rewards asks for hundreds.
    private static ObjectiveSettings latticeObjective(String algorithm, String variant) {
        return switch (algorithm) {
            case "flowrl" -> FlowRlSettings.variant(variant).withBeta(1).withRawReward().withDropout(0);
            case "grpo" -> PolicyGradientSettings.grpo();
            default -> throw unknown("algo", algorithm, ALGORITHMS);
        };
    }

    private static IllegalArgumentException unknown(String option, String value, List<String> known) {
        return new IllegalArgumentException("--" + option + " " + value + " is unknown; known: "
                + String.join(", ", known));
    }
}
