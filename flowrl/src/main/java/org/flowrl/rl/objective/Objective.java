package org.flowrl.rl.objective;

import java.util.List;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Var;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;

/// What is minimised: declares what it needs, owns its modules, and gives the loss. The trainer names no algorithm.
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

    /// The name for logs and tables.
    String name();

    /// True where {@link Batch#referenceLogProbs} must be there.
    boolean needsReference();

    /// Which prompt states the loss reads.
    PromptStates promptStates();

    /// How rewards become advantages.
    Estimator estimator();

    /// The parameters of the objective's own modules (log Z, critic), allocated and initialised; they are optimised
    /// together with the policy, saved in the trainer's state and never exported with the model.
    List<ParameterStore> stores();

    /// The part of the mini-batch's loss that comes from `batch`: parts of all batches add up to the loss.
    ///
    /// @param metrics receives what the log shows of this batch
    /// @return [1]
    Var loss(PolicyOutput output, Batch batch, MetricSums metrics);
}
