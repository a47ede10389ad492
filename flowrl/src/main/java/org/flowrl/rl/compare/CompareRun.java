package org.flowrl.rl.compare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.flowrl.rl.RunLock;
import org.flowrl.rl.TrainingRun;
import org.flowrl.rl.YamlRecords;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.io.AtomicFile;

/// Runs a comparison in its folder: first the sweep, then the reported seeds; several runs at a time, each with a
/// backend of its own. What is complete is not run again, so a comparison that was stopped goes on, and one that was
/// given more seeds or contenders runs the new ones. How many run at a time does not change a bit of any.
///
/// The folder holds `comparison.yaml`, `cells/CONTENDER/lr-RATE/seed-N/` (a run folder and `cell.yaml`), and what
/// {@link ComparisonFiles} writes.
public final class CompareRun {
    private final Comparison comparison;
    private final Path folder;
    private final int workers;
    private final Supplier<Backend> backends;
    private final Observer observer;
    private final Map<Cell, TrainingRun> training = new ConcurrentHashMap<>();
    private volatile boolean stopping;

    /// Watches a comparison; called from several threads.
    public interface Observer {
        /// After each training step of a cell.
        void stepped(Cell cell, long step, long steps);

        /// When a cell has ended, or was found to have ended before.
        void ended(Cell cell, Outcome outcome);
    }

    /// @param folder of the comparison; may exist
    /// @param workers runs at a time
    /// @param backends opens a backend for one run, which closes it
    /// @throws IllegalArgumentException where a configuration is not possible or the folder holds runs with other
    ///     settings
    /// @throws IllegalStateException where another comparison is writing the folder
    public CompareRun(Comparison comparison, Path folder, int workers, Supplier<Backend> backends, Observer observer) {
        if (workers < 1) {
            throw new IllegalArgumentException("compare: " + workers + " runs at a time must be at least 1");
        }
        this.comparison = comparison;
        this.folder = folder;
        this.workers = workers;
        this.backends = backends;
        this.observer = observer;
        comparison.check();
        RunLock.requireFree("compare", folder);
        requireSameConfigurations();
    }

    /// Runs what is left to run and returns what came out.
    ///
    /// @throws IllegalStateException where another comparison has the folder
    /// @throws CancellationException where {@link #stop} ended it; it goes on when it is run again
    public Results run() {
        try (RunLock _ = RunLock.of("compare", folder)) {
            return runAlone();
        }
    }

    /// Asks the runs that train to end after the steps that they are at, each with a checkpoint, and waits until they
    /// have. What has not begun to train does not, and what is being evaluated is not waited for. Any thread may.
    public void stop() throws InterruptedException {
        stopping = true;
        List<TrainingRun> asked = List.copyOf(training.values());
        asked.forEach(TrainingRun::stop);
        for (TrainingRun run : asked) {
            run.awaitTrained();
        }
    }

    private Results runAlone() {
        AtomicFile.write(folder.resolve("comparison.yaml"), YamlRecords.text(comparison));
        try (ExecutorService pool = Executors.newFixedThreadPool(workers)) {
            run(comparison.sweep(), pool);
            Results sweep = Results.read(comparison, folder);
            List<Cell> reported = new ArrayList<>();
            // Seed by seed, so that a comparison that is stopped early has something of every contender.
            for (Long seed : comparison.seeds()) {
                sweep.chosenRates().forEach((contender, rate) -> comparison.reported(contender, rate).stream()
                        .filter(cell -> cell.seed() == seed).forEach(reported::add));
            }
            run(reported, pool);
        }
        return Results.read(comparison, folder);
    }

    private void run(List<Cell> cells, ExecutorService pool) {
        Map<Cell, Future<?>> futures = new LinkedHashMap<>();
        cells.forEach(cell -> futures.put(cell, pool.submit(() -> run(cell))));
        try {
            for (Future<?> future : futures.values()) {
                future.get();
            }
        } catch (InterruptedException e) {
            pool.shutdownNow();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("compare: interrupted", e);
        } catch (ExecutionException e) {
            // Runs that were asked to stop are left to write their checkpoints; those that wait do not begin.
            if (!stopping) {
                pool.shutdownNow();
            }
            switch (e.getCause()) {
                case RuntimeException thrown -> throw thrown;
                case Error thrown -> throw thrown;
                default -> throw new IllegalStateException(e.getCause());
            }
        }
    }

    private void run(Cell cell) {
        requireGoingOn();
        try {
            Outcome outcome = new CellRun(comparison.config(cell), cell.folder(folder)).run(backends, watching(cell),
                    run -> begin(cell, run));
            observer.ended(cell, outcome);
        } finally {
            training.remove(cell);
        }
    }

    private void begin(Cell cell, TrainingRun run) {
        training.put(cell, run);
        if (stopping) {
            // Whoever asked before the line above has not seen the run.
            run.stop();
        }
    }

    private void requireGoingOn() {
        if (stopping) {
            throw new CancellationException("compare: stopped");
        }
    }

    private TrainingRun.Observer watching(Cell cell) {
        return new TrainingRun.Observer() {
            @Override
            public void warmedUp(long step, long steps, double loss) {
                // A comparison shows training steps alone.
            }

            @Override
            public void stepped(long step, long steps, Map<String, Double> metrics) {
                observer.stepped(cell, step, steps);
            }
        };
    }

    private void requireSameConfigurations() {
        comparison.possible().forEach(cell ->
                new CellRun(comparison.config(cell), cell.folder(folder)).requireSameConfiguration());
    }
}
