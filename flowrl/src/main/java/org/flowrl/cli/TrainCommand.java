package org.flowrl.cli;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.flowrl.rl.Checkpoint;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.Evaluator;
import org.flowrl.rl.Presets;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.TrainingRun;
import org.flowrl.rl.grade.ProgramOptions;
import org.flowrl.rl.report.Dashboard;
import org.flowrl.rl.report.RunReport;
import org.flowrl.rl.task.Task;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.transformer.text.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `train`: reinforcement learning; with no option FlowRL on `lattice`.
@Command(name = "train", mixinStandardHelpOptions = true,
        description = "Train a policy by reinforcement learning. With no option: FlowRL on the lattice task.")
final class TrainCommand implements Callable<Integer> {
    @Option(names = "--preset", paramLabel = "NAME", completionCandidates = PresetNames.class,
            description = "${COMPLETION-CANDIDATES} (default: lattice).")
    private String preset;

    @Option(names = "--algo", paramLabel = "NAME", description = "Algorithm or ablation, of the list below (default: "
            + "flowrl).")
    private String algorithm;

    @Option(names = "--variant", paramLabel = "NAME", description = "Public version of FlowRL: paper, released-2025-09 "
            + "or recipe-2025-12 (default).")
    private String variant;

    @Option(names = "--config", paramLabel = "FILE", description = "Configuration as a run's config.yaml has it.")
    private Path config;

    @Option(names = "--model", paramLabel = "DIR",
            description = "Start from this Hugging Face folder. Built-in tasks but countdown-text need their own "
                    + "vocabulary.")
    private Path model;

    @Option(names = "--data", paramLabel = "FILE", description = "With --preset math or code: the problems, as .jsonl, "
            + ".jsonl.gz or .parquet; --set data.prompt and data.answer name fields of no known layout.")
    private Path data;

    @Option(names = "--reward", paramLabel = "NAME", description = "With --preset math or code: the grader, as score "
            + "has them (default: dapo and java).")
    private String reward;

    @Option(names = "--size", paramLabel = "NAME", description = "Size of a new model: nano, micro or small.")
    private String size;

    @Option(names = "--steps", paramLabel = "N", description = "Stop after this many steps. The learning rate's course "
            + "is set by update.optimizer.scheduleSteps.")
    private Long steps;

    @Option(names = "--seed", paramLabel = "N", description = "Every random draw is a function of it (default: 1).")
    private Long seed;

    @Option(names = "--recompute-activations", description = "Keep each block's input alone for the backward pass and "
            + "compute the rest again: same bits, less memory, more time.")
    private boolean recomputeActivations;

