package org.flowrl.rl.objective;

import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.rl.Batch;

/// A loss that holds the policy near the reference: the k3 estimate of the Kullback-Leibler divergence (Schulman 2020,
/// "Approximating KL divergence") of each token, in nats.
///
/// ```
/// q = clamp(log π_ref − log π_θ, ±maxLogRatio)          k3 = clamp(e^q − q − 1, ±maxValue)
/// ```
/// Source: verl `core_algos.py`, `kl_penalty` with `low_var_kl` @ b178a3cd; an older form (0.4.0) lacks the first
/// clamp.
///
/// @param coefficient factor on k3 in the loss; at least 0
/// @param maxLogRatio, maxValue bounds, in nats
public record ReferencePenalty(double coefficient, double maxLogRatio, double maxValue) {
    /// verl's coefficient in its GRPO recipes.
    public static final double COEFFICIENT = 1e-3;
    /// verl's bound on q.
    public static final double MAX_LOG_RATIO = 20;
    /// verl's bound on k3.
    public static final double MAX_VALUE = 10;

    public ReferencePenalty {
        if (!(coefficient >= 0 && coefficient < Double.POSITIVE_INFINITY && maxLogRatio > 0 && maxValue > 0)) {
            throw new IllegalArgumentException("reference penalty: coefficient " + coefficient
                    + " must be at least 0 and finite, maxLogRatio " + maxLogRatio + " and maxValue " + maxValue
                    + " above 0");
        }
    }

    /// verl's settings for GRPO.
    public static ReferencePenalty defaults() {
        return new ReferencePenalty(COEFFICIENT, MAX_LOG_RATIO, MAX_VALUE);
    }

    /// True where the penalty is part of the loss.
    boolean applies() {
        return coefficient > 0;
    }

    /// k3 of each response token, without the coefficient, [R].
    ///
    /// @param logProbs log π_θ of each response token, [R]
    /// @throws IllegalArgumentException where the batch has no reference log-probabilities
    public Var perToken(Var logProbs, Batch batch) {
        if (batch.referenceLogProbs() == null) {
            throw new IllegalArgumentException("reference penalty: batch of " + batch.rows()
                    + " responses must have referenceLogProbs");
        }
        Var difference = Pointwise.subtract(logProbs.tape().constant(batch.referenceLogProbs()), logProbs);
        Var q = Pointwise.clamp(difference, -maxLogRatio, maxLogRatio);
        Var k3 = Pointwise.affine(Pointwise.subtract(Pointwise.exp(q), q), 1, -1);
        return Pointwise.clamp(k3, -maxValue, maxValue);
    }
}
