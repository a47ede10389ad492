package org.flowrl.rl;

import org.flowrl.autograd.optim.AdamW;
import org.flowrl.autograd.optim.Schedule;
import org.flowrl.rl.objective.ObjectiveSettings;

/// Everything that decides a training run's numbers; written to `config.yaml` in the run folder and read back by
/// `--resume` and `--config`. Where the run is computed (device, threads) is not part of it.
///
/// @param task name of the built-in task
/// @param model Hugging Face folder to start from; empty for a new model of `size`
/// @param size name of the built-in model size: `nano`, `micro` or `small`
/// @param seed every random draw of the run is a function of it
/// @param steps rollouts to train on; `--resume` may raise it
/// @param warmUp supervised steps on random well-formed answers before the first rollout
/// @param rollout what is sampled in a step
/// @param update how a rollout becomes optimizer steps
/// @param objective what is minimised
/// @param evaluateEvery steps between exact evaluations, which appear in those steps' metrics
/// @param checkpointEvery steps between checkpoints; the last step always has one
/// @param keepCheckpoints older checkpoints than this many are removed
public record TrainConfig(String task, String model, String size, long seed, long steps, WarmUp warmUp, RolloutSettings rollout,
        Update update, ObjectiveSettings objective, long evaluateEvery, long checkpointEvery, int keepCheckpoints) {

    public TrainConfig {
        requirePositive("steps", steps);
        requirePositive("evaluateEvery", evaluateEvery);
        requirePositive("checkpointEvery", checkpointEvery);
        requirePositive("keepCheckpoints", keepCheckpoints);
        if (rollout.rows() % update.miniBatches() != 0) {
            throw new IllegalArgumentException("config: update.miniBatches " + update.miniBatches() + " must divide the "
                    + rollout.rows() + " responses of a step");
        }
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
    public record RolloutSettings(int prompts, int samples, double temperature) {
        public RolloutSettings {
            requirePositive("rollout.prompts", prompts);
            requirePositive("rollout.samples", samples);
            if (!(temperature > 0)) {
                throw new IllegalArgumentException("config: rollout.temperature " + temperature + " must be above 0");
            }
        }

        /// Responses in a step.
        public int rows() {
            return Math.multiplyExact(prompts, samples);
        }
    }

    /// How a step's responses become optimizer steps: one pass over them in random equal parts.
    ///
    /// @param miniBatches optimizer steps in a step; divides the number of responses
    /// @param optimizer of these steps
    /// @param microBatchMebibytes activations that one backward pass may hold where all are kept; decides how
    ///     mini-batches are cut
    /// @param recomputeActivations true where a backward pass keeps each block's input alone and computes the rest
    ///     again: the same bits from the same cuts, in less memory and more time
    public record Update(int miniBatches, Optimizer optimizer, int microBatchMebibytes,
            boolean recomputeActivations) {
        public Update {
            requirePositive("update.miniBatches", miniBatches);
            requirePositive("update.microBatchMebibytes", microBatchMebibytes);
        }
    }

    /// AdamW and the course of its learning rate.
    ///
    /// @param learningRate the highest
    /// @param warmup steps over which it rises linearly from 1/warmup of it
    /// @param scheduleSteps steps over which it then falls, along a half cosine, to `floor`; it stays there. Independent of
    ///     how long the run is, so that a run that is stopped and resumed takes the same course
    /// @param floor share of the learning rate that remains
    /// @param adam the other settings of AdamW
    public record Optimizer(double learningRate, long warmup, long scheduleSteps, double floor, AdamW.Settings adam) {
        public Optimizer {
            if (!(learningRate > 0)) {
                throw new IllegalArgumentException("config: learningRate " + learningRate + " must be above 0");
            }
        }

        /// The learning rate of step `step`, counted from 0.
        public double rate(long step) {
            return learningRate * Schedule.cosine(warmup, scheduleSteps, floor).factor(step);
        }
    }

    private static void requirePositive(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException("config: " + name + " " + value + " must be at least 1");
        }
    }
}
