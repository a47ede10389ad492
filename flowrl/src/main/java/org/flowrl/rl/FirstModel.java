package org.flowrl.rl;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Tasks;
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
    private final Optional<ModelDirectory> given;
    private final Tokenizer tokenizer;

    /// @param given folder of a model, see {@link #whole}; empty for a new one
    /// @throws IllegalArgumentException where the task has no problems or the model does not speak its language
    FirstModel(Backend backend, TrainConfig config, Task task, Optional<ModelDirectory> given) {
        this.backend = backend;
        this.config = config;
        this.task = task;
        this.given = given;
        if (task.problems().isEmpty()) {
            throw new IllegalArgumentException("train: task " + task.name() + " must have at least one problem");
        }
        this.tokenizer = tokenizer(task, given);
    }

    /// The folder of a model to start from.
    ///
    /// @throws IllegalArgumentException where it holds adapters
    static ModelDirectory whole(Path folder) {
        ModelDirectory directory = ModelDirectory.open(folder);
        if (directory.adapter().isPresent()) {
            throw new IllegalArgumentException("train: " + folder + " holds adapters; a run starts from a whole model, "
                    + "such as their base " + directory.adapter().get().base());
        }
        return directory;
    }

    private static Tokenizer tokenizer(Task task, Optional<ModelDirectory> given) {
        if (given.isEmpty()) {
            return task.tokenizer().orElseThrow(() -> new IllegalArgumentException("train: task " + task.name()
                    + " is asked in the language of a model; --model names its folder"));
        }
        Tokenizer own = given.get().tokenizer();
        if (task.tokenizer().isPresent() && !Tasks.hasVocabulary(task.tokenizer().get(), own)) {
            throw new IllegalArgumentException("train: " + given.get().path()
                    + " does not speak the vocabulary of task " + task.name());
        }
        return own;
    }

    /// The tokenizer of prompts and answers.
    Tokenizer tokenizer() {
        return tokenizer;
    }

    /// Refuses what would stop a new run before its first step: adapters that do not fit, a warm-up without answers.
    ///
    /// @param scope of the run; nothing is allocated in it
    void requireStartable(Scope scope) {
        if (config.lora().isOn()) {
            ParameterStore declared = new ParameterStore(backend, scope, DType.F32);
            QwenConfig model = given.map(ModelDirectory::config).orElseGet(this::newConfig);
            Qwen.declare(declared.root(), model).adapted(declared.beside().root(), config.lora());
        }
        if (given.isEmpty() && config.warmUp().steps() > 0 && task.randomAnswers().isEmpty()) {
            throw new IllegalArgumentException("train: task " + task.name() + " has no random answers; warmUp.steps "
                    + config.warmUp().steps() + " must be 0");
        }
    }

    /// The architecture of a new model: large enough for the longest prompt and its response.
    QwenConfig newConfig() {
        int longestPrompt = Stream.concat(task.problems().stream(), task.heldOutProblems().stream())
                .mapToInt(problem -> tokenizer.encode(problem.prompt()).length).max().orElseThrow();
        return Presets.model(config.size(), tokenizer, longestPrompt + task.maxResponseTokens());
    }

    /// The model before its warm-up.
    ///
    /// @param key of the run
    /// @param memory of the model
    Policy load(RandomKey key, Scope memory) {
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
