package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.tensor.Tensor;

/// Estimates of the Kullback-Leibler divergence from one token that the policy drew (Schulman 2020, "Approximating KL
/// divergence"), in nats, with q = log π_ref − log π:
/// ```
/// k1 = −q          abs = |q|          k2 = q² / 2          k3 = e^q − q − 1, bounded
/// ```
/// k1 and k3 have the divergence as their mean; the gradient of k2 has its gradient as its mean.
///
/// Source: verl `core_algos.py`, `kl_penalty` @ b178a3cd.
public enum KlEstimate {
    /// −q.
    @JsonProperty("k1")
    K1 {
        @Override
        Var of(Var q) {
            return Pointwise.negate(q);
        }

        @Override
        double of(double q) {
            return -q;
        }
    },

    /// |q|.
    @JsonProperty("abs")
    ABS {
        @Override
        Var of(Var q) {
            return Pointwise.absolute(q);
        }

        @Override
        double of(double q) {
            return Math.abs(q);
        }
    },

    /// q² / 2.
    @JsonProperty("k2")
    K2 {
        @Override
        Var of(Var q) {
            return Pointwise.scale(Pointwise.square(q), 0.5);
        }

        @Override
        double of(double q) {
            return 0.5 * q * q;
        }
    },

    /// e^q − q − 1, with q bounded at ±{@link #MAX_LOG_RATIO} and the estimate at {@link #MAX_VALUE}.
    @JsonProperty("k3")
    K3 {
        @Override
        Var of(Var q) {
            Var bounded = Pointwise.clamp(q, -MAX_LOG_RATIO, MAX_LOG_RATIO);
            Var k3 = Pointwise.affine(Pointwise.subtract(Pointwise.exp(bounded), bounded), 1, -1);
            return Pointwise.clamp(k3, -MAX_VALUE, MAX_VALUE);
        }

        @Override
        double of(double q) {
            double bounded = Math.clamp(q, -MAX_LOG_RATIO, MAX_LOG_RATIO);
            return Math.clamp(StrictMath.exp(bounded) - bounded - 1, -MAX_VALUE, MAX_VALUE);
        }
    };

    /// verl's bound on q in k3, in nats; 0.4.0 lacks it.
    public static final double MAX_LOG_RATIO = 20;
    /// verl's bound on k3, in nats.
    public static final double MAX_VALUE = 10;

    abstract Var of(Var q);

    abstract double of(double q);

    /// The estimate of each token, differentiable, `[R]`.
    ///
    /// @param logProbs log π, `[R]`
    /// @param reference log π_ref, `[R]`
    public Var perToken(Var logProbs, Tensor reference) {
        Tape tape = logProbs.tape();
        return of(Pointwise.subtract(tape.constant(reference), logProbs));
    }

    /// The estimate of one token.
    public double perToken(double logProb, double reference) {
        return of(reference - logProb);
    }
}
