package org.flowrl.rl.compare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.flowrl.rl.report.Course;
import org.flowrl.rl.report.Measure;
import org.flowrl.rl.report.Series;
import org.flowrl.tensor.io.AtomicFile;

/// Writes what a comparison found: `cells.csv` (a row a run, with all its final metrics), `curves.csv` (the points of
/// the page's curves), `table.md` and `report.html`.
public final class ComparisonFiles {
    private ComparisonFiles() {
    }

    /// Writes all files into a comparison's folder, over those of an earlier session.
    public static void write(Results results, Path folder) {
        AtomicFile.write(folder.resolve("cells.csv"), cells(results));
        AtomicFile.write(folder.resolve("curves.csv"), curves(results));
        AtomicFile.write(folder.resolve("table.md"), ComparisonTable.markdown(results));
        AtomicFile.write(folder.resolve("report.html"), ComparisonPage.html(results));
    }

    /// The reported runs as the page's series; contenders without a completed one are left out.
    static List<Series> series(Results results) {
        List<Series> series = new ArrayList<>();
        List<Contender> contenders = results.comparison().contenders();
        for (int i = 0; i < contenders.size(); i++) {
            var runs = results.of(contenders.get(i), Cell.Phase.REPORTED).stream()
                    .flatMap(result -> result.run().stream()).toList();
            if (!runs.isEmpty()) {
                series.add(new Series(contenders.get(i).name(), i, runs));
            }
        }
        return series;
    }

    private static String cells(Results results) {
        Set<String> names = results.cells().stream().flatMap(result -> result.metrics().keySet().stream())
                .collect(Collectors.toCollection(TreeSet::new));
        List<List<String>> rows = new ArrayList<>();
        List<String> header = new ArrayList<>(List.of("contender", "algorithm", "phase", "learning_rate", "seed",
                "steps", "outcome", "reason", "training_seconds"));
        header.addAll(names);
        rows.add(header);
        for (Results.Result result : results.cells()) {
            Cell cell = result.cell();
            List<String> row = new ArrayList<>(List.of(cell.contender().name(), cell.contender().algorithm(),
                    cell.phase().name().toLowerCase(Locale.ROOT), Double.toString(cell.learningRate()),
                    Long.toString(cell.seed()), Long.toString(results.comparison().config(cell).steps()),
                    result.outcome().kind(), result.outcome().reason(),
                    result.run().map(run -> Double.toString(run.trainingSeconds())).orElse("")));
            names.forEach(name -> row.add(result.metrics().containsKey(name)
                    ? result.metrics().get(name).toString() : ""));
            rows.add(row);
        }
        return csv(rows);
    }

    private static String curves(Results results) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("contender", "metric", "step", "mean", "low", "high", "seeds"));
        for (Series series : series(results)) {
            for (Measure measure : Measure.curves(results.isExact())) {
                for (Course.Point point : Course.of(measure.metric(), series.runs()).points()) {
                    rows.add(List.of(series.name(), measure.metric(), Long.toString(point.step()),
                            Double.toString(point.mean()), Double.toString(point.low()), Double.toString(point.high()),
                            Integer.toString(point.runs())));
                }
            }
        }
        return csv(rows);
    }

    /// RFC 4180, with line feeds alone.
    private static String csv(List<List<String>> rows) {
        return rows.stream().map(row -> row.stream().map(ComparisonFiles::field).collect(Collectors.joining(",")))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static String field(String value) {
        return value.matches("(?s).*[\",\\n\\r].*") ? '"' + value.replace("\"", "\"\"") + '"' : value;
    }
}
