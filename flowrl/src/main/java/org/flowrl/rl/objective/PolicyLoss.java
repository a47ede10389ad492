package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.tensor.Tensor;

/// The loss of each token of a policy gradient, from its advantage A and how likely the policy makes it by now. All
/// receive the metrics `ratio/*` and `policy/clip_share`.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ClippedLoss.class, name = "clipped"),
    @JsonSubTypes.Type(value = PolicyLoss.Gspo.class, name = "gspo"),
    @JsonSubTypes.Type(value = PolicyLoss.Cispo.class, name = "cispo"),
    @JsonSubTypes.Type(value = PolicyLoss.Reinforce.class, name = "reinforce")
})
public sealed interface PolicyLoss permits ClippedLoss, PolicyLoss.Gspo, PolicyLoss.Cispo, PolicyLoss.Reinforce {
    /// The loss of each token, `[R]`.
    ///
    /// @param logProbs log π_θ of each response token, `[R]`
    /// @param batch the responses; its advantages are A
    Var perToken(Var logProbs, Batch batch, MetricSums metrics);

    /// −A · log π_θ (Williams 1992): unbiased in the first update after a rollout alone.
    record Reinforce() implements PolicyLoss {
        @Override
        public Var perToken(Var logProbs, Batch batch, MetricSums metrics) {
            Tape tape = logProbs.tape();
            Var logRatio = Pointwise.subtract(tape.constant(logProbs.value()), tape.constant(batch.oldLogProbs()));
            LossMetrics.ratios(logRatio.value().toDoubles(), Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY,
                    metrics);
            return Pointwise.negate(Pointwise.multiply(tape.constant(batch.advantages()), logProbs));
        }
    }

    /// GSPO (arXiv 2507.18071): PPO's clip of the whole response's ratio, the geometric mean of its tokens'.
    /// ```
    /// s_i  = (1 / T_i) · Σ_t (log π_θ,t − log π_old,t)
    /// ρ_it = e^min(sg(s_i) + log π_θ,t − sg(log π_θ,t), maxLogRatio)
    /// loss = max(−A · ρ, −A · clamp(ρ, 1 − clipLow, 1 + clipHigh))
    /// ```
    /// sg stops the gradient. Source: verl `core_algos.py`, `compute_policy_loss_gspo` @ b178a3cd.
    ///
    /// @param clipLow the ratio is clipped below 1 − clipLow; less than 1
    /// @param clipHigh the ratio is clipped above 1 + clipHigh
    /// @param maxLogRatio bound on the log-ratio, in nats
    record Gspo(double clipLow, double clipHigh, double maxLogRatio) implements PolicyLoss {
        /// verl's example settings, which are the paper's.
        public static final double CLIP_LOW = 3e-4;
        /// As {@link #CLIP_LOW}.
        public static final double CLIP_HIGH = 4e-4;
        /// verl's bound.
        public static final double MAX_LOG_RATIO = 10;

        public Gspo {
            requireClip("gspo", clipLow, clipHigh, maxLogRatio);
        }

        /// verl's settings.
        public static Gspo defaults() {
            return new Gspo(CLIP_LOW, CLIP_HIGH, MAX_LOG_RATIO);
        }

        @Override
        public Var perToken(Var logProbs, Batch batch, MetricSums metrics) {
            Tape tape = logProbs.tape();
            Tensor tokens = tape.allocate(logProbs.value().dtype(), batch.rows());
            double[] lengths = new double[batch.rows()];
            for (int i = 0; i < lengths.length; i++) {
                lengths[i] = batch.lengths()[i];
            }
            tape.backend().elementwise().convert(tape.scope().of(lengths, lengths.length), tokens);
            Var stopped = tape.constant(logProbs.value());
            Var sums = Rows.segmentSum(Pointwise.subtract(stopped, tape.constant(batch.oldLogProbs())),
                    batch.starts());
            Var mean = Pointwise.divide(sums, tape.constant(tokens));                              // s [B]
            Var ofTokens = Rows.segmentBroadcast(mean, batch.starts(), logProbs.value().elements());
            Var logRatio = Pointwise.clamp(Pointwise.add(ofTokens, Pointwise.subtract(logProbs, stopped)),
                    Double.NEGATIVE_INFINITY, maxLogRatio);
            LossMetrics.ratios(mean.value().toDoubles(), StrictMath.log(1 - clipLow), StrictMath.log(1 + clipHigh),
                    metrics);
            Var negated = Pointwise.negate(tape.constant(batch.advantages()));                     // −A
            Sides sides = Sides.of(Pointwise.exp(logRatio), negated, clipLow, clipHigh);
            sides.report(metrics);
            return sides.larger();
        }
    }

