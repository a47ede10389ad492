package org.flowrl.rl;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.rl.data.TextLines;
import org.flowrl.rl.task.Problem;
import org.flowrl.tensor.io.IoFault;

/// `problems.jsonl`: what the trained policy does on every problem that was measured, a line each: `problem`,
/// `held_out` and the figures that the log has means of; where answers are sampled, `responses` too, with `text` and
/// `reward`.
final class ProblemFile {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private ProblemFile() {
    }

    /// Writes the file into a run's folder.
    static void write(Path folder, Evaluator.Report report) {
        List<Map<String, Object>> rows = new ArrayList<>();
        switch (report) {
            case Evaluator.ExactReport exact -> {
                exact.problems().forEach(problem -> rows.add(row(problem, false)));
                exact.heldOut().forEach(problem -> rows.add(row(problem, true)));
            }
            case Evaluator.SampledReport sampled -> {
                sampled.problems().forEach(problem -> rows.add(row(problem, false)));
                sampled.heldOut().forEach(problem -> rows.add(row(problem, true)));
            }
        }
        Path file = folder.resolve("problems.jsonl");
        try {
            List<String> lines = new ArrayList<>();
            for (Map<String, Object> row : rows) {
                lines.add(JSON.writeValueAsString(row));
            }
            TextLines.write(file, lines);
        } catch (IOException e) {
            throw IoFault.writing(file, e);
        }
    }

    private static Map<String, Object> row(Evaluator.ProblemReport report, boolean isHeldOut) {
        Map<String, Object> row = row(report.problem(), isHeldOut);
        row.putAll(report.exact().values());
        report.optimum().ifPresent(optimum -> row.putAll(optimum.values()));
        row.putAll(report.coverage().values());
        report.logZ().ifPresent(logZ -> row.put("log_z", logZ));
        report.regions().forEach(region -> row.put(region.group() + "_" + region.rank() + "_mass", region.mass()));
        return row;
    }

    private static Map<String, Object> row(Evaluator.SampledProblem sampled, boolean isHeldOut) {
        Map<String, Object> row = row(sampled.problem(), isHeldOut);
        row.putAll(SampledMetrics.values(List.of(sampled.group())));
        row.put("responses", sampled.responses().stream()
                .map(response -> Map.of("text", response.text(), "reward", response.reward())).toList());
        return row;
    }

    private static Map<String, Object> row(Problem problem, boolean isHeldOut) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("problem", problem.id());
        row.put("held_out", isHeldOut);
        return row;
    }
}
