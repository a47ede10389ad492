package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;

/// The settings of one objective, as `objective:` has them in `config.yaml`; the key `algo` says which.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "algo")
@JsonSubTypes({
    @JsonSubTypes.Type(value = FlowRlSettings.class, name = "flowrl"),
    @JsonSubTypes.Type(value = GrpoSettings.class, name = "grpo")
})
public sealed interface ObjectiveSettings permits FlowRlSettings, GrpoSettings {
    /// The name of the algorithm, as `algo` has it.
    String algorithm();

    /// The objective with these settings, its modules' parameters allocated in `context` and initialised.
    Objective create(Context context);

    /// Where an objective's own modules live.
    ///
    /// @param backend computes
    /// @param scope holds the modules' parameters
    /// @param dtype of the parameters
    /// @param hiddenSize D, width of the policy's hidden states
    /// @param key for the first values of the parameters
    record Context(Backend backend, Scope scope, DType dtype, int hiddenSize, RandomKey key) {
        /// An empty store for a module's parameters.
        ParameterStore newStore() {
            return new ParameterStore(backend, scope, dtype);
        }
    }
}
