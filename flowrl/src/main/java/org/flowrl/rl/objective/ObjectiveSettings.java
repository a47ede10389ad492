package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Optional;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.Policy;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;

/// The settings of one objective, as `objective:` has them in `config.yaml`; the key `algo` says which family.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "algo")
@JsonSubTypes({
    @JsonSubTypes.Type(value = FlowRlSettings.class, name = "flowrl"),
    @JsonSubTypes.Type(value = PolicyGradientSettings.class, name = "policy_gradient")
})
public sealed interface ObjectiveSettings permits FlowRlSettings, PolicyGradientSettings {
    /// The name of the algorithm, for folders and tables.
    String algorithm();

    /// Responses that every prompt must have at the least: 2 where they are compared with each other.
    int minimumSamples();

    /// The objective with these settings, its modules' parameters allocated in `context` and initialised.
    Objective create(Context context);

    /// Where an objective's own modules live.
    ///
    /// @param backend computes
    /// @param scope holds the modules' parameters
    /// @param dtype of the parameters
    /// @param hiddenSize D, width of the policy's hidden states
    /// @param key for the first values of the parameters
    /// @param start the policy before training, which a critic starts from
    record Context(Backend backend, Scope scope, DType dtype, int hiddenSize, RandomKey key, Optional<Policy> start) {
        /// A context for objectives without a critic.
        public Context(Backend backend, Scope scope, DType dtype, int hiddenSize, RandomKey key) {
            this(backend, scope, dtype, hiddenSize, key, Optional.empty());
        }

        /// The context of the policy that is trained, before its first step.
        public static Context of(Policy start, Scope scope, RandomKey key) {
            return new Context(start.backend(), scope, start.parameters().dtype(),
                    start.model().config().hiddenSize(), key, Optional.of(start));
        }

        /// An empty store for a module's parameters.
        ParameterStore newStore() {
            return new ParameterStore(backend, scope, dtype);
        }
    }
}
