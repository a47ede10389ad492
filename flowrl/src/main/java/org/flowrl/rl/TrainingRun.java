package org.flowrl.rl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.flowrl.rl.data.DataSetTask;
import org.flowrl.rl.grade.ProgramOptions;
import org.flowrl.rl.objective.Objective;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Tasks;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Closing;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.io.AtomicFile;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.transformer.AdapterFolder;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.text.Tokenizer;

/// A whole training run in its folder: model, warm-up, steps, evaluations, checkpoints; started anew or resumed.
///
/// The folder holds `config.yaml`, `manifest.json`, `reference/` (the model before the first rollout, a Hugging Face
/// folder; none where adapters of a given folder are trained, which is itself the reference),
/// `metrics.jsonl`, `metrics.csv`, a TensorBoard event file, `rollouts/`, `checkpoints/step-N/` and at its end
/// `evaluation.json`, `answers.jsonl` and `problems.jsonl`.
public final class TrainingRun implements AutoCloseable {
    /// Positions that evaluations and scores without gradients compute at a time.
    private static final long SCORING_POSITIONS = 4096;

    private final Backend backend;
    private final TrainConfig config;
    private final Path folder;
    private final Observer observer;
    /// Folder of the model that training starts from.
    private final Path start;
    private final Scope scope;
    private final Task task;
    private final Tokenizer tokenizer;
    private final Policy policy;
    private final Policy reference;
    private final Trainer trainer;
    private final Evaluator evaluator;
    private final MetricsLog log;
    private RunLock lock;
    private long done;
    /// Made when first asked for: the reference does not change.
    private Evaluator.Report referenceReport;
    private boolean warned;
    private final CountDownLatch trained = new CountDownLatch(1);
    private volatile boolean stopping;

    /// Watches a run as it goes. One method must be there, so a lambda will do:
    /// ```java
    /// TrainingRun.Observer observer = (step, steps, metrics) ->
    ///         IO.println("step " + step + " reward " + metrics.get("reward/mean"));
    /// ```
    @FunctionalInterface
    public interface Observer {
        /// Before anything is computed or written, when everything that can be refused beforehand has been looked at.
        default void starting(TrainConfig config, Path folder) {
        }

        /// After each warm-up step, counted from 1.
        default void warmedUp(long step, long steps, double loss) {
        }

        /// After each training step, counted from 1.
        ///
        /// @param metrics of this step, exact metrics included where they were due
        void stepped(long step, long steps, Map<String, Double> metrics);

        /// Before a model is loaded: what is worth knowing of the task.
        default void noted(String what) {
        }

        /// After the first step whose settings asked for something in vain.
        ///
        /// @param warning what, and which setting to change to which value
        default void warned(long step, String warning) {
        }
    }

    private TrainingRun(Backend backend, TrainConfig config, Function<Optional<Tokenizer>, Task> tasks, Path folder,
            Observer observer, boolean resume) {
        this.backend = backend;
        this.config = config;
        this.folder = folder;
        this.observer = observer;
        boolean isGiven = !config.model().isEmpty();
        if (!resume) {
            RunRefusals.requireVacant(folder);
        }
        this.start = isGiven && config.lora().isOn() ? Path.of(config.model()) : folder.resolve("reference");
        Optional<ModelDirectory> given = resume ? Optional.of(FirstModel.whole(start))
                : isGiven ? Optional.of(FirstModel.whole(Path.of(config.model()))) : Optional.empty();
        this.task = tasks.apply(given.map(ModelDirectory::tokenizer));
        this.scope = Scope.root("run", backend.memory());
        try {
            FirstModel first = new FirstModel(backend, config, task, given);
            this.tokenizer = first.tokenizer();
            given.ifPresent(ModelDirectory::check);
            RunRefusals.requireSpelling(task, tokenizer, given.map(ModelDirectory::path));
            if (!resume) {
                first.requireStartable(scope);
            }
            lock = RunLock.of("train", folder);
            observer.starting(config, folder);
            task.notes().forEach(observer::noted);
            this.log = new MetricsLog(folder);
            if (!resume) {
                begin(first, given);
            } else if (isGiven && config.lora().isOn()) {
                Manifest.requireSameBase(folder, Hashes.sha256(given.orElseThrow().weightFiles()), start);
            }
            ModelDirectory origin = ModelDirectory.open(start);
            Policies policies = Policies.load(Weights.of(origin), config, backend, scope, key().fold("lora"));
            this.policy = policies.policy();
            this.reference = policies.reference();
            adapters().ifPresent(observer::noted);
            Objective objective = config.objective().create(
                    ObjectiveSettings.Context.of(policy, scope, key().fold("objective")));
            Questions questions = Questions.of(task, tokenizer, Set.copyOf(origin.config().eosTokenIds()));
            this.trainer = new Trainer(scope, policy, reference, objective, questions, config);
            this.evaluator = task.enumeration().isPresent()
                    ? new ExactEvaluator(scope, task, questions, reference, objective, config.rollout().temperature(),
                            SCORING_POSITIONS, Presets.beta(task.name()))
                    : new SampledEvaluator(scope, task, questions, config.rollout(), key().fold("evaluation"));
            if (resume) {
                Checkpoint checkpoint = newest(folder, config);
                Manifest.requireSameData(folder, task);
                checkpoint.restore(backend, trainer, ConfigFile.hash(config));
                done = checkpoint.step();
            }
            log.startAfter(done);
        } catch (RuntimeException | Error e) {
            Closing.after(e, this::close);
            throw e;
        }
    }

