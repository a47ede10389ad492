package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.flowrl.rl.objective.Objective.PromptStates;

/// Where FlowRL's log Z comes from.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = LogZSettings.Learned.class, name = "learned"),
    @JsonSubTypes.Type(value = LogZSettings.Constant.class, name = "constant")
})
public sealed interface LogZSettings {
    /// The prompt states that log Z is computed from.
    PromptStates promptStates();

    /// The net of {@link LogZ}, trained with the policy.
    ///
    /// @param promptStates which prompt states it reads the mean of; not `NONE`
    /// @param detached true where the gradient of log Z stops at the prompt states. The public code has the line that
    ///     does so commented out
    /// @param depth linear layers, at least 1
    /// @param dropout share of hidden units that are dropped in training, in [0, 1)
    record Learned(PromptStates promptStates, boolean detached, int depth, double dropout) implements LogZSettings {
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
        }
    }

    /// The same number for every prompt; 0 leaves log Z out.
    ///
    /// @param value in nats per token, finite
    record Constant(double value) implements LogZSettings {
        public Constant {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException("logZ constant: value " + value + " must be finite");
            }
        }

        @Override
        public PromptStates promptStates() {
            return PromptStates.NONE;
        }
    }

    /// The net of the public code, reading `promptStates`.
    static Learned learned(PromptStates promptStates) {
        return new Learned(promptStates, false, Learned.DEPTH, Learned.DROPOUT);
    }
}
