package org.flowrl.rl.report;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.MetricsLog;
import org.flowrl.rl.TrainConfig;
import org.flowrl.tensor.io.IoFault;

/// What a run's folder says, read once: its configuration, metrics, final answers and last samples.
///
/// @param config of the run
/// @param rows metrics of each step, in order of steps
/// @param reference metrics before training, as of step 0; empty while the run goes on
/// @param evaluation metrics of the trained policy; empty while the run goes on
/// @param sheets final answers, problem by problem; empty while the run goes on or where they cannot be enumerated
/// @param samples the newest rollout that was kept; may be empty
/// @param manifest where the run's numbers came from
public record RunFolder(TrainConfig config, List<Row> rows, Optional<Row> reference, Optional<Row> evaluation,
        List<Sheet> sheets, List<Sample> samples, Map<String, String> manifest) {
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    /// Metrics after `step` steps.
    public record Row(long step, Map<String, Double> metrics) {
        /// The metric of this name, or empty.
        public OptionalDouble metric(String name) {
            Double value = metrics.get(name);
            return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
        }
    }

    /// An answer and its probability under the trained policy and under the reference.
    public record Answer(String text, boolean correct, double reward, double probability,
            double referenceProbability) {
    }

    /// The answers to a problem: all correct ones, and the wrong ones that are not rare.
    public record Sheet(String problem, String prompt, List<Answer> answers) {
        public Sheet {
            answers = List.copyOf(answers);
        }

        /// The correct answers.
        public List<Answer> correct() {
            return answers.stream().filter(Answer::correct).toList();
        }

        /// Probability of a correct answer.
        public double accuracy() {
            return correct().stream().mapToDouble(Answer::probability).sum();
        }
    }

    /// A sampled answer.
    ///
    /// @param verdict kind of the verdict
    public record Sample(String prompt, String text, String verdict, double reward) {
    }

    /// Reads a folder, of a run that is over or one that goes on.
    public static RunFolder read(Path folder) {
        try {
            Optional<JsonNode> evaluation = evaluation(folder);
            return new RunFolder(ConfigFile.read(folder.resolve("config.yaml")), rows(folder),
                    evaluation.map(tree -> row(0, tree.get("reference_metrics"))),
                    evaluation.map(tree -> row(tree.get("step").longValue(), tree.get("metrics"))),
                    sheets(folder), samples(folder), manifest(folder));
        } catch (IOException e) {
            throw IoFault.reading(folder, e);
        }
    }

    /// A metric by steps done: from the log and, where that has none, from before training and the final evaluation.
    ///
    /// @param name of the metric
    public Map<Long, Double> course(String name) {
        Map<Long, Double> course = new TreeMap<>();
        reference.ifPresent(row -> row.metric(name).ifPresent(value -> course.put(row.step(), value)));
        rows.forEach(row -> row.metric(name).ifPresent(value -> course.put(row.step(), value)));
        evaluation.ifPresent(row -> row.metric(name).ifPresent(value -> course.putIfAbsent(row.step(), value)));
        return course;
    }

    /// Metrics of the trained policy: the final evaluation's, and of all others the mean over the steps since the
    /// evaluation before the last.
    public Map<String, Double> finalMetrics() {
        Map<String, DoubleSummaryStatistics> sums = new TreeMap<>();
        long last = rows.isEmpty() ? 0 : rows.getLast().step();
        rows.stream().filter(row -> row.step() > last - config.evaluateEvery()).forEach(row -> row.metrics()
                .forEach((name, value) -> sums.computeIfAbsent(name, _ -> new DoubleSummaryStatistics())
                        .accept(value)));
        Map<String, Double> metrics = new TreeMap<>();
        sums.forEach((name, sum) -> metrics.put(name, sum.getAverage()));
        evaluation.ifPresent(row -> metrics.putAll(row.metrics()));
        return metrics;
    }

    /// True where evaluations are exact, because the task's answers can be listed.
    public boolean isExact() {
        return !course(Measure.ACCURACY.metric()).isEmpty();
    }

    /// Seconds that training steps took, evaluations and warm-up not counted, over all sessions of the run.
    public double trainingSeconds() {
        return rows.stream().flatMap(row -> row.metrics().entrySet().stream())
                .filter(metric -> metric.getKey().startsWith("time/")).mapToDouble(Map.Entry::getValue).sum();
    }

    private static List<Row> rows(Path folder) {
        if (!Files.exists(folder.resolve("metrics.jsonl"))) {
            return List.of();
        }
        return new MetricsLog(folder).rows().stream().map(row -> {
            Map<String, Double> metrics = new TreeMap<>();
            row.forEach((name, value) -> metrics.put(name, Double.valueOf(value.toString())));
            return new Row(metrics.remove("step").longValue(), metrics);
        }).toList();
    }

    private static Optional<JsonNode> evaluation(Path folder) throws IOException {
        Path file = folder.resolve("evaluation.json");
        return Files.exists(file) ? Optional.of(JSON.readTree(file.toFile())) : Optional.empty();
    }

    private static Row row(long step, JsonNode metrics) {
        return new Row(step, JSON.convertValue(metrics, new TypeReference<Map<String, Double>>() { }));
    }

    private static List<Sheet> sheets(Path folder) throws IOException {
        List<Sheet> sheets = new ArrayList<>();
        for (JsonNode row : lines(folder.resolve("answers.jsonl"))) {
            List<Answer> answers = new ArrayList<>();
            for (JsonNode answer : row.get("answers")) {
                answers.add(new Answer(answer.get("text").textValue(), answer.get("correct").booleanValue(),
                        answer.get("reward").doubleValue(), Math.exp(answer.get("log_prob").doubleValue()),
                        Math.exp(answer.get("reference_log_prob").doubleValue())));
            }
            sheets.add(new Sheet(row.get("problem").textValue(), row.get("prompt").textValue(), answers));
        }
        return sheets;
    }

    private static List<Sample> samples(Path folder) throws IOException {
        Optional<Path> newest = newestRollout(folder.resolve("rollouts"));
        List<Sample> samples = new ArrayList<>();
        for (JsonNode row : newest.isEmpty() ? List.<JsonNode>of() : lines(newest.get())) {
            samples.add(new Sample(row.get("prompt").textValue(), row.get("response").textValue(),
                    row.get("verdict").textValue(), row.get("reward").doubleValue()));
        }
        return samples;
    }

    private static Optional<Path> newestRollout(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().matches("step-\\d+\\.jsonl"))
                    .max(Comparator.comparingLong(file ->
                            Long.parseLong(file.getFileName().toString().replaceAll("\\D+", ""))));
        }
    }

    private static Map<String, String> manifest(Path folder) throws IOException {
        Map<String, String> manifest = new LinkedHashMap<>();
        JsonNode tree = JSON.readTree(folder.resolve("manifest.json").toFile());
        tree.properties().forEach(entry -> manifest.put(entry.getKey(),
                entry.getValue().isTextual() ? entry.getValue().textValue() : entry.getValue().toString()));
        return manifest;
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                rows.add(JSON.readTree(line));
            }
        }
        return rows;
    }
}
