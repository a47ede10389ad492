package org.flowrl.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.flowrl.rl.Presets;
import org.flowrl.rl.YamlRecords;
import org.flowrl.rl.compare.Ablation;
import org.flowrl.rl.compare.CompareRun;
import org.flowrl.rl.compare.Comparison;
import org.flowrl.rl.compare.ComparisonFiles;
import org.flowrl.rl.compare.ComparisonTable;
import org.flowrl.rl.compare.Contender;
import org.flowrl.rl.compare.Outcome;
import org.flowrl.rl.compare.Results;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Tasks;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.io.Destination;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `compare`: algorithms × learning rates × seeds on one task, as a table, CSV files and a page.
@Command(name = "compare", mixinStandardHelpOptions = true,
        description = "Compare algorithms on one task over several seeds, each with the learning rate that does best "
                + "on a validation seed. A comparison that was stopped goes on with the same command.")
final class CompareCommand implements Callable<Integer> {
    private static final long VALIDATION_SEED = 101;
    private static final long QUICK_STEPS = 300;
    private static final List<Long> SEEDS = List.of(1L, 2L, 3L);
    private static final List<Double> LEARNING_RATES = List.of(1e-4, 3e-4, 1e-3);
    private static final double QUICK_LEARNING_RATE = 1e-3;
    private static final List<String> ALGORITHMS = List.of("flowrl", "grpo", "grpo-kl-matched", "ppo", "reinforce++");

    @Option(names = "--task", paramLabel = "TASK", description = "Preset: a built-in task, or one with other "
            + "settings (default: lattice).")
    private String task;

    @Option(names = "--algos", paramLabel = "NAME,…", split = ",", hideParamSyntax = true,
            description = "Algorithms and ablations, as train "
            + "--help lists them. A baseline NAME-kl-matched has FlowRL's optimum in theory, NAME-kl-coefficient that "
            + "KL coefficient alone (default: flowrl, grpo, grpo-kl-matched, ppo, reinforce++).")
    private List<String> algorithms;

    @Option(names = "--ablation", paramLabel = "PART", description = "In place of --algos: FlowRL with a part changed: "
            + "${COMPLETION-CANDIDATES}.")
    private Ablation ablation;

    @Option(names = "--seeds", paramLabel = "N,…", split = ",", hideParamSyntax = true,
            description = "Reported seeds (default: 1,2,3).")
    private List<Long> seeds;

    @Option(names = "--learning-rates", paramLabel = "X,…", split = ",", hideParamSyntax = true,
            description = "Learning rates that every "
            + "algorithm is tried with on the validation seed (default: 1e-4,3e-4,1e-3). One: it is taken untried.")
    private List<Double> learningRates;

    @Option(names = "--steps", paramLabel = "N", description = "Steps of each reported run (default: those of the "
            + "task's preset).")
    private Long steps;

    @Option(names = "--sweep-steps", paramLabel = "N", description = "Steps of each run on the validation seed "
            + "(default: half of --steps).")
    private Long sweepSteps;

    @Option(names = "--chosen-by", paramLabel = "METRIC", description = "Metric of the trained policy by which "
            + "learning rates are chosen (default: exact/accuracy, reward/mean where answers cannot be listed).")
    private String chosenBy;

