package org.flowrl.rl.objective;

import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.rl.Batch;

/// PPO's clipped policy loss (Schulman et al. 2017, Eq. 7) of each token, with the second clip for negative advantages
/// of Ye et al. 2020 ("dual clip").
///
/// ```
/// Δ = clamp(log π_θ − log π_old, ±maxLogRatio)     ρ = e^Δ
/// loss = max(−A · ρ, −A · clamp(ρ, 1 − clipLow, 1 + clipHigh))          and where A < 0: min(loss, −A · dualClip)
/// ```
/// Source: verl `core_algos.py`, `compute_policy_loss_vanilla` @ b178a3cd.
///
/// @param clipLow, clipHigh ε on either side; clipLow below 1
/// @param dualClip c, above 1
/// @param maxLogRatio bound on the log-ratio of a token, in nats
public record ClippedLoss(double clipLow, double clipHigh, double dualClip, double maxLogRatio) {
    /// ε of PPO and of verl's GRPO recipes.
    public static final double CLIP = 0.2;
    /// verl's c.
    public static final double DUAL_CLIP = 3;
    /// verl's bound on log-ratios.
    public static final double MAX_LOG_RATIO = 20;

    public ClippedLoss {
        if (!(clipLow > 0 && clipLow < 1 && clipHigh > 0 && clipHigh < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("clipped loss: clipLow " + clipLow + " and clipHigh " + clipHigh
                    + " must be positive, clipLow below 1 and clipHigh finite");
        }
        if (!(dualClip > 1 && dualClip < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("clipped loss: dualClip " + dualClip + " must be above 1 and finite");
        }
        if (!(maxLogRatio > 0 && maxLogRatio < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("clipped loss: maxLogRatio " + maxLogRatio
                    + " must be positive and finite");
        }
    }

    /// verl's defaults.
    public static ClippedLoss defaults() {
        return new ClippedLoss(CLIP, CLIP, DUAL_CLIP, MAX_LOG_RATIO);
    }

    /// The parts of the loss of each token, all [R].
    ///
    /// @param logRatio Δ
    /// @param unclipped −A · ρ
    /// @param clipped −A · clamp(ρ)
    /// @param loss the loss
    public record Terms(Var logRatio, Var unclipped, Var clipped, Var loss) {
    }

    /// The loss of each token.
    ///
    /// @param logProbs log π_θ of each response token, [R]
    /// @param batch the responses; its advantages are A
    public Terms terms(Var logProbs, Batch batch) {
        Tape tape = logProbs.tape();
        Var difference = Pointwise.subtract(logProbs, tape.constant(batch.oldLogProbs()));
        Var logRatio = Pointwise.clamp(difference, -maxLogRatio, maxLogRatio);
        Var ratio = Pointwise.exp(logRatio);
        Var negated = Pointwise.negate(tape.constant(batch.advantages()));                         // −A
        Var unclipped = Pointwise.multiply(negated, ratio);
        Var clipped = Pointwise.multiply(negated, Pointwise.clamp(ratio, 1 - clipLow, 1 + clipHigh));
        // c · max(−A, 0) bounds every token: where A ≥ 0 the loss is −A · ρ ≤ 0 already.
        Var bound = Pointwise.scale(Pointwise.clamp(negated, 0, Double.POSITIVE_INFINITY), dualClip);
        Var loss = Pointwise.minimum(Pointwise.maximum(unclipped, clipped), bound);
        return new Terms(logRatio, unclipped, clipped, loss);
    }
}
