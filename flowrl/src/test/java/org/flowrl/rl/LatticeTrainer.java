package org.flowrl.rl;

import java.util.function.UnaryOperator;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.objective.Objective;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Tasks;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;

/// A trainer of the lattice task on an untrained model, without a run folder.
///
/// @param scope holds everything
/// @param policy trained
/// @param trainer of the policy
record LatticeTrainer(Scope scope, Policy policy, Trainer trainer) implements AutoCloseable {
    /// The trainer that {@link TrainingRun} makes of `config`.
    static LatticeTrainer open(Backend backend, TrainConfig config) {
        return open(backend, config, UnaryOperator.identity());
    }

    /// As {@link #open(Backend, TrainConfig)}, with `wrapped` around the objective.
    static LatticeTrainer open(Backend backend, TrainConfig config, UnaryOperator<Objective> wrapped) {
        Scope scope = Scope.root("run", backend.memory());
        Task task = Tasks.named(config.task());
        Policy policy = policy(backend, scope, config, task);
        Policy reference = policy(backend, scope, config, task);
        reference.parameters().freeze();
        Objective objective = wrapped.apply(config.objective().create(
                ObjectiveSettings.Context.of(policy, scope, RandomKey.of(2))));
        return new LatticeTrainer(scope, policy,
                new Trainer(scope, policy, reference, objective, Questions.of(task), config));
    }

    private static Policy policy(Backend backend, Scope scope, TrainConfig config, Task task) {
        Questions questions = Questions.of(task);
        ParameterStore store = new ParameterStore(backend, scope, DType.F32);
        Qwen model = Qwen.declare(store.root(), Presets.model(config.size(), questions.tokenizer(),
                questions.prompt(task.problems().getFirst()).length + task.maxResponseTokens()));
        store.allocate();
        store.initialize(RandomKey.of(1));
        return new Policy(backend, model, store);
    }

    @Override
    public void close() {
        scope.close();
    }
}
