package org.flowrl.rl;

import java.util.List;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.objective.Objective.PromptStates;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;

/// Supervised learning: raises the log-probability of given responses. The prompt's own tokens carry no loss.
///
/// ```
/// loss = −(Σ over all response tokens of log π(token)) / (number of response tokens in the batch)
/// ```
public final class Supervised {
    private final Scope run;
    private final Policy policy;
    private final AdamW optimizer;
    private final Gradients gradients;
    private final long microBatchPositions;

    /// @param run scope that outlives this trainer and holds its moments and gradients
    /// @param microBatchMebibytes activations that one backward pass may hold
    /// @param key draws the lots by which moments in BF16 are rounded
    public Supervised(Scope run, Policy policy, AdamW.Settings adam, int microBatchMebibytes, RandomKey key) {
        this.run = run;
        this.policy = policy;
        this.optimizer = new AdamW(adam, List.of(new AdamW.Group(policy.parameters(), 1)), run, key);
        this.gradients = new Gradients(run, List.of(policy.parameters()));
        this.microBatchPositions = Math.max(1, microBatchMebibytes * (1L << 20)
                / policy.activationBytesPerPosition());
    }

    /// What a step did.
    ///
    /// @param loss mean negative log-probability of a response token, in nats
    /// @param gradientNorm joint norm before clipping
    /// @param tokens response tokens in the batch
    public record StepResult(double loss, double gradientNorm, long tokens) {
    }

    /// One optimizer step on a batch.
    ///
    /// @param batch at least one row
    /// @throws DivergedException where the loss is not a number
    public StepResult step(List<Policy.Row> batch, double learningRate) {
        if (batch.isEmpty()) {
            throw new IllegalArgumentException("supervised: a batch must have at least one row");
        }
        long tokens = batch.stream().mapToLong(row -> row.response().length).sum();
        double loss = 0;
        for (List<Policy.Row> part : Policy.split(batch, microBatchPositions)) {
            try (Tape tape = Tape.recording(policy.backend(), run)) {
                PolicyOutput output = policy.evaluate(tape, part, 1, PromptStates.NONE);
                Var partLoss = Pointwise.scale(Reductions.sum(output.logProbs()), -1.0 / tokens);
                double value = partLoss.value().item();
                if (Double.isNaN(value)) {
                    throw new DivergedException("supervised step " + (optimizer.steps() + 1), tape);
                }
                loss += value;
                tape.backward(partLoss, gradients);
            }
        }
        return new StepResult(loss, optimizer.step(gradients, learningRate).gradientNorm(), tokens);
    }
}
