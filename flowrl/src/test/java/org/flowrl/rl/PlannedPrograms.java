package org.flowrl.rl;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.generate.Generator;

/// What {@link MemoryPlan} plans, in earnest: its memory is the backend's to tell when they have ended.
final class PlannedPrograms {
    private PlannedPrograms() {
    }

    /// Samples, then scores and updates once, of a rollout whose log-probabilities are said to be 0.
    ///
    /// @return the step's metrics
    static Map<String, Double> train(Backend backend, QwenConfig model, TrainConfig config, MemoryPlan.Load load) {
        try (Scope scope = Scope.root("real", backend.memory())) {
            Policies policies = Policies.load(new RandomWeights(model), config, backend, scope, RandomKey.of(4));
            Trainer trainer = Trainer.onRollouts(scope, policies.policy(), policies.reference(),
                    config.objective().create(new ObjectiveSettings.Context(backend, scope, DType.F32,
                            model.hiddenSize(), RandomKey.of(3))), config);
            generate(policies.policy(), backend, scope, load, Set.of());
            MetricSums metrics = new MetricSums();
            trainer.update(0, trainer.score(0, rollout(load), metrics), metrics);
            return metrics.values();
        }
    }

    /// One supervised step.
    static void sft(Backend backend, QwenConfig model, AdamW.Settings adam, MemoryPlan.Load load,
            int microBatchMebibytes) {
        try (Scope scope = Scope.root("real", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Policy policy = new Policy(backend, new RandomWeights(model).load(store), store);
            new Supervised(scope, policy, adam, microBatchMebibytes, RandomKey.of(3)).step(Collections.nCopies(
                    load.rows(), new Policy.Row(new int[load.promptTokens()], new int[load.responseTokens()])), 1e-4);
        }
    }

    /// Samples once.
    ///
    /// @param ends words that end a sample
    static void sample(Backend backend, QwenConfig model, DType packed, MemoryPlan.Load load, Set<Integer> ends) {
        try (Scope scope = Scope.root("real", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32, packed);
            generate(new Policy(backend, new RandomWeights(model).loadFrozen(store, false), store), backend, scope,
                    load, ends);
        }
    }

    private static void generate(Policy policy, Backend backend, Scope scope, MemoryPlan.Load load,
            Set<Integer> ends) {
        new Generator(policy.model(), backend, scope).generate(Collections.nCopies(load.prompts(),
                new int[load.promptTokens()]), load.samples(), SamplingLaw.ofTemperature(1), load.responseTokens(),
                ends, RandomKey.of(2));
    }

    private static Rollout rollout(MemoryPlan.Load load) {
        List<Response> responses = new ArrayList<>();
        for (int i = 0; i < load.rows(); i++) {
            responses.add(new Response(i / load.samples(), i % load.samples(), new int[load.promptTokens()],
                    new int[load.responseTokens()], new float[load.responseTokens()], false, "",
                    new Verdict.Wrong(i % 2)));
        }
        return new Rollout(responses, load.prompts());
    }
}