    @Option(names = "--dtype", paramLabel = "TYPE", description = "Type of the copies of the weights that are "
            + "computed with, F32 or BF16; masters stay F32 (default: F32).")
    private String dtype;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Set a key of the configuration, such as "
            + "update.optimizer.learningRate=1e-3, or how a card is used. Repeatable." + CardSettings.KEYS)
    private Map<String, String> settings = new LinkedHashMap<>();

    @Option(names = "--out", paramLabel = "DIR", description = "Run folder (default: the next free runs/TASK-ALGO-N).")
    private Path out;

    @Option(names = "--resume", description = "Continue the run in --out from its newest checkpoint; of what decides "
            + "its numbers only --steps may be given beside it. Ctrl-C leaves a checkpoint.")
    private boolean resume;

    @Option(names = "--dashboard", paramLabel = "PORT", description = "Show the run as it goes at "
            + "http://localhost:PORT/, to this machine alone.")
    private Integer dashboard;

    @Mixin
    private UntrustedOptions untrusted;

    @Mixin
    private DeviceOptions device;

    @Override
    public Integer call() {
        CardSettings.take(settings);
        if (resume) {
            requireResumable();
        }
        TrainConfig base = resume ? TrainingRun.storedConfig(out, Optional.empty()) : base();
        requireDataTask(base);
        TrainConfig resolved = withOptions(base);
        Path folder = out != null ? out : nextFreeFolder(resolved);
        Backends.Choice chosen = device.choose();
        try (Backend backend = chosen.backend();
             Dashboard pages = dashboard == null ? null : Dashboard.open(folder, dashboard)) {
            return train(backend, resolved, folder, new TrainProgress(chosen.choice(),
                    Optional.ofNullable(pages).map(Dashboard::port)));
        }
    }

    private int train(Backend backend, TrainConfig resolved, Path folder, TrainProgress progress) {
        Function<Optional<Tokenizer>, Task> tasks = TrainingRun.tasks(resolved, untrusted.options());
        try (TrainingRun run = resume ? TrainingRun.resume(backend, resolved, tasks, folder, progress)
                : TrainingRun.start(backend, resolved, tasks, folder, progress)) {
            Evaluator.Report before = run.referenceReport();
            progress.begin(run);
            Evaluator.Report after;
            try (StopOnSignal _ = StopOnSignal.of(() -> stop(run, progress))) {
                after = run.run();
            } catch (UncheckedIOException e) {
                throw withNewest(folder, e);
            }
            progress.finish(run, before, after, RunReport.write(folder));
            return 0;
        } catch (CancellationException stopped) {
            return Main.INTERRUPTED;
        }
    }

    /// Why a run cannot write, such as a full disk, and how it goes on where it has a checkpoint.
    private static UncheckedIOException withNewest(Path folder, UncheckedIOException e) {
        return Checkpoint.latest(folder).map(checkpoint -> new UncheckedIOException(e.getMessage()
                + "; train --resume --out " + folder + " goes on after step " + checkpoint.step(), e.getCause()))
                .orElse(e);
    }

    private static void stop(TrainingRun run, TrainProgress progress) throws InterruptedException {
        progress.stopping();
        run.stop();
        run.awaitTrained();
        progress.stopped(run);
    }

    private void requireResumable() {
        if (out == null) {
            throw new IllegalArgumentException("--resume needs --out, the folder of the run");
        }
        if (!Files.exists(out.resolve("config.yaml"))) {
            throw new IllegalArgumentException("train: --resume: " + out + " holds no run: it has no config.yaml");
        }
        if (preset != null || algorithm != null || variant != null || config != null || model != null || size != null
                || data != null || reward != null || seed != null || dtype != null || recomputeActivations
                || !settings.isEmpty()) {
            throw new IllegalArgumentException("--resume takes its configuration from " + out
                    + "; only --steps and what concerns the machine (--device, --threads, --set gpu.KEY, --dashboard, "
                    + "--allow-unconfined, --readable) may be given beside it");
        }
    }

    private TrainConfig base() {
        if (config != null && (preset != null || algorithm != null || variant != null)) {
            throw new IllegalArgumentException("--config says the task and the algorithm; --preset, --algo and "
                    + "--variant cannot be given beside it");
        }
        return config != null ? ConfigFile.read(config) : preset();
    }

    private TrainConfig withOptions(TrainConfig base) {
        Map<String, String> all = new LinkedHashMap<>(settings);
        put(all, "steps", steps);
        put(all, "seed", seed);
        put(all, "size", size);
        put(all, "model", model);
        put(all, "data.file", data);
        put(all, "data.reward", reward);
        put(all, "weights", dtype);
        put(all, "update.recomputeActivations", recomputeActivations ? true : null);
        return ConfigFile.with(base, all);
    }

    private void requireDataTask(TrainConfig base) {
        if (base.data() != null) {
            return;
        }
        String others = "are for --preset " + String.join(" and ", Presets.DATA_NAMES) + "; task " + base.task();
        if (data != null || reward != null) {
            throw new IllegalArgumentException("--data and --reward " + others + " makes its own problems");
        }
        if (!untrusted.options().equals(ProgramOptions.STRICT)) {
            throw new IllegalArgumentException("--allow-unconfined and --readable " + others + " runs no programs");
        }
    }

    private TrainConfig preset() {
        String task = Optional.ofNullable(preset).orElse("lattice");
        String algo = Optional.ofNullable(algorithm).orElse("flowrl");
        if (variant == null) {
            return Presets.config(task, algo);
        }
        if (!algo.equals("flowrl")) {
            throw new IllegalArgumentException("--variant " + variant + " names a version of flowrl, not of " + algo);
        }
        return Presets.config(task, algo, variant);
    }

    private static void put(Map<String, String> settings, String key, Object value) {
        if (value != null) {
            settings.put(key, value.toString());
        }
    }

    private static Path nextFreeFolder(TrainConfig config) {
        for (int n = 1;; n++) {
            Path folder = Path.of("runs", config.task() + "-" + config.objective().algorithm() + "-" + n);
            if (!Files.exists(folder)) {
                return folder;
            }
        }
    }

    static final class PresetNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Stream.concat(Presets.NAMES.stream(), Presets.DATA_NAMES.stream()).iterator();
        }
    }
}
