package org.flowrl.rl.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.flowrl.rl.report.Measure;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;

/// One comparison of two contenders, two rates and two seeds, and a third contender that diverges.
class ComparisonFilesTest {
    @TempDir
    private static Path folder;

    private static WrittenComparison files;

    @BeforeAll
    static void compare() throws Exception {
        List<Double> rates = List.of(3e-4, 1e-3);
        Contender wild = new Contender("wild", "flowrl", List.of(1e38),
                Map.of("update.optimizer.adam.maxGradientNorm", "1e30"), "Diverges, \"on purpose\" <here>.");
        Results results = SmallComparison.run(SmallComparison.of(List.of(Contender.named("flowrl", "lattice", rates),
                Contender.named("grpo-kl-matched", "lattice", rates), wild), 20, List.of(1L, 2L),
                Map.of("evaluateEvery", "10")), folder, 2, new SmallComparison.Log());
        ComparisonFiles.write(results, folder);
        files = WrittenComparison.read(folder);
    }

    /// Elements and attributes by which a browser would fetch something, and any address.
    @Test
    void thePageAsksTheNetworkForNothing() throws IOException {
        assertThat(Files.readString(folder.resolve("report.html"))).doesNotContain(WrittenComparison.FETCHING);
    }

    @Test
    void everyRunIsInTheTableAndInTheCsvWithTheSameFigures() throws IOException {
        List<Map<String, String>> csv = files.csv("cells.csv");
        List<List<String>> rows = files.table("cells");
        assertThat(rows).hasSize(10).hasSameSizeAs(csv);
        for (int i = 0; i < rows.size(); i++) {
            Map<String, String> expected = csv.get(i);
            List<String> row = rows.get(i);
            assertThat(row.subList(0, 5)).containsExactly(expected.get("contender"),
                    expected.get("phase").equals("sweep") ? "sweep" : "report",
                    ComparisonTable.rate(Double.parseDouble(expected.get("learning_rate"))), expected.get("seed"),
                    expected.get("steps"));
            for (int c = 0; c < Measure.columns(true).size(); c++) {
                String value = expected.get(Measure.columns(true).get(c).metric());
                assertThat(row.get(5 + c)).isEqualTo(value.isEmpty() ? "–"
                        : Measure.columns(true).get(c).text(Double.parseDouble(value)));
            }
            assertThat(row.getLast()).startsWith(expected.get("outcome")).endsWith(expected.get("reason"));
        }
        assertThat(rows).filteredOn(row -> row.getLast().startsWith("diverged: step 1")).hasSize(2);
    }

    @Test
    void theSummarysMeansAndRangesAreThoseOfTheCsvsReportedRuns() throws IOException {
        List<List<String>> rows = files.table("summary");
        assertThat(rows).extracting(List::getFirst).containsExactly("flowrl", "grpo-kl-matched", "wild");
        assertThat(rows).extracting(row -> row.get(2)).containsExactly("2 of 2", "2 of 2", "0 of 2");
        assertThat(rows.getLast()).endsWith("–", "–", "–", "–");
        for (List<String> row : rows.subList(0, 2)) {
            for (int c = 0; c < Measure.columns(true).size(); c++) {
                Measure measure = Measure.columns(true).get(c);
                double[] values = files.csv("cells.csv").stream().filter(cell
                        -> cell.get("contender").equals(row.getFirst())
                        && cell.get("phase").equals("reported"))
                        .mapToDouble(cell -> Double.parseDouble(cell.get(measure.metric()))).toArray();
                assertThat(values).hasSize(2);
                assertThat(row.get(3 + c)).isEqualTo(measure.text((values[0] + values[1]) / 2)
                        + measure.text(Math.min(values[0], values[1])) + " to "
                        + measure.text(Math.max(values[0], values[1])));
            }
        }
    }

    @Test
    void theChosenRateIsTheOneThatDidBestOnTheValidationSeed() throws IOException {
        for (List<String> row : files.table("summary").subList(0, 2)) {
            Map<String, String> best = files.csv("cells.csv").stream().filter(cell ->
                    cell.get("contender").equals(row.getFirst()) && cell.get("phase").equals("sweep"))
                    .max((a, b) -> Double.compare(Double.parseDouble(a.get("exact/accuracy")),
                            Double.parseDouble(b.get("exact/accuracy")))).orElseThrow();
            assertThat(row.get(1)).isEqualTo(ComparisonTable.rate(Double.parseDouble(best.get("learning_rate"))));
            assertThat(best).containsEntry("seed", "101");
        }
    }

    /// Accuracy, alive and KL at 0, 10 and 20 steps, reward and entropy at each of 20, twice; log Z at each, once:
    /// 2 · 9 + 2 · 40 + 20.
    @Test
    void thePointsOfTheCurvesAreThoseOfTheCsv() throws IOException {
        List<String> expected = new ArrayList<>();
        for (Map<String, String> point : files.csv("curves.csv")) {
            Measure measure = Measure.curves(true).stream()
                    .filter(of -> of.metric().equals(point.get("metric"))).findFirst().orElseThrow();
            expected.add(String.format(Locale.ROOT, "%s, step %s: %s (%s to %s)", point.get("contender"),
                    point.get("step"), measure.text(Double.parseDouble(point.get("mean"))),
                    measure.text(Double.parseDouble(point.get("low"))),
                    measure.text(Double.parseDouble(point.get("high")))));
        }
        List<String> tooltips = files.elements("circle").stream().map(Element::getTextContent)
                .toList();
        assertThat(tooltips).hasSize(118).containsExactlyInAnyOrderElementsOf(expected);
    }

    /// The first prompt, 2 R and 6 U, has 8 over 2, that is 28 correct answers; shown before training and for the two
    /// contenders that have a result.
    @Test
    void eachCorrectAnswerHasABar() {
        Element first = files.elements("details").getFirst();
        assertThat(first.getTextContent()).contains("lattice-2-6", "28 correct answers");
        assertThat(WrittenComparison.elements(first, "svg")).hasSize(3).allSatisfy(chart ->
                assertThat(WrittenComparison.elements(chart, "rect")).hasSize(28).extracting(Element::getTextContent)
                        .allMatch(text -> text.matches("[RU]{8}: \\d+\\.\\d\\d % of the correct answers")));
    }

    @Test
    void theMarkdownTableHasARowForEachContender() throws IOException {
        List<String> lines = Files.readAllLines(folder.resolve("table.md"));
        assertThat(lines).hasSize(5);
        assertThat(lines).allMatch(line -> line.chars().filter(c -> c == '|').count() == 8);
        assertThat(lines.get(2)).matches("\\| flowrl \\| \\S+ \\| 2 of 2 \\| "
                + "0\\.\\d{3} \\(0\\.\\d{3} to 0\\.\\d{3}\\) .*");
    }
}
