package org.flowrl.rl;

import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.objective.Algorithms;
import org.flowrl.rl.objective.Estimator;
import org.flowrl.rl.objective.FlowRlSettings;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.rl.objective.PolicyGradientSettings;
import org.flowrl.tensor.UnknownName;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.text.Tokenizer;

/// Settings that are known to work, by name; measured figures stand in the README.
public final class Presets {
    /// Names of the presets: tasks, some of them with other settings.
    public static final List<String> NAMES = List.of("lattice", "lattice-12", "lattice-walls", "minicount",
            "minicount-diverse", "minicount-held-out", "modes", "modes-8", "countdown", "countdown-text");
    /// Names of the presets that take a model folder and a data file.
    public static final List<String> DATA_NAMES = DataPresets.NAMES;
    /// Names of the built-in model sizes.
    public static final List<String> SIZES = List.of("nano", "micro", "small");

    /// Adam of every preset: PyTorch's defaults, clipped at 1.
    private static final AdamW.Settings ADAM = AdamW.Settings.defaults();
    private static final int WARM_UP_BATCH = 128;
    private static final double WARM_UP_RATE = 2e-3;
    /// Steps over which the learning rate rises, in the warm-up and in reinforcement learning.
    private static final int WARM_UP_RISE = 20;
    private static final int RISE = 10;
    /// Share of the learning rate that remains at the end.
    private static final double FLOOR = 0.05;
    private static final int UPDATES_PER_STEP = 2;
    private static final int MICRO_BATCH_MEBIBYTES = 64;
    private static final int CHECKPOINTS = 2;
    /// Learning rate of objectives other than FlowRL: what they did best with on a tiny model.
    private static final double POLICY_GRADIENT_RATE = 3e-4;
    /// Weight decay of the preset that is to answer questions it was never trained on. Most of its gain is that of
    /// twice the rate: on seed 1 that alone has 0.528 on held-out questions, and 0.570 with the decay.
    private static final double HELD_OUT_DECAY = 0.1;
    /// Learning rate of every algorithm on a pretrained model, in the public recipe's script.
    private static final double PRETRAINED_RATE = 1e-6;
    /// First steps in which a critic learns alone: a critic that knows nothing leads a tiny policy astray.
    private static final int CRITIC_WARM_UP = 40;

    private Presets() {
    }

    /// What a preset says beside the algorithm.
    ///
    /// @param task its name
    /// @param beta β of FlowRL with raw rewards: tokens · β · reward range is 6 to 10 nats, what a model this small can
    ///     follow. The published β = 15 on standardised rewards asks for hundreds. Empty for a pretrained model, where
    ///     algorithms are as published
    /// @param rate learning rate of FlowRL
    /// @param policyGradientRate learning rate of other objectives
    /// @param warmUpSteps of a new model
    /// @param weightDecay of reinforcement learning
    /// @param evaluateEvery steps between evaluations
    private record Base(String task, OptionalDouble beta, double rate, double policyGradientRate, double weightDecay,
            long steps, int warmUpSteps, double warmUpRate, int prompts, int samples, long evaluateEvery,
            long checkpointEvery) {
        static Base tiny(String task, double beta, double rate, long steps, int warmUpSteps, double warmUpRate,
                int prompts, int samples, long evaluateEvery, long checkpointEvery) {
            return new Base(task, OptionalDouble.of(beta), rate, POLICY_GRADIENT_RATE, 0, steps, warmUpSteps,
                    warmUpRate, prompts, samples, evaluateEvery, checkpointEvery);
        }

        static Base pretrained(String task, long steps, int prompts, int samples, long evaluateEvery,
                long checkpointEvery) {
            return new Base(task, OptionalDouble.empty(), PRETRAINED_RATE, PRETRAINED_RATE, 0, steps, 0, WARM_UP_RATE,
                    prompts, samples, evaluateEvery, checkpointEvery);
        }

        Base withWeightDecay(double value) {
            return new Base(task, beta, rate, policyGradientRate, value, steps, warmUpSteps, warmUpRate, prompts,
                    samples, evaluateEvery, checkpointEvery);
        }

        TrainConfig with(ObjectiveSettings objective, double learningRate) {
            return new TrainConfig(task, "", "nano", 1, steps, new TrainConfig.WarmUp(warmUpSteps, WARM_UP_BATCH,
                    new TrainConfig.Optimizer(warmUpRate, WARM_UP_RISE, Math.max(WARM_UP_RISE, warmUpSteps), FLOOR,
                            ADAM)),
                    new TrainConfig.RolloutSettings(prompts, samples, 1.0),
                    new TrainConfig.Update(UPDATES_PER_STEP,
                            new TrainConfig.Optimizer(learningRate, RISE, steps, FLOOR,
                                    ADAM.withWeightDecay(weightDecay), beta.isPresent()
                                    ? TrainConfig.Course.COSINE : TrainConfig.Course.VERL_CONSTANT),
                            MICRO_BATCH_MEBIBYTES, false),
                    objective, evaluateEvery, checkpointEvery, CHECKPOINTS);
        }
    }

