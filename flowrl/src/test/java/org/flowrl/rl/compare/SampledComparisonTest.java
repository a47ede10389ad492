package org.flowrl.rl.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.flowrl.rl.report.Measure;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A comparison on a task whose answers cannot be listed: two contenders, two rates, two seeds, 2 x 4 samples.
class SampledComparisonTest {
    @TempDir
    private static Path folder;

    private static WrittenComparison files;

    @BeforeAll
    static void compare() throws Exception {
        List<Double> rates = List.of(3e-4, 1e-3);
        Results results = SmallComparison.run(SmallComparison.of("countdown", "reward/mean",
                List.of(Contender.named("flowrl", "countdown", rates), Contender.named("grpo", "countdown", rates)), 4,
                List.of(1L, 2L), Map.of("evaluateEvery", "2", "rollout.samples", "4", "warmUp.steps", "20")), folder, 1,
                new SmallComparison.Log());
        ComparisonFiles.write(results, folder);
        files = WrittenComparison.read(folder);
    }

    /// The columns are of samples, measured on the trained policy; exact ones have no place in the page.
    @Test
    void thePageHasTheFiguresOfTheCsvsReportedRuns() throws IOException {
        List<Measure> columns = Measure.columns(false);
        assertThat(columns).extracting(Measure::metric).contains("evaluation/accuracy", "evaluation/distinct_solutions",
                "held_out/accuracy");
        for (List<String> row : files.table("summary")) {
            assertThat(row).hasSize(3 + columns.size());
            for (int c = 0; c < columns.size(); c++) {
                Measure measure = columns.get(c);
                double[] values = files.csv("cells.csv").stream().filter(cell ->
                        cell.get("contender").equals(row.getFirst()) && cell.get("phase").equals("reported"))
                        .mapToDouble(cell -> Double.parseDouble(cell.get(measure.metric()))).toArray();
                assertThat(values).hasSize(2);
                assertThat(row.get(3 + c)).startsWith(measure.text((values[0] + values[1]) / 2));
            }
        }
        assertThat(files.table("cells")).hasSize(8).allSatisfy(row -> assertThat(row).hasSize(7 + columns.size()));
        assertThat(files.csv("cells.csv").getFirst().keySet()).noneMatch(name -> name.startsWith("exact/"));
        assertThat(Files.readString(folder.resolve("report.html"))).doesNotContain("answers alive", "KL to optimum")
                .doesNotContain(WrittenComparison.FETCHING);
    }

    @Test
    void theRateIsChosenByTheRewardOfSamples() throws IOException {
        for (List<String> row : files.table("summary")) {
            Map<String, String> best = files.csv("cells.csv").stream().filter(cell ->
                    cell.get("contender").equals(row.getFirst()) && cell.get("phase").equals("sweep"))
                    .max((a, b) -> Double.compare(Double.parseDouble(a.get("reward/mean")),
                            Double.parseDouble(b.get("reward/mean")))).orElseThrow();
            assertThat(row.get(1)).isEqualTo(ComparisonTable.rate(Double.parseDouble(best.get("learning_rate"))));
        }
    }

    /// Evaluations are points of their own, before training too; what steps sample has a point a step.
    @Test
    void curvesOfEvaluationsBeginBeforeTraining() throws IOException {
        List<Map<String, String>> points = files.csv("curves.csv");
        assertThat(steps(points, "evaluation/accuracy")).containsExactly("0", "2", "4");
        assertThat(steps(points, "held_out/accuracy")).containsExactly("0", "2", "4");
        assertThat(steps(points, "reward/mean")).containsExactly("1", "2", "3", "4");
        assertThat(files.elements("circle")).hasSameSizeAs(points);
    }

    private static List<String> steps(List<Map<String, String>> points, String metric) {
        return points.stream().filter(point -> point.get("contender").equals("flowrl")
                && point.get("metric").equals(metric)).map(point -> point.get("step")).toList();
    }

    @Test
    void theTextTableAndTheMarkdownTableHaveTheSameRows() throws IOException {
        List<String> lines = Files.readAllLines(folder.resolve("table.md"));
        assertThat(lines).hasSize(4);
        assertThat(lines.getFirst()).contains("| Reward | Accuracy | Solutions found | Held-out accuracy | Entropy |");
        assertThat(lines.get(2)).startsWith("| flowrl | ");
        assertThat(lines.get(3)).startsWith("| grpo | ").doesNotContain("–");
    }
}
