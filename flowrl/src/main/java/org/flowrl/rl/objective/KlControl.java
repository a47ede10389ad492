package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/// How the coefficient of a penalty in the reward goes on from rollout to rollout.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = KlControl.Fixed.class, name = "fixed"),
    @JsonSubTypes.Type(value = KlControl.Adaptive.class, name = "adaptive")
})
public sealed interface KlControl {
    /// The coefficient after a rollout.
    ///
    /// @param coefficient that the rollout was judged with
    /// @param kl mean over its responses of the estimate, in nats per token
    /// @param responses in the rollout
    double next(double coefficient, double kl, int responses);

    /// Always the same.
    record Fixed() implements KlControl {
        @Override
        public double next(double coefficient, double kl, int responses) {
            return coefficient;
        }
    }

    /// Grows where the policy is further from the reference than wanted, and shrinks where it is nearer (Ziegler et al.
    /// 2019, section 2.2):
    /// ```
    /// k ← k · (1 + clamp(kl / target − 1, ±0.2) · responses / horizon)
    /// ```
    /// Source: verl `core_algos.py`, `AdaptiveKLController`.
    ///
    /// @param target in nats per token; verl's is 0.1
    /// @param horizon responses over which the coefficient follows; verl's is 10,000
    record Adaptive(double target, double horizon) implements KlControl {
        /// Bound on the relative error, as published.
        public static final double MAX_ERROR = 0.2;

        public Adaptive {
            if (!(target > 0 && horizon > 0 && horizon < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("kl control adaptive: target " + target + " and horizon " + horizon
                        + " must be above 0 and finite");
            }
        }

        @Override
        public double next(double coefficient, double kl, int responses) {
            double error = Math.clamp(kl / target - 1, -MAX_ERROR, MAX_ERROR);
            return coefficient * (1 + error * responses / horizon);
        }
    }
}