    private static Base base(String preset) {
        return switch (preset) {
            case "lattice" -> Base.tiny(preset, 1, 3e-4, 900, 100, WARM_UP_RATE, 20, 16, 50, 300);
            // k = 13 · 0.75 nats.
            case "lattice-12" -> Base.tiny(preset, 0.75, 3e-4, 900, 100, WARM_UP_RATE, 18, 16, 300, 300);
            // Answers come back late: of 21.8, 8.2 are alive after 1,200 steps of a run that long, 16.5 after 3,000.
            case "lattice-walls" -> Base.tiny(preset, 1, 3e-4, 3000, 200, WARM_UP_RATE, 20, 16, 300, 1000);
            case "minicount" -> Base.tiny("minicount", 1.5, 1e-3, 1200, 1000, 3e-3, 32, 16, 100, 400);
            case "minicount-diverse" -> Base.tiny("minicount", 1, 1e-3, 1200, 1000, 3e-3, 32, 16, 100, 400);
            case "minicount-held-out" -> Base.tiny("minicount", 1.5, 2e-3, 1200, 1000, 3e-3, 32, 16, 100, 400)
                    .withWeightDecay(HELD_OUT_DECAY);
            case "modes" -> Base.tiny(preset, 10.0 / 7, 1e-3, 2000, 200, WARM_UP_RATE, 16, 20, 200, 500);
            case "modes-8" -> Base.tiny(preset, 10.0 / 7, 1e-3, 3000, 200, WARM_UP_RATE, 16, 20, 500, 1000);
            case "countdown" -> Base.tiny(preset, 0.6, 3e-4, 1000, 300, WARM_UP_RATE, 16, 16, 100, 200);
            case "countdown-text" -> Base.pretrained("countdown", 200, 16, 8, 20, 50);
            default -> throw new IllegalArgumentException(UnknownName.message("preset", preset,
                    Stream.concat(NAMES.stream(), DATA_NAMES.stream()).toList()));
        };
    }

    /// The full configuration of a preset and an algorithm.
    ///
    /// @param preset one of {@link #NAMES} or {@link #DATA_NAMES}
    /// @param algorithm one of {@link Algorithms#NAMES}
    public static TrainConfig config(String preset, String algorithm) {
        if (DATA_NAMES.contains(preset)) {
            return DataPresets.config(preset, algorithm);
        }
        Base base = base(preset);
        ObjectiveSettings objective = base.beta().isPresent()
                ? Algorithms.onTask(algorithm, base.beta().getAsDouble()) : Algorithms.named(algorithm);
        return Algorithms.apply(algorithm, base.with(objective, rate(base, objective)), beta(preset))
                .withObjective(base.beta().isPresent() ? withCriticWarmUp(objective) : objective);
    }

    private static ObjectiveSettings withCriticWarmUp(ObjectiveSettings objective) {
        return objective instanceof PolicyGradientSettings settings && settings.estimator() instanceof Estimator.Gae gae
                ? settings.withEstimator(new Estimator.Gae(gae.gamma(), gae.lambda(), gae.whitened(),
                        gae.critic().withWarmUpSteps(CRITIC_WARM_UP))) : objective;
    }

    /// The full configuration of a preset and a public version of FlowRL.
    ///
    /// @param variant see {@link FlowRlSettings#variant}
    public static TrainConfig config(String preset, String algorithm, String variant) {
        if (!algorithm.equals("flowrl")) {
            throw new IllegalArgumentException("--variant " + variant + " names a version of flowrl, not of "
                    + algorithm);
        }
        if (DATA_NAMES.contains(preset)) {
            return DataPresets.variant(preset, variant);
        }
        Base base = base(preset);
        FlowRlSettings published = FlowRlSettings.variant(variant);
        return base.with(base.beta().isEmpty() ? published
                : published.withBeta(base.beta().getAsDouble()).withRawReward().withDropout(0), base.rate());
    }

    private static double rate(Base base, ObjectiveSettings objective) {
        return objective instanceof FlowRlSettings ? base.rate() : base.policyGradientRate();
    }

    /// β of the optimum that objectives which have none of their own are held against: that of FlowRL's preset of this
    /// name, and 1 for a task that no preset has.
    public static double beta(String task) {
        return NAMES.contains(task) ? base(task).beta().orElse(1) : 1;
    }

    /// A model of a named size for a tokenizer: width 64 and 2 layers (`nano`, about 0.1 million parameters), 128 and 4
    /// (`micro`), 256 and 6 (`small`).
    public static QwenConfig model(String size, Tokenizer tokenizer, int maxPositions) {
        int vocabulary = tokenizer.vocabSize();
        QwenConfig config = switch (size) {
            case "nano" -> QwenConfig.tiny(vocabulary, 64, 2, maxPositions);
            case "micro" -> QwenConfig.tiny(vocabulary, 128, 4, maxPositions);
            case "small" -> QwenConfig.tiny(vocabulary, 256, 6, maxPositions);
            default -> throw new IllegalArgumentException(UnknownName.message("size", size, SIZES));
        };
        List<Integer> ends = tokenizer.eosTokenId().stream().boxed().toList();
        return config.withTokens(tokenizer.bosTokenId(), ends, tokenizer.padTokenId());
    }
}
