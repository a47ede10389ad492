package org.flowrl.rl;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.text.Tokenizer;

/// The model that a run starts from: a folder's, or a new one, whose parameters are drawn and which is taught the form
/// of answers, from random ones, before it is asked anything.
final class FirstModel {
    private final Backend backend;
    private final TrainConfig config;
    private final Task task;
    private final Tokenizer tokenizer;

    /// @param tokenizer of prompts and answers
    FirstModel(Backend backend, TrainConfig config, Task task, Tokenizer tokenizer) {
        this.backend = backend;
        this.config = config;
        this.task = task;
        this.tokenizer = tokenizer;
    }

    /// The architecture of a new model: large enough for the longest prompt and its response.
    QwenConfig newConfig() {
        int longestPrompt = Stream.concat(task.problems().stream(), task.heldOutProblems().stream())
                .mapToInt(problem -> tokenizer.encode(problem.prompt()).length).max().orElseThrow();
        return Presets.model(config.size(), tokenizer, longestPrompt + task.maxResponseTokens());
    }

    /// The model before its warm-up.
    ///
    /// @param given folder of a model; empty for a new one
    /// @param key of the run
    /// @param memory of the model
    Policy load(Optional<ModelDirectory> given, RandomKey key, Scope memory) {
        if (given.isPresent()) {
            ParameterStore store = new ParameterStore(backend, memory, DType.F32);
            return new Policy(backend, given.get().load(store), store);
        }
        ParameterStore store = new ParameterStore(backend, memory, DType.F32, config.weights());
        Qwen model = Qwen.declare(store.root(), newConfig());
        store.allocate();
        store.initialize(key.fold("model"));
        return new Policy(backend, model, store);
    }

    /// Teaches a new model the form of answers, from random ones.
    ///
    /// @param key of the run
    /// @param memory for gradients and moments
    /// @param observer hears of each step
    void warmUp(Policy model, RandomKey key, Scope memory, TrainingRun.Observer observer) {
        TrainConfig.WarmUp settings = config.warmUp();
        RandomKey draws = key.fold("warmup");
        List<Problem> problems = task.problems();
        Questions questions = Questions.of(task);
        Supervised supervised = new Supervised(memory, model, settings.optimizer().adam(),
                config.update().microBatchMebibytes(), draws);
        for (long step = 0; step < settings.steps(); step++) {
            List<Policy.Row> batch = new ArrayList<>(settings.batch());
            for (int i = 0; i < settings.batch(); i++) {
                RandomKey own = draws.fold(step).fold(i);
                Problem problem = problems.get(own.nextInt(0, problems.size()));
                batch.add(new Policy.Row(questions.prompt(problem), questions.response(
                        task.randomAnswers().orElseThrow().answer(problem, own.fold("answer")))));
            }
            double loss = supervised.step(batch, settings.optimizer().rate(step)).loss();
            observer.warmedUp(step + 1, settings.steps(), loss);
        }
    }
}