    /// CISPO (arXiv 2506.13585): REINFORCE weighted by a clipped ratio without a gradient, so that clipped tokens keep
    /// theirs.
    /// ```
    /// loss = −sg(clamp(ρ, 1 − clipLow, 1 + clipHigh)) · A · log π_θ
    /// ```
    /// Source: verl `core_algos.py`, `compute_policy_loss_cispo` @ b178a3cd.
    ///
    /// @param clipLow the ratio is clipped below 1 − clipLow; at most 1
    /// @param clipHigh the ratio is clipped above 1 + clipHigh
    /// @param maxLogRatio bound on the log-ratio of a token, in nats
    record Cispo(double clipLow, double clipHigh, double maxLogRatio) implements PolicyLoss {
        public Cispo {
            requireClip("cispo", clipLow, clipHigh, maxLogRatio);
        }

        @Override
        public Var perToken(Var logProbs, Batch batch, MetricSums metrics) {
            Tape tape = logProbs.tape();
            Var stopped = tape.constant(logProbs.value());
            Var logRatio = Pointwise.clamp(Pointwise.subtract(stopped, tape.constant(batch.oldLogProbs())),
                    -maxLogRatio, maxLogRatio);
            double[] logRatios = logRatio.value().toDoubles();
            LossMetrics.ratios(logRatios, StrictMath.log(1 - clipLow), StrictMath.log(1 + clipHigh), metrics);
            Var ratio = Pointwise.exp(logRatio);
            Var weight = Pointwise.clamp(ratio, 1 - clipLow, 1 + clipHigh);
            double[] free = ratio.value().toDoubles();
            double[] bounded = weight.value().toDoubles();
            long changed = 0;
            for (int i = 0; i < free.length; i++) {
                changed += free[i] != bounded[i] ? 1 : 0;
            }
            metrics.mean("policy/clip_share", changed, free.length);
            Var weighted = Pointwise.multiply(weight, tape.constant(batch.advantages()));
            return Pointwise.negate(Pointwise.multiply(weighted, logProbs));
        }
    }

    /// Both sides of a clipped loss, `[R]`.
    ///
    /// @param free −A · ρ
    /// @param clipped −A · clamp(ρ, 1 − clipLow, 1 + clipHigh)
    record Sides(Var free, Var clipped) {
        /// @param negated −A, [R]
        static Sides of(Var ratio, Var negated, double clipLow, double clipHigh) {
            return new Sides(Pointwise.multiply(negated, ratio),
                    Pointwise.multiply(negated, Pointwise.clamp(ratio, 1 - clipLow, 1 + clipHigh)));
        }

        /// The larger loss of each token.
        Var larger() {
            return Pointwise.maximum(free, clipped);
        }

        /// `policy/clip_share`: of tokens whose clipped loss is the larger.
        void report(MetricSums metrics) {
            LossMetrics.clipShare("policy/clip_share", free.value(), clipped.value(), metrics);
        }
    }

    /// Refuses bounds that are none.
    static void requireClip(String loss, double clipLow, double clipHigh, double maxLogRatio) {
        if (!(clipLow > 0 && clipLow < 1 && clipHigh > 0 && clipHigh < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(loss + " loss: clipLow " + clipLow + " and clipHigh " + clipHigh
                    + " must be positive, clipLow below 1 and clipHigh finite");
        }
        if (!(maxLogRatio > 0 && maxLogRatio < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(loss + " loss: maxLogRatio " + maxLogRatio
                    + " must be positive and finite");
        }
    }
}
