package org.flowrl.rl.objective;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;
import org.flowrl.rl.ScoredRollout;
import org.flowrl.rl.Targets;
import org.flowrl.tensor.RandomKey;

/// What is minimised: declares what it needs, owns its modules, and gives the loss. The trainer names no algorithm.
/// Two methods make an objective, {@link #targets} and {@link #loss}; the others say what more it needs or has.
public interface Objective {
    /// Which prompt positions the mean of {@link PolicyOutput#promptMean} covers.
    enum PromptStates {
        /// None: no mean is made.
        NONE,
        /// All but the last prompt token, as FlowRL's released code has it.
        WITHOUT_LAST,
        /// Every prompt token, as the paper says.
        ALL
    }

    /// True where {@link Batch#referenceLogProbs} must be there.
    default boolean needsReference() {
        return false;
    }

    /// Which prompt states the loss reads.
    default PromptStates promptStates() {
        return PromptStates.NONE;
    }

    /// What the loss aims at, made of the whole rollout before the first of its updates.
    ///
    /// @param key of this rollout, for what is random
    /// @param metrics receives what the log shows of this rollout
    Targets targets(ScoredRollout rollout, RandomKey key, MetricSums metrics);

    /// The objective's own modules (log Z), allocated and initialised, each with its factor on the learning rate. They
    /// are optimised together with the policy, saved in the trainer's state and never exported with the model.
    default List<AdamW.Group> modules() {
        return List.of();
    }

    /// The critic, which is trained beside the policy and by itself; empty where there is none.
    default Optional<Critic> critic() {
        return Optional.empty();
    }

    /// The part of the mini-batch's loss that comes from `batch`: parts of all batches add up to the loss.
    ///
    /// @param metrics receives what the log shows of this batch
    /// @return [1]
    Var loss(PolicyOutput output, Batch batch, MetricSums metrics);

    /// What these settings ask for in vain and which of them to change; empty where all is well.
    ///
    /// @param metrics of a step
    default Optional<String> warning(Map<String, Double> metrics) {
        return Optional.empty();
    }

    /// What the objective has learned beside its modules, as text that {@link #restore} reads; empty for nothing.
    default String state() {
        return "";
    }

    /// Takes up a {@link #state}.
    default void restore(String state) {
        if (!state.isEmpty()) {
            throw new IllegalArgumentException("objective: state '" + state + "' is another objective's");
        }
    }
}