    @Option(names = "--quick", description = "A minute or two: one seed, one learning rate, 300 steps; other options "
            + "change that.")
    private boolean quick;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Set a key of every run's configuration, "
            + "or how a card is used. Repeatable." + CardSettings.KEYS)
    private Map<String, String> settings = new LinkedHashMap<>();

    @Option(names = "--config", paramLabel = "FILE", description = "Replay a comparison.yaml.")
    private Path config;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder of the comparison; one that was stopped there "
            + "goes on (default: runs/compare-TASK, or with -PART and -quick after it).")
    private Path out;

    @Option(names = "--parallel", paramLabel = "N", description = "Runs at a time, one thread each (default: one a "
            + "processor). Does not change a bit of any run.")
    private Integer parallel;

    @Option(names = "--device", defaultValue = "cpu", paramLabel = "NAME",
            description = "cpu, vector, reference or cuda:N (default: cpu).")
    private String device;

    @Override
    public Integer call() {
        CardSettings.take(settings);
        Comparison comparison = config == null ? comparison() : replayed();
        Path folder = out != null ? out : Path.of("runs", "compare-" + comparison.task()
                + (ablation == null ? "" : "-" + ablation.name().toLowerCase(Locale.ROOT)) + (quick ? "-quick" : ""));
        Destination.requireFolder("compare: --out", folder);
        int workers = parallel == null ? Backends.defaultThreads() : parallel;
        CompareProgress progress = new CompareProgress(comparison);
        CompareRun run = new CompareRun(comparison, folder, workers, () -> Backends.open(device, 1).backend(),
                progress);
        // A device that cannot be had is refused here, once, and not by every run.
        Backends.open(device, 1).backend().close();
        progress.announce(folder, workers);
        Results results;
        try (StopOnSignal _ = StopOnSignal.of(() -> stop(run, progress))) {
            results = run.run();
        } catch (CancellationException stopped) {
            return Main.INTERRUPTED;
        }
        ComparisonFiles.write(results, folder);
        System.out.println();
        System.out.println(ComparisonTable.text(results));
        System.out.printf(Locale.ROOT, "%n%.0f s. Page: %s  Runs: %s  Curves: %s  Table: %s%n", progress.seconds(),
                folder.resolve("report.html"), folder.resolve("cells.csv"), folder.resolve("curves.csv"),
                folder.resolve("table.md"));
        requireNoFailures(results);
        return 0;
    }

    private static void stop(CompareRun run, CompareProgress progress) throws InterruptedException {
        progress.stopping();
        run.stop();
        progress.stopped();
    }

    private static void requireNoFailures(Results results) {
        long failed = results.cells().stream().filter(cell -> cell.outcome() instanceof Outcome.Failed).count();
        if (failed > 0) {
            throw new IllegalStateException("compare: " + failed + " of " + results.cells().size()
                    + " runs failed; the same command tries them again");
        }
    }

    private Comparison replayed() {
        if (task != null || algorithms != null || ablation != null || seeds != null || learningRates != null
                || steps != null || sweepSteps != null || chosenBy != null || quick || !settings.isEmpty()) {
            throw new IllegalArgumentException("--config says what is compared; only --out, --parallel, --device and "
                    + "--set gpu.KEY can be given beside it");
        }
        return YamlRecords.read(config, Comparison.class);
    }

    private Comparison comparison() {
        if (algorithms != null && ablation != null) {
            throw new IllegalArgumentException("--ablation says which algorithms are compared; --algos cannot be given "
                    + "beside it");
        }
        String on = Optional.ofNullable(task).orElse("lattice");
        Comparison.requireBuiltIn(on);
        List<Double> rates = Optional.ofNullable(learningRates)
                .orElse(quick ? List.of(QUICK_LEARNING_RATE) : LEARNING_RATES);
        List<String> names = Optional.ofNullable(algorithms)
                .orElse(ablation == null ? ALGORITHMS : ablation.algorithms());
        long length = Optional.ofNullable(steps).orElse(quick ? QUICK_STEPS : Presets.config(on, "flowrl").steps());
        return new Comparison(on, names.stream().map(name -> Contender.named(name, on, rates)).toList(), length,
                Optional.ofNullable(sweepSteps).orElse(Math.ceilDiv(length, 2)), VALIDATION_SEED,
                Optional.ofNullable(seeds).orElse(quick ? SEEDS.subList(0, 1) : SEEDS), chosenBy(on), settings);
    }

    private String chosenBy(String preset) {
        if (chosenBy != null) {
            return chosenBy;
        }
        try (Task built = Tasks.named(Presets.config(preset, "flowrl").task())) {
            return built.enumeration().isPresent() ? "exact/accuracy" : "reward/mean";
        }
    }
}
