package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Objects;

/// What holds the policy near the reference: an estimate of the Kullback-Leibler divergence of each token, in the loss
/// or taken from the token's reward.
///
/// ```
/// in the loss:     loss + coefficient · aggregate(estimate(log π_θ, log π_ref))
/// in the reward:   r_t − coefficient · estimate(log π_old, log π_ref)
/// ```
///
/// @param estimate of the divergence of a token
/// @param place where it counts
/// @param coefficient factor on it, at least 0; 0 turns the penalty off
/// @param control of the coefficient, in the reward alone
public record ReferencePenalty(KlEstimate estimate, Place place, double coefficient, KlControl control) {
    /// verl's coefficient in its GRPO recipes.
    public static final double COEFFICIENT = 1e-3;

    /// Where a penalty counts.
    public enum Place {
        /// A term of the loss, with a gradient.
        @JsonProperty("loss")
        LOSS,
        /// A part of the reward of each token, from the policy that sampled it.
        @JsonProperty("reward")
        REWARD
    }

    public ReferencePenalty {
        Objects.requireNonNull(estimate, "estimate");
        Objects.requireNonNull(place, "place");
        Objects.requireNonNull(control, "control");
        if (!(coefficient >= 0 && coefficient < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("reference penalty: coefficient " + coefficient
                    + " must be at least 0 and finite");
        }
        if (place == Place.REWARD && estimate == KlEstimate.K3) {
            throw new IllegalArgumentException("reference penalty: estimate k3 has no place in the reward, where its "
                    + "factor e^q is not differentiated and its policy gradient is not the divergence's; k1 is exact "
                    + "there");
        }
        if (place == Place.LOSS && control instanceof KlControl.Adaptive) {
            throw new IllegalArgumentException("reference penalty: control adaptive needs place reward; the "
                    + "coefficient of a loss is fixed");
        }
    }

    /// No penalty.
    public static ReferencePenalty none() {
        return inLoss(KlEstimate.K3, 0);
    }

    /// A penalty in the loss.
    public static ReferencePenalty inLoss(KlEstimate estimate, double coefficient) {
        return new ReferencePenalty(estimate, Place.LOSS, coefficient, new KlControl.Fixed());
    }

    /// A penalty in the reward, with k1.
    public static ReferencePenalty inReward(double coefficient) {
        return new ReferencePenalty(KlEstimate.K1, Place.REWARD, coefficient, new KlControl.Fixed());
    }

    /// This penalty with another coefficient.
    public ReferencePenalty withCoefficient(double value) {
        return new ReferencePenalty(estimate, place, value, control);
    }

    /// True where the penalty is not off.
    boolean applies() {
        return coefficient > 0;
    }

    boolean appliesTo(Place where) {
        return applies() && place == where;
    }
}
