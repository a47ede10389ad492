package org.flowrl.rl.compare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.rl.report.Measure;
import org.flowrl.rl.report.RunFolder;

/// What came out of a comparison so far, read from its folder.
///
/// @param comparison what was compared
/// @param cells every run that has ended, the sweep's first, in the comparison's order
public record Results(Comparison comparison, List<Result> cells) {
    public Results {
        cells = List.copyOf(cells);
    }

    /// One run.
    ///
    /// @param run its folder; empty where it has no result
    /// @param metrics of the trained policy; those that steps sample are means over the last stretch between
    ///     evaluations
    public record Result(Cell cell, Outcome outcome, Optional<RunFolder> run, Map<String, Double> metrics) {
    }

    /// Mean and range over the reported runs that were completed.
    public record Spread(double mean, double low, double high, int runs) {
    }

    /// Reads what is there of a comparison.
    public static Results read(Comparison comparison, Path folder) {
        List<Result> cells = new ArrayList<>();
        comparison.sweep().forEach(cell -> read(cell, folder).ifPresent(cells::add));
        new Results(comparison, cells).chosenRates().forEach((contender, rate) ->
                comparison.reported(contender, rate).forEach(cell -> read(cell, folder).ifPresent(cells::add)));
        return new Results(comparison, cells);
    }

    /// The learning rate of each contender's reported runs: its only one, or the one with the highest
    /// {@link Comparison#chosenBy} among its completed runs on the validation seed, the lower rate where two are equal.
    /// A contender that completed none is left out.
    public Map<Contender, Double> chosenRates() {
        Map<Contender, Double> rates = new LinkedHashMap<>();
        for (Contender contender : comparison.contenders()) {
            if (contender.learningRates().size() == 1) {
                rates.put(contender, contender.learningRates().getFirst());
            } else {
                of(contender, Cell.Phase.SWEEP).stream().filter(result -> result.run().isPresent())
                        .max(Comparator.comparingDouble(this::score)
                                .thenComparing(result -> result.cell().learningRate(), Comparator.reverseOrder()))
                        .ifPresent(best -> rates.put(contender, best.cell().learningRate()));
            }
        }
        return rates;
    }

    /// A contender's runs of one phase.
    public List<Result> of(Contender contender, Cell.Phase phase) {
        return cells.stream().filter(result -> result.cell().contender().equals(contender)
                && result.cell().phase() == phase).toList();
    }

    /// Mean and range of a metric over a contender's completed reported runs; empty where none has it.
    public Optional<Spread> spread(Contender contender, String metric) {
        double[] values = of(contender, Cell.Phase.REPORTED).stream().map(result -> result.metrics().get(metric))
                .filter(value -> value != null).mapToDouble(value -> value).toArray();
        if (values.length == 0) {
            return Optional.empty();
        }
        double sum = 0;
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (double value : values) {
            sum += value;
            low = Math.min(low, value);
            high = Math.max(high, value);
        }
        return Optional.of(new Spread(sum / values.length, low, high, values.length));
    }

    /// True where the task's answers can be listed, so that its metrics are exact.
    boolean isExact() {
        return cells.stream().anyMatch(result -> result.metrics().containsKey(Measure.ACCURACY.metric()));
    }

    /// The measures that tables show: those that some run has, such as accuracy on held-out problems where there are
    /// any; all where no run has a result.
    List<Measure> columns() {
        List<Measure> all = Measure.columns(isExact());
        List<Measure> known = all.stream().filter(measure -> cells.stream()
                .anyMatch(result -> result.metrics().containsKey(measure.metric()))).toList();
        return known.isEmpty() ? all : known;
    }

    private double score(Result result) {
        Double score = result.metrics().get(comparison.chosenBy());
        if (score == null) {
            throw new IllegalArgumentException("comparison: chosenBy " + comparison.chosenBy()
                    + " is no metric of " + result.cell() + "; it has " + result.metrics().keySet());
        }
        return score;
    }

    private static Optional<Result> read(Cell cell, Path folder) {
        Path own = cell.folder(folder);
        return CellRun.outcome(own).map(outcome -> {
            Optional<RunFolder> run = outcome instanceof Outcome.Completed ? Optional.of(RunFolder.read(own))
                    : Optional.empty();
            return new Result(cell, outcome, run, run.map(RunFolder::finalMetrics).orElse(Map.of()));
        });
    }
}