    /// A new run of the built-in task that `config` names, in `folder`, which must be empty or not exist; warms a new
    /// model up.
    public static TrainingRun start(Backend backend, TrainConfig config, Path folder, Observer observer) {
        return start(backend, config, tasks(config, ProgramOptions.STRICT), folder, observer);
    }

    /// As {@link #start(Backend, TrainConfig, Path, Observer)}, of a task of one's own.
    ///
    /// @param tasks gives the task for the tokenizer of the model folder in `config`, empty for a new model; the run
    ///     closes the task
    public static TrainingRun start(Backend backend, TrainConfig config, Function<Optional<Tokenizer>, Task> tasks,
            Path folder, Observer observer) {
        return new TrainingRun(backend, config, tasks, folder, observer, false);
    }

    /// The configuration of the run in `folder`.
    ///
    /// @param steps where it is to end now; empty for what `config.yaml` says
    public static TrainConfig storedConfig(Path folder, Optional<Long> steps) {
        TrainConfig stored = ConfigFile.read(folder.resolve("config.yaml"));
        return steps.isEmpty() ? stored : ConfigFile.with(stored, Map.of("steps", steps.get().toString()));
    }

    /// The run in `folder`, continued from its newest checkpoint.
    ///
    /// @param config of the run, see {@link #storedConfig}; only where it ends may differ
    public static TrainingRun resume(Backend backend, TrainConfig config, Path folder, Observer observer) {
        return resume(backend, config, tasks(config, ProgramOptions.STRICT), folder, observer);
    }

    /// As {@link #resume(Backend, TrainConfig, Path, Observer)}, of a task of one's own.
    ///
    /// @param tasks gives the task for the tokenizer of the run's model; the run closes the task
    public static TrainingRun resume(Backend backend, TrainConfig config, Function<Optional<Tokenizer>, Task> tasks,
            Path folder, Observer observer) {
        RunLock.requireFree("train", folder);
        newest(folder, config).check(ConfigFile.hash(config));
        return new TrainingRun(backend, config, tasks, folder, observer, true);
    }

    /// The checkpoint that a run goes on from.
    private static Checkpoint newest(Path folder, TrainConfig config) {
        Checkpoint newest = Checkpoint.latest(folder).orElseThrow(() -> new IllegalArgumentException("resume: " + folder
                + " has no checkpoint; one is written every " + config.checkpointEvery() + " steps and at the end"));
        if (newest.step() > config.steps()) {
            throw new IllegalArgumentException("resume: steps " + config.steps() + " must be at least the "
                    + newest.step() + " that " + folder + " has done");
        }
        return newest;
    }

    /// The task that `config` names, for the tokenizer of the model folder, which is empty for a new model.
    ///
    /// @param programs what programs are allowed that the model writes: a matter of the machine, and so no part of the
    ///     configuration, which a run keeps wherever it goes on
    public static Function<Optional<Tokenizer>, Task> tasks(TrainConfig config, ProgramOptions programs) {
        return config.data() == null ? tokenizer -> Tasks.named(config.task(), tokenizer)
                : tokenizer -> DataSetTask.of(config.task(), config.data(), programs, tokenizer.orElseThrow(() ->
                        new IllegalArgumentException("train: task " + config.task()
                                + " is asked in the language of a model; --model names its folder")));
    }

