package org.flowrl.rl;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Objects;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.autograd.optim.Schedule;
import org.flowrl.rl.data.DataSettings;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.UnknownName;
import org.flowrl.transformer.Lora;

/// Everything that decides a training run's numbers; written to `config.yaml` in the run folder and read back by
/// `--resume` and `--config`. Where the run is computed (device, threads) is not part of it.
///
/// @param task name of the built-in task
/// @param data where problems and rewards come from; null for a task that makes its own
/// @param model Hugging Face folder to start from; empty for a new model of `size`
/// @param size name of the built-in model size: `nano`, `micro` or `small`
/// @param seed every random draw of the run is a function of it
/// @param steps rollouts to train on; `--resume` may raise it
/// @param warmUp supervised steps of a new model on random well-formed answers before the first rollout; a model from a
///     folder is taken as it is
/// @param rollout what is sampled in a step
/// @param update how a rollout becomes optimizer steps
/// @param objective what is minimised
/// @param evaluateEvery steps between exact evaluations, which appear in those steps' metrics
/// @param checkpointEvery steps between checkpoints; the last step always has one
/// @param keepCheckpoints older checkpoints than this many are removed
/// @param lora the adapters that are trained in the place of the model; of rank 0, the model itself is trained. A new
///     model is warmed up whole, then frozen, and its adapters begin there
/// @param weights type of the copies of the model's weights that products read, F32 or BF16; masters, adapters and
///     everything else are F32
public record TrainConfig(String task, DataSettings data, String model, String size, long seed, long steps,
        WarmUp warmUp, RolloutSettings rollout, Update update, ObjectiveSettings objective, long evaluateEvery,
        long checkpointEvery, int keepCheckpoints, Lora lora, DType weights) {
    /// The configuration of a model that is trained whole, in F32.
    public TrainConfig(String task, DataSettings data, String model, String size, long seed, long steps,
            WarmUp warmUp, RolloutSettings rollout, Update update, ObjectiveSettings objective, long evaluateEvery,
            long checkpointEvery, int keepCheckpoints) {
        this(task, data, model, size, seed, steps, warmUp, rollout, update, objective, evaluateEvery, checkpointEvery,
                keepCheckpoints, Lora.NONE, DType.F32);
    }

    /// The configuration of a task that makes its own problems.
    public TrainConfig(String task, String model, String size, long seed, long steps, WarmUp warmUp,
            RolloutSettings rollout, Update update, ObjectiveSettings objective, long evaluateEvery,
            long checkpointEvery, int keepCheckpoints) {
        this(task, null, model, size, seed, steps, warmUp, rollout, update, objective, evaluateEvery, checkpointEvery,
                keepCheckpoints);
    }

    public TrainConfig {
        requirePositive("steps", steps);
        requirePositive("evaluateEvery", evaluateEvery);
        requirePositive("checkpointEvery", checkpointEvery);
        requirePositive("keepCheckpoints", keepCheckpoints);
        Objects.requireNonNull(lora, "lora");
        if (weights != DType.F32 && weights != DType.BF16) {
            throw new IllegalArgumentException("config: weights " + weights + " must be F32 or BF16");
        }
        if (model.isEmpty() && !Presets.SIZES.contains(size)) {
            throw new IllegalArgumentException(UnknownName.message("config: size", size, Presets.SIZES));
        }
        if (data != null && rollout.overlong().factor() > 0
                && rollout.overlong().buffer() > data.maxResponseTokens()) {
            throw new IllegalArgumentException("config: rollout.overlong.buffer " + rollout.overlong().buffer()
                    + " must be at most data.maxResponseTokens " + data.maxResponseTokens());
        }
        if (rollout.rows() % update.miniBatches() != 0) {
            throw new IllegalArgumentException("config: update.miniBatches " + update.miniBatches()
                    + " must divide the " + rollout.rows() + " responses of a step");
        }
        if (rollout.samples() < objective.minimumSamples()) {
            throw new IllegalArgumentException("config: rollout.samples " + rollout.samples() + " must be at least "
                    + objective.minimumSamples() + " for " + objective.algorithm()
                    + ", which compares the responses to a prompt with each other");
        }
    }

    /// This configuration with another objective.
    public TrainConfig withObjective(ObjectiveSettings value) {
        return new TrainConfig(task, data, model, size, seed, steps, warmUp, rollout, update, value, evaluateEvery,
                checkpointEvery, keepCheckpoints, lora, weights);
    }

    /// This configuration with other sampling.
    public TrainConfig withRollout(RolloutSettings value) {
        return new TrainConfig(task, data, model, size, seed, steps, warmUp, value, update, objective, evaluateEvery,
                checkpointEvery, keepCheckpoints, lora, weights);
    }

    /// The supervised warm-up on format alone.
    ///
    /// @param steps optimizer steps; 0 for none
    /// @param batch answers in a step
    /// @param optimizer of these steps
    public record WarmUp(long steps, int batch, Optimizer optimizer) {
        public WarmUp {
            if (steps < 0) {
                throw new IllegalArgumentException("config: warmUp.steps " + steps + " must be 0 or more");
            }
            requirePositive("warmUp.batch", batch);
        }
    }

    /// What a step samples.
    ///
    /// @param prompts prompts in a step, repeats allowed where the task has fewer
    /// @param samples responses to each prompt: the group
    /// @param temperature logits are divided by it, in sampling and in training alike
    /// @param maxGenerations how often prompts are drawn until `prompts` groups have different rewards (DAPO's dynamic
    ///     sampling); what is then missing is filled with groups of equal rewards. 1 takes every group as it comes
    /// @param overlong the penalty for responses that are nearly too long
    public record RolloutSettings(int prompts, int samples, double temperature, int maxGenerations,
            Overlong overlong) {
        /// Every group as it comes, and no penalty for length.
        public RolloutSettings(int prompts, int samples, double temperature) {
            this(prompts, samples, temperature, 1, Overlong.NONE);
        }

        public RolloutSettings {
            requirePositive("rollout.maxGenerations", maxGenerations);
            if (maxGenerations > 1 && samples < 2) {
                throw new IllegalArgumentException("config: rollout.maxGenerations " + maxGenerations
                        + " needs rollout.samples of at least 2: one response has no other reward beside it");
            }
            requirePositive("rollout.prompts", prompts);
            requirePositive("rollout.samples", samples);
            if (!(temperature > 0 && temperature < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("config: rollout.temperature " + temperature
                        + " must be above 0 and finite");
            }
        }

        /// These settings with prompts drawn up to `value` times for groups of different rewards.
        public RolloutSettings withMaxGenerations(int value) {
            return new RolloutSettings(prompts, samples, temperature, value, overlong);
        }

        /// Responses in a step.
        public int rows() {
            return Math.multiplyExact(prompts, samples);
        }
    }

    /// DAPO's penalty (arXiv 2503.14476, Eq. 13) for the last tokens before the length limit:
    /// ```
    /// penalty = −factor · max(0, length − (limit − buffer)) / buffer
    /// ```
    ///
    /// @param buffer tokens before the limit in which the penalty grows
    /// @param factor the penalty at the limit; 0 for none
    public record Overlong(int buffer, double factor) {
        /// No penalty.
        public static final Overlong NONE = new Overlong(1, 0);

        public Overlong {
            requirePositive("rollout.overlong.buffer", buffer);
            if (!(factor >= 0 && factor < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("config: rollout.overlong.factor " + factor
                        + " must be at least 0 and finite");
            }
        }

        /// What is added to the reward of a response of `length` tokens; at most 0.
        public double penalty(int length, int limit) {
            int excess = length - (limit - buffer);
            return factor == 0 || excess <= 0 ? 0 : -factor * excess / buffer;
        }
    }

    /// How a step's responses become optimizer steps: passes over them, each in random equal parts.
    ///
    /// @param miniBatches optimizer steps in a pass; divides the number of responses
    /// @param epochs passes over a step's responses, each in another order; the log-probabilities that ratios compare
    ///     with are those of the sampler in all of them. 1 in every published run of FlowRL
    /// @param optimizer of these steps
    /// @param microBatchMebibytes activations that one backward pass may hold where all are kept; decides how
    ///     mini-batches are cut
    /// @param recomputeActivations true where a backward pass keeps each block's input alone and computes the rest
    ///     again: the same bits from the same cuts, in less memory and more time
    public record Update(int miniBatches, int epochs, Optimizer optimizer, int microBatchMebibytes,
            boolean recomputeActivations) {
        /// One pass over a step's responses.
        public Update(int miniBatches, Optimizer optimizer, int microBatchMebibytes, boolean recomputeActivations) {
            this(miniBatches, 1, optimizer, microBatchMebibytes, recomputeActivations);
        }

        public Update {
            requirePositive("update.miniBatches", miniBatches);
            requirePositive("update.epochs", epochs);
            requirePositive("update.microBatchMebibytes", microBatchMebibytes);
        }
    }

    /// AdamW and the course of its learning rate.
    ///
    /// @param learningRate the highest
    /// @param warmup steps over which it rises linearly; with a cosine at most `scheduleSteps`
    /// @param scheduleSteps steps over which it then falls, along a half cosine, to `floor`; it stays there.
    ///     Independent of how long the run is, so that a run that is stopped and resumed takes the same course
    /// @param floor share of the learning rate that remains
    /// @param adam the other settings of AdamW
    /// @param course how the rate rises and falls
    public record Optimizer(double learningRate, long warmup, long scheduleSteps, double floor, AdamW.Settings adam,
            Course course) {
        /// A rate that rises and falls along a half cosine.
        public Optimizer(double learningRate, long warmup, long scheduleSteps, double floor, AdamW.Settings adam) {
            this(learningRate, warmup, scheduleSteps, floor, adam, Course.COSINE);
        }

        public Optimizer {
            Objects.requireNonNull(course, "course");
            if (!(learningRate > 0 && learningRate < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("config: learningRate " + learningRate
                        + " must be above 0 and finite");
            }
            if (warmup < 0) {
                throw new IllegalArgumentException("config: warmup " + warmup + " must be 0 or more");
            }
            if (course == Course.COSINE && warmup > scheduleSteps) {
                throw new IllegalArgumentException("config: warmup " + warmup + " must be at most scheduleSteps "
                        + scheduleSteps + ", over which the rate rises and falls");
            }
            if (!(floor >= 0 && floor <= 1)) {
                throw new IllegalArgumentException("config: floor " + floor + " must be in [0, 1]");
            }
        }

        /// The learning rate of step `step`, counted from 0.
        public double rate(long step) {
            Schedule schedule = switch (course) {
                case COSINE -> Schedule.cosine(warmup, scheduleSteps, floor);
                case VERL_CONSTANT -> Schedule.linearWarmup(warmup);
            };
            return learningRate * schedule.factor(step);
        }
    }

    /// The course of a learning rate.
    public enum Course {
        /// From 1/warmup of the rate up to it, then down along a half cosine.
        @JsonProperty("cosine")
        COSINE,
        /// verl's constant rate, which FlowRL was trained with: factors 0, 1/warmup, 2/warmup … 1, then 1 for ever.
        /// The first step does not move the policy; `scheduleSteps` and `floor` have no effect.
        @JsonProperty("verl_constant")
        VERL_CONSTANT
    }

    private static void requirePositive(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException("config: " + name + " " + value + " must be at least 1");
        }
    }
}
