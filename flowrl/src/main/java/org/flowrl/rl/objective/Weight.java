package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;

/// How FlowRL turns the ratio W = π_θ(y|x) / π_old(y|x) of a whole response into the weight of its squared residual.
///
/// Every kind bounds W in log space before the exponential, so no log-ratio overflows:
/// ```
/// weight = exp(min(max(log W, log low), log high))
/// ```
/// It is exactly 1 where log W = 0.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Weight.One.class, name = "one"),
    @JsonSubTypes.Type(value = Weight.None.class, name = "none"),
    @JsonSubTypes.Type(value = Weight.Clip.class, name = "clip"),
    @JsonSubTypes.Type(value = Weight.Max.class, name = "max")
})
public sealed interface Weight {
    /// Log-ratios below this weigh as much as this one, in nats.
    double logLow();

    /// Log-ratios above this weigh as much as this one, in nats.
    double logHigh();

    /// The weight of each log-ratio.
    ///
    /// @param logRatio log W, `[B]`
    /// @return `[B]`
    default Var apply(Var logRatio) {
        return Pointwise.exp(Pointwise.clamp(logRatio, logLow(), logHigh()));
    }

    /// 1 whatever W: no importance weight, the paper's ablation.
    record One() implements Weight {
        @Override
        public double logLow() {
            return 0;
        }

        @Override
        public double logHigh() {
            return 0;
        }
    }

    /// W itself, as FlowRL's first public code has it (September 2025: it computes a clip and never uses it).
    ///
    /// @param maxLogRatio largest log W that is told apart, in nats. The public code has no such bound and overflows;
    ///     e^20 is far beyond what training survives, and its square is still an F32
    record None(double maxLogRatio) implements Weight {
        /// The bound of {@link #unbounded}: verl's for log-ratios.
        public static final double MAX_LOG_RATIO = 20;

        public None {
            if (!(maxLogRatio > 0 && maxLogRatio < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("weight none: maxLogRatio " + maxLogRatio
                        + " must be positive and finite");
            }
        }

        @Override
        public double logLow() {
            return Double.NEGATIVE_INFINITY;
        }

        @Override
        public double logHigh() {
            return maxLogRatio;
        }
    }

    /// W clipped to [low, high]: the paper's 1 − ε and 1 + ε.
    record Clip(double low, double high) implements Weight {
        public Clip {
            if (!(low > 0 && low <= 1 && high >= 1 && high < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("weight clip: low " + low + " and high " + high
                        + " must satisfy 0 < low ≤ 1 ≤ high < ∞");
            }
        }

        @Override
        public double logLow() {
            return StrictMath.log(low);
        }

        @Override
        public double logHigh() {
            return StrictMath.log(high);
        }
    }

    /// min(W, bound), as the verl recipe has it since December 2025.
    record Max(double bound) implements Weight {
        public Max {
            if (!(bound >= 1 && bound < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("weight max: bound " + bound + " must be at least 1 and finite");
            }
        }

        @Override
        public double logLow() {
            return Double.NEGATIVE_INFINITY;
        }

        @Override
        public double logHigh() {
            return StrictMath.log(bound);
        }
    }

    /// W itself, up to e^{@value None#MAX_LOG_RATIO}.
    static Weight unbounded() {
        return new None(None.MAX_LOG_RATIO);
    }
}
