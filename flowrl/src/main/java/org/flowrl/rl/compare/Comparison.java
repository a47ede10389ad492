package org.flowrl.rl.compare;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.Presets;
import org.flowrl.rl.TrainConfig;

/// Everything that decides a comparison's numbers; `comparison.yaml` in its folder, from which it can be replayed.
///
/// Protocol: each contender with several learning rates runs once with each of them on the validation seed; the rate
/// that does best there by `chosenBy` runs on every reported seed. All runs of a comparison have the same prompts and
/// samples a step, and all reported runs the same number of steps. Every run is reported, those that failed included.
///
/// @param task name of the built-in task
/// @param contenders the rows
/// @param steps of each reported run; the learning rate's course is as long, and its rise no longer
/// @param sweepSteps of each run on the validation seed, likewise
/// @param validationSeed not among `seeds`
/// @param seeds of the reported runs
/// @param chosenBy metric of the trained policy by which a learning rate is chosen, the higher the better
/// @param settings keys of every run's configuration and their values
public record Comparison(String task, List<Contender> contenders, long steps, long sweepSteps, long validationSeed,
        List<Long> seeds, String chosenBy, Map<String, String> settings) {
    /// Exact evaluations that each run has at the least, so that its curves have points.
    private static final long EVALUATIONS = 10;

    public Comparison {
        requireBuiltIn(task);
        contenders = List.copyOf(contenders);
        seeds = List.copyOf(seeds);
        settings = new TreeMap<>(settings);
        requireDifferent("contenders", contenders.stream().map(Contender::name).toList());
        requireDifferent("seeds", seeds);
        if (steps < 1 || sweepSteps < 1) {
            throw new IllegalArgumentException("comparison: steps " + steps + " and sweepSteps " + sweepSteps
                    + " must be at least 1");
        }
        if (seeds.contains(validationSeed)) {
            throw new IllegalArgumentException("comparison: validationSeed " + validationSeed
                    + " must not be among the reported seeds " + seeds);
        }
    }

    /// Refuses presets that take a model and problems of a file.
    ///
    /// @throws IllegalArgumentException where `task` is one of {@link Presets#DATA_NAMES}
    public static void requireBuiltIn(String task) {
        if (Presets.DATA_NAMES.contains(task)) {
            throw new IllegalArgumentException("comparison: task " + task + " trains a given model on problems of a "
                    + "file; what can be compared are the built-in tasks: " + String.join(", ", Presets.NAMES));
        }
    }

    /// The runs that choose learning rates: none for a contender with one.
    public List<Cell> sweep() {
        return contenders.stream().filter(contender -> contender.learningRates().size() > 1)
                .flatMap(contender -> contender.learningRates().stream()
                        .map(rate -> new Cell(contender, rate, validationSeed, Cell.Phase.SWEEP))).toList();
    }

    /// The reported runs of a contender with the learning rate that was chosen for it.
    public List<Cell> reported(Contender contender, double learningRate) {
        return seeds.stream().map(seed -> new Cell(contender, learningRate, seed, Cell.Phase.REPORTED)).toList();
    }

    /// Runs in all, if every contender gets through its sweep.
    public int size() {
        return sweep().size() + contenders.size() * seeds.size();
    }

    /// The configuration of a run.
    public TrainConfig config(Cell cell) {
        long length = cell.phase() == Cell.Phase.SWEEP ? sweepSteps : steps;
        TrainConfig preset = Presets.config(task, cell.contender().algorithm());
        Map<String, String> all = new HashMap<>();
        all.put("evaluateEvery", Long.toString(Math.min(preset.evaluateEvery(), Math.ceilDiv(length, EVALUATIONS))));
        all.put("keepCheckpoints", "1");
        all.put("update.optimizer.warmup", Long.toString(Math.min(preset.update().optimizer().warmup(), length)));
        all.putAll(settings);
        all.putAll(cell.contender().settings());
        all.put("steps", Long.toString(length));
        all.put("update.optimizer.scheduleSteps", Long.toString(length));
        all.put("update.optimizer.learningRate", Double.toString(cell.learningRate()));
        all.put("seed", Long.toString(cell.seed()));
        return ConfigFile.with(preset, all);
    }

    /// Every run that may be asked for: the sweep's, and those of each learning rate on the reported seeds.
    List<Cell> possible() {
        List<Cell> cells = new ArrayList<>(sweep());
        contenders.forEach(contender -> contender.learningRates()
                .forEach(rate -> cells.addAll(reported(contender, rate))));
        return cells;
    }

    /// @throws IllegalArgumentException where a run is not possible or contenders have different budgets
    public void check() {
        List<Cell> cells = possible();
        TrainConfig.RolloutSettings budget = config(cells.getFirst()).rollout();
        for (Cell cell : cells) {
            TrainConfig config = config(cell);
            TrainConfig.RolloutSettings own = config.rollout();
            if (own.prompts() != budget.prompts() || own.samples() != budget.samples()) {
                throw new IllegalArgumentException("comparison: " + cell.contender().name() + " samples "
                        + own.prompts() + " x " + own.samples() + " responses a step, "
                        + cells.getFirst().contender().name() + " " + budget.prompts() + " x " + budget.samples()
                        + "; every contender must have the same budget");
            }
        }
    }

    private static void requireDifferent(String what, List<?> values) {
        if (values.isEmpty() || values.stream().distinct().count() != values.size()) {
            throw new IllegalArgumentException("comparison: " + what + " " + values
                    + " must be at least one and all different");
        }
    }
}
