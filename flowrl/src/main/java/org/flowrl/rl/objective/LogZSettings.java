package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.flowrl.rl.objective.Objective.PromptStates;

/// Where FlowRL's log Z comes from.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = LogZSettings.Learned.class, name = "learned"),
    @JsonSubTypes.Type(value = LogZSettings.GroupMean.class, name = "group_mean"),
    @JsonSubTypes.Type(value = LogZSettings.Zero.class, name = "zero"),
    @JsonSubTypes.Type(value = LogZSettings.Constant.class, name = "constant"),
    @JsonSubTypes.Type(value = LogZSettings.Noise.class, name = "noise")
})
public sealed interface LogZSettings {
    /// The prompt states that log Z is computed from.
    default PromptStates promptStates() {
        return PromptStates.NONE;
    }

    /// The net of {@link LogZ}, trained with the policy.
    ///
    /// @param promptStates which prompt states it reads the mean of; not `NONE`
    /// @param detached true where the gradient of log Z stops at the prompt states. The public code has the line that
    ///     does so commented out
    /// @param depth linear layers, at least 1
    /// @param dropout share of hidden units that are dropped in training, in [0, 1)
    /// @param learningRateFactor multiplies the policy's learning rate; 1 in every public version
    record Learned(PromptStates promptStates, boolean detached, int depth, double dropout, double learningRateFactor)
            implements LogZSettings {
        /// The paper's depth (appendix, 3 of 1, 3, 5).
        public static final int DEPTH = 3;
        /// The public code's dropout.
        public static final double DROPOUT = 0.1;

        public Learned {
            if (promptStates == PromptStates.NONE) {
                throw new IllegalArgumentException("logZ learned: promptStates NONE must be WITHOUT_LAST or ALL");
            }
            if (depth < 1) {
                throw new IllegalArgumentException("logZ learned: depth " + depth + " must be at least 1");
            }
            if (!(dropout >= 0 && dropout < 1)) {
                throw new IllegalArgumentException("logZ learned: dropout " + dropout + " must be in [0, 1)");
            }
            if (!(learningRateFactor > 0 && learningRateFactor < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("logZ learned: learningRateFactor " + learningRateFactor
                        + " must be above 0 and finite");
            }
        }
    }

    /// What the group of a prompt says, without a net and without a gradient: the log Z with which the residuals of the
    /// group have mean 0 before the first update. GFlowRL (arXiv 2607.13394):
    /// ```
    /// log Z = mean_i (β · R_i + ℓref_i − ℓold_i)
    /// ```
    record GroupMean() implements LogZSettings {
    }

    /// 0: log Z is left out.
    record Zero() implements LogZSettings {
    }

    /// The same number for every prompt.
    ///
    /// @param value in nats per token, finite
    record Constant(double value) implements LogZSettings {
        public Constant {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException("logZ constant: value " + value + " must be finite");
            }
        }
    }

    /// A normal draw for each prompt and step, the same for all responses of a group: what GFlowRL's authors put in the
    /// place of the net to ask what it does.
    ///
    /// @param mean in nats per token, finite
    /// @param deviation in nats per token, finite and at least 0
    record Noise(double mean, double deviation) implements LogZSettings {
        /// The follow-up's mean.
        public static final double MEAN = 0.5;
        /// The follow-up's standard deviation.
        public static final double DEVIATION = 1;

        public Noise {
            if (!(Double.isFinite(mean) && deviation >= 0 && deviation < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("logZ noise: mean " + mean + " and deviation " + deviation
                        + " must be finite, deviation at least 0");
            }
        }
    }

    /// The net of the public code, reading `promptStates`.
    static Learned learned(PromptStates promptStates) {
        return new Learned(promptStates, false, Learned.DEPTH, Learned.DROPOUT, 1);
    }
}
