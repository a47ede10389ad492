package org.flowrl.rl.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.flowrl.rl.TrainingRun;
import org.flowrl.rl.YamlRecords;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.io.IoFault;

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
        requireSameConfigurations();
    }

    /// Runs what is left to run and returns what came out.
    public Results run() {
        write();
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
            pool.shutdownNow();
            throw new IllegalStateException("compare: " + e.getCause(), e.getCause());
        }
    }

    private void run(Cell cell) {
        Outcome outcome = new CellRun(comparison.config(cell), cell.folder(folder)).run(backends, watching(cell));
        observer.ended(cell, outcome);
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

    private void write() {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("comparison.yaml"), YamlRecords.text(comparison));
        } catch (IOException e) {
            throw IoFault.writing(folder.resolve("comparison.yaml"), e);
        }
    }
}
