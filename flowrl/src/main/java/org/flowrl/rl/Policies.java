package org.flowrl.rl;

import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;

/// The policy that is trained and the reference that it starts from, which stays as it is.
///
/// Without adapters the two are models of their own, and the reference keeps packed copies alone. With adapters they
/// are one frozen model, and what is trained is the adapters: the policy is the reference and they.
///
/// @param policy whose parameters are those that are trained
/// @param reference frozen
record Policies(Policy policy, Policy reference) {
    /// What a configuration asks for.
    ///
    /// @param key for the first values of adapters
    static Policies load(Weights weights, TrainConfig config, Backend backend, Scope scope, RandomKey key) {
        Policy reference = reference(weights, config, backend, scope);
        return new Policies(policy(weights, config, reference, scope, key), reference);
    }

    /// The reference. A critic, which is a whole model, starts from its masters.
    static Policy reference(Weights weights, TrainConfig config, Backend backend, Scope scope) {
        ParameterStore store = new ParameterStore(backend, scope, DType.F32, config.weights());
        if (config.lora().isOn() && config.objective().hasCritic()) {
            Qwen model = weights.load(store);
            store.freeze();
            return new Policy(backend, model, store);
        }
        return new Policy(backend, weights.loadFrozen(store, config.lora().isOn()), store);
    }

    /// The policy, beside its reference or upon it.
    static Policy policy(Weights weights, TrainConfig config, Policy reference, Scope scope, RandomKey key) {
        Backend backend = reference.backend();
        if (!config.lora().isOn()) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32, config.weights());
            return new Policy(backend, weights.load(store), store);
        }
        ParameterStore adapters = new ParameterStore(backend, scope, DType.F32);
        Qwen model = reference.model().adapted(adapters.root(), config.lora());
        adapters.allocate();
        adapters.initialize(key);
        return new Policy(backend, model, adapters);
    }
}
