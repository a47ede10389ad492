package org.flowrl.rl.objective;

import java.util.stream.IntStream;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.tensor.Tensor;

/// PPO's clipped policy loss (Schulman et al. 2017, Eq. 7) of each token, with the second clip for negative advantages
/// of Ye et al. 2020 ("dual clip").
///
/// ```
/// Δ = clamp(log π_θ − log π_old, ±maxLogRatio)     ρ = e^Δ
/// loss = max(−A · ρ, −A · clamp(ρ, 1 − clipLow, 1 + clipHigh))          and where A < 0: min(loss, −A · dualClip)
/// ```
/// Source: verl `core_algos.py`, `compute_policy_loss_vanilla` @ b178a3cd.
///
/// @param clipLow the ratio is clipped below 1 − clipLow; less than 1
/// @param clipHigh the ratio is clipped above 1 + clipHigh
/// @param dualClip c, above 1
/// @param maxLogRatio bound on the log-ratio of a token, in nats
public record ClippedLoss(double clipLow, double clipHigh, double dualClip, double maxLogRatio)
        implements PolicyLoss {
    /// ε of PPO and of verl's GRPO recipes.
    public static final double CLIP = 0.2;
    /// verl's c.
    public static final double DUAL_CLIP = 3;
    /// verl's bound on log-ratios.
    public static final double MAX_LOG_RATIO = 20;

    public ClippedLoss {
        PolicyLoss.requireClip("clipped", clipLow, clipHigh, maxLogRatio);
        if (!(dualClip > 1 && dualClip < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("clipped loss: dualClip " + dualClip + " must be above 1 and finite");
        }
    }

    /// verl's defaults.
    public static ClippedLoss defaults() {
        return new ClippedLoss(CLIP, CLIP, DUAL_CLIP, MAX_LOG_RATIO);
    }

    /// These settings with another ε on the upper side.
    public ClippedLoss withClipHigh(double value) {
        return new ClippedLoss(clipLow, value, dualClip, maxLogRatio);
    }

    @Override
    public Var perToken(Var logProbs, Batch batch, MetricSums metrics) {
        Tape tape = logProbs.tape();
        Var difference = Pointwise.subtract(logProbs, tape.constant(batch.oldLogProbs()));
        Var logRatio = Pointwise.clamp(difference, -maxLogRatio, maxLogRatio);
        LossMetrics.ratios(logRatio.value().toDoubles(), StrictMath.log(1 - clipLow), StrictMath.log(1 + clipHigh),
                metrics);
        Var negated = Pointwise.negate(tape.constant(batch.advantages()));                         // −A
        Sides sides = Sides.of(Pointwise.exp(logRatio), negated, clipLow, clipHigh);
        sides.report(metrics);
        Var once = sides.larger();
        // c · max(−A, 0) bounds every token: where A ≥ 0 the loss is −A · ρ ≤ 0 already.
        Var bound = Pointwise.scale(Pointwise.clamp(negated, 0, Double.POSITIVE_INFINITY), dualClip);
        metrics.mean("policy/dual_clip_share", greater(once.value(), bound.value(), batch.advantages()),
                once.value().elements());
        return Pointwise.minimum(once, bound);
    }

    /// Tokens of negative advantage whose loss is above its bound.
    private static long greater(Tensor loss, Tensor bound, Tensor advantages) {
        double[] losses = loss.toDoubles();
        double[] bounds = bound.toDoubles();
        double[] all = advantages.toDoubles();
        return IntStream.range(0, losses.length).filter(i -> losses[i] > bounds[i] && all[i] < 0).count();
    }
}
