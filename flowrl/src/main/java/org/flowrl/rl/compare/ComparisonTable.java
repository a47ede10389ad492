package org.flowrl.rl.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.flowrl.rl.report.Measure;

/// The summary of a comparison: a line a contender with mean and range over its reported seeds, as text and as
/// Markdown.
public final class ComparisonTable {
    private ComparisonTable() {
    }

    /// One line.
    ///
    /// @param rate chosen learning rate; empty where every run of the sweep failed
    /// @param seeds completed of all reported runs
    /// @param spreads of {@link Measure#columns}
    record Line(Contender contender, String rate, String seeds, List<Optional<Results.Spread>> spreads) {
    }

    /// The lines, in the comparison's order.
    static List<Line> lines(Results results) {
        List<Line> lines = new ArrayList<>();
        for (Contender contender : results.comparison().contenders()) {
            Double rate = results.chosenRates().get(contender);
            long completed = results.of(contender, Cell.Phase.REPORTED).stream()
                    .filter(result -> result.run().isPresent()).count();
            lines.add(new Line(contender, rate == null ? "" : rate(rate),
                    completed + " of " + results.comparison().seeds().size(),
                    results.columns().stream().map(measure -> results.spread(contender, measure.metric())).toList()));
        }
        return lines;
    }

    /// As aligned columns.
    public static String text(Results results) {
        List<Line> lines = lines(results);
        int width = lines.stream().mapToInt(line -> line.contender().name().length()).max().orElseThrow();
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%-" + width + "s %9s %7s", "algorithm",
                "rate", "seeds"));
        results.columns().forEach(measure -> text.append(String.format(Locale.ROOT, " %22s", measure.title())));
        for (Line line : lines) {
            text.append(String.format(Locale.ROOT, "%n%-" + width + "s %9s %7s", line.contender().name(), line.rate(),
                    line.seeds()));
            for (int i = 0; i < line.spreads().size(); i++) {
                text.append(String.format(Locale.ROOT, " %22s", cell(line.spreads().get(i), results.columns().get(i))));
            }
        }
        return text.toString();
    }

    /// As a Markdown table.
    public static String markdown(Results results) {
        StringBuilder text = new StringBuilder("| algorithm | learning rate | seeds |");
        results.columns().forEach(measure -> text.append(' ').append(measure.title()).append(" |"));
        text.append("\n|---|---|---|").append("---|".repeat(results.columns().size()));
        for (Line line : lines(results)) {
            text.append("\n| ").append(line.contender().name()).append(" | ").append(line.rate()).append(" | ")
                    .append(line.seeds()).append(" |");
            for (int i = 0; i < line.spreads().size(); i++) {
                text.append(' ').append(cell(line.spreads().get(i), results.columns().get(i))).append(" |");
            }
        }
        return text.append('\n').toString();
    }

    /// A learning rate as people write it: `3e-4`.
    static String rate(double rate) {
        String[] parts = String.format(Locale.ROOT, "%.1e", rate).split("e");
        return parts[0].replaceAll("\\.0$", "") + "e" + Integer.parseInt(parts[1]);
    }

    private static String cell(Optional<Results.Spread> spread, Measure measure) {
        return spread.map(of -> measure.text(of.mean()) + range(of, measure)).orElse("–");
    }

    /// ` (low to high)`, or nothing for a single run.
    static String range(Results.Spread spread, Measure measure) {
        return spread.runs() == 1 ? "" : " (" + measure.text(spread.low()) + " to " + measure.text(spread.high())
                + ")";
    }
}