    /// Trains to the last step and evaluates the result.
    ///
    /// @throws CancellationException where {@link #stop} ended it; the folder can be resumed
    public Evaluator.Report run() {
        try {
            train();
        } finally {
            trained.countDown();
        }
        if (done < config.steps()) {
            throw new CancellationException("stopped after step " + done);
        }
        Evaluator.Report report = evaluator.evaluate(policy);
        EvaluationFile.write(folder, done, referenceReport(), report, evaluator.answers(policy));
        ProblemFile.write(folder, report);
        return report;
    }

    /// Asks a run to end after the step that it is at, with a checkpoint from which it can be resumed. Any thread may.
    public void stop() {
        stopping = true;
    }

    /// Waits until {@link #run} trains no longer: for the thread that asked it to stop.
    public void awaitTrained() throws InterruptedException {
        trained.await();
    }

    /// Trains to the last step or until it is asked to stop, writing metrics and checkpoints as it goes.
    void train() {
        backend.memory().resetHighWater();
        boolean last = done >= config.steps();
        while (!last) {
            Trainer.StepResult result = trainer.step(done++);
            Map<String, Double> metrics = new TreeMap<>(result.metrics());
            if (done % config.evaluateEvery() == 0) {
                metrics.putAll(evaluator.evaluate(policy).metrics());
            }
            log.append(done, metrics);
            last = done >= config.steps() || stopping;
            if (done % config.evaluateEvery() == 0 || last) {
                RolloutFile.write(folder.resolve("rollouts"), done, result.rollout(), tokenizer);
            }
            if (done % config.checkpointEvery() == 0 || last) {
                Checkpoint.write(folder, done, this::writePolicy, trainer, ConfigFile.hash(config),
                        config.keepCheckpoints());
            }
            if (!warned && result.warning().isPresent()) {
                observer.warned(done, result.warning().get());
                warned = true;
            }
            observer.stepped(done, config.steps(), metrics);
        }
        log.writeCsv();
        write("config.yaml", ConfigFile.text(config));
    }

    /// Writes what generates: the whole policy, or its adapters, which name the folder of their base.
    private void writePolicy(Path target) throws IOException {
        if (config.lora().isOn()) {
            AdapterFolder.write(target, start, config.lora(), policy.parameters());
            tokenizer.save(target);
        } else {
            ModelDirectory.write(target, policy.model().config(), policy.parameters(), DType.F32,
                    Optional.of(tokenizer), ModelDirectory.DEFAULT_SHARD_BYTES);
        }
    }

    /// A line on what is trained of the model, where that is not all of it.
    private Optional<String> adapters() {
        return policy.model().adapters().map(store -> String.format(Locale.ROOT,
                "lora: %s: %,d parameters are trained, %,d of %s are frozen", config.lora(), store.parameterCount(),
                policy.model().store().parameterCount(), start));
    }

    /// What the reference is worth: where training started.
    public Evaluator.Report referenceReport() {
        if (referenceReport == null) {
            referenceReport = evaluator.evaluate(reference);
        }
        return referenceReport;
    }

    /// The folder of this run.
    public Path folder() {
        return folder;
    }

    /// The configuration of this run.
    public TrainConfig config() {
        return config;
    }

    /// Steps done so far.
    public long stepsDone() {
        return done;
    }

    /// The trained policy.
    public Policy policy() {
        return policy;
    }

    /// Writes what identifies the run, and makes the policy that training starts from.
    private void begin(FirstModel first, Optional<ModelDirectory> given) {
        if (given.isPresent() && config.lora().isOn()) {
            write("config.yaml", ConfigFile.text(config));
            write("manifest.json", Manifest.of(config, task, backend, Hashes.sha256(given.get().weightFiles())));
            return;
        }
        try (Scope memory = scope.child("first")) {
            Policy policy = first.load(key(), memory);
            write("config.yaml", ConfigFile.text(config));
            write("manifest.json", Manifest.of(config, task, backend,
                    Hashes.sha256(policy.parameters().arena())));
            if (given.isEmpty()) {
                first.warmUp(policy, key(), memory, observer);
            }
            ModelDirectory.save(start, policy.model(), tokenizer);
        }
    }

    private RandomKey key() {
        return RandomKey.of(config.seed());
    }

    private void write(String name, String text) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw IoFault.writing(folder, e);
        }
        AtomicFile.write(folder.resolve(name), text);
    }

    /// Frees the run's memory, closes its task and leaves its folder.
    @Override
    public void close() {
        Closing.all(lock == null ? List.of(scope::close, task::close)
                : List.of(scope::close, task::close, lock::close));
    }
}
