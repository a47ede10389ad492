package org.flowrl.rl;

import java.util.List;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.data.DataSettings;
import org.flowrl.rl.data.GoldRule;
import org.flowrl.rl.objective.Algorithms;
import org.flowrl.rl.objective.FlowRlSettings;
import org.flowrl.rl.objective.ObjectiveSettings;

/// The paper's two trainings, on problems of a file: `math` and `code`, with its hyperparameters (arXiv 2509.15207 §4;
/// Xuekai-Zhu/FlowRL @ decbc57, command/training/{math,code}). What a machine cannot hold is scaled down by `--set`:
/// `rollout.prompts`, `rollout.samples`, `update.miniBatches`, `data.maxResponseTokens`.
final class DataPresets {
    /// Their names.
    static final List<String> NAMES = List.of("math", "code");

    private static final double LEARNING_RATE = 1e-6;
    private static final double WEIGHT_DECAY = 0.1;
    /// Steps over which the rate rises; it then stays.
    private static final int RISE = 10;
    private static final int SAMPLES = 8;
    private static final int MAX_PROMPT_TOKENS = 2048;
    private static final int MAX_RESPONSE_TOKENS = 8192;
    /// The paper states no number; its evaluations are of step 200.
    private static final int STEPS = 200;
    private static final int MICRO_BATCH_MEBIBYTES = 1024;
    private static final int CHECKPOINTS = 2;

    private DataPresets() {
    }

    /// The published configuration of an algorithm.
    static TrainConfig config(String preset, String algorithm) {
        // For DAPO's sampling; the published objective then takes the place of the one for raw rewards.
        return Algorithms.apply(algorithm, base(preset, FlowRlSettings.recipe202512()), 1)
                .withObjective(Algorithms.named(algorithm));
    }

    /// The published configuration of a version of FlowRL.
    static TrainConfig variant(String preset, String variant) {
        return base(preset, FlowRlSettings.variant(variant));
    }

    private static TrainConfig base(String preset, ObjectiveSettings objective) {
        return switch (preset) {
            // 512 prompts in 16 updates; rewards ±1; temperature 1.
            case "math" -> config("math", data("dapo", "dapo"), new TrainConfig.RolloutSettings(512, SAMPLES, 1.0), 16,
                    objective, 50);
            // 64 prompts in 2 updates; rewards 0 and 1; temperature 0.6. The paper's programs are Python's.
            case "code" -> config("code", data("java", "java"), new TrainConfig.RolloutSettings(64, SAMPLES, 0.6), 2,
                    objective, 25);
            default -> throw new IllegalArgumentException("--preset " + preset + " is no preset of a data file");
        };
    }

    private static DataSettings data(String reward, String form) {
        return new DataSettings("", "", "", GoldRule.WHOLE, reward, form, true, MAX_PROMPT_TOKENS, true,
                MAX_RESPONSE_TOKENS, false);
    }

    private static TrainConfig config(String task, DataSettings data, TrainConfig.RolloutSettings rollout,
            int miniBatches, ObjectiveSettings objective, long saveEvery) {
        AdamW.Settings adam = AdamW.Settings.defaults().withWeightDecay(WEIGHT_DECAY);
        TrainConfig.Optimizer optimizer = new TrainConfig.Optimizer(LEARNING_RATE, RISE, STEPS, 1, adam,
                TrainConfig.Course.VERL_CONSTANT);
        return new TrainConfig(task, data, "", "nano", 1, STEPS, new TrainConfig.WarmUp(0, 1, optimizer), rollout,
                new TrainConfig.Update(miniBatches, optimizer, MICRO_BATCH_MEBIBYTES, false), objective, saveEvery,
                saveEvery, CHECKPOINTS);
    }
}
