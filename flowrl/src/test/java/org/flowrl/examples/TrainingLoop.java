package org.flowrl.examples;

import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.Policy;
import org.flowrl.rl.Presets;
import org.flowrl.rl.Questions;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.Trainer;
import org.flowrl.rl.objective.Objective;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.rl.task.Tasks;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;

/// Reinforcement learning without a run folder: models, objective, steps.
public final class TrainingLoop {
    private TrainingLoop() {
    }

    /// @param arguments number of steps
    public static void main(String... arguments) {
        TrainConfig config = Presets.config("lattice", "flowrl");
        Questions questions = Questions.of(Tasks.named("lattice"));
        try (Backend backend = Backends.open("cpu", 1).backend(); Scope run = Scope.root("run", backend.memory())) {
            Policy policy = policy(backend, run, questions);
            Policy reference = policy(backend, run, questions);
            reference.parameters().freeze();
            Objective objective = config.objective().create(
                    ObjectiveSettings.Context.of(policy, run, RandomKey.of(config.seed())));
            Trainer trainer = new Trainer(run, policy, reference, objective, questions, config);
            for (long step = 0; step < Long.parseLong(arguments[0]); step++) {
                Trainer.StepResult result = trainer.step(step);
                System.out.println("step " + (step + 1) + " reward " + result.metrics().get("reward/mean"));
            }
        }
    }

    private static Policy policy(Backend backend, Scope run, Questions questions) {
        ParameterStore store = new ParameterStore(backend, run, DType.F32);
        Qwen model = Qwen.declare(store.root(), Presets.model("nano", questions.tokenizer(), 16));
        store.initialize(RandomKey.of(1));
        return new Policy(backend, model, store);
    }
}
