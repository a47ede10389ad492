package org.flowrl.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.flowrl.rl.data.JsonLines;
import org.flowrl.rl.data.Row;
import org.flowrl.rl.grade.Grader;
import org.flowrl.rl.grade.GraderOptions;
import org.flowrl.rl.grade.Graders;
import org.flowrl.rl.task.InOrder;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.io.IoFault;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `score`: answers in, verdicts out, one a line in order; how many there are of each kind goes to stderr.
@Command(name = "score", mixinStandardHelpOptions = true, description = {"Grade answers.",
    "In: JSONL with {\"gold\": ..., \"response\": ...} or, for an answer already cut out of a response, "
            + "{\"gold\": ..., \"pred\": ...} a line, optionally \"options\". "
            + "Out: {\"verdict\": ..., \"score\": ...} a line, with a \"reason\" where there is one."})
final class ScoreCommand implements Callable<Integer> {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    @Option(names = "--grader", required = true, paramLabel = "NAME", completionCandidates = Names.class,
            description = "${COMPLETION-CANDIDATES}; or run:COMMAND, for programs of another language, in which "
                    + "{file} stands for the program.")
    private String name;

    @Parameters(arity = "0..1", paramLabel = "FILE", defaultValue = "-",
            description = "What to read; - is standard input (default). Names in .gz are unpacked.")
    private String input;

    @Mixin
    private UntrustedOptions untrusted;

    private final Map<String, Integer> counts = new TreeMap<>();
    private double total;

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        PrintWriter out = new PrintWriter(new BufferedWriter(new OutputStreamWriter(System.out,
                StandardCharsets.UTF_8)));
        GraderOptions options = GraderOptions.defaults().with(untrusted.options());
        try (Grader grader = Graders.named(name, options);
                InOrder<Verdict> verdicts = new InOrder<>(grader.parallelism(),
                        verdict -> out.println(line(verdict)))) {
            read(row -> verdicts.add(grading(row, grader, options)));
        } finally {
            // What came before an error is of use.
            out.flush();
        }
        int rows = counts.values().stream().mapToInt(Integer::intValue).sum();
        System.err.println(name + ": " + rows + String.format(Locale.ROOT, " graded in %.1f s",
                (System.nanoTime() - start) / 1e9) + (rows == 0 ? "" : ", mean score "
                + String.format(Locale.ROOT, "%.4f", total / rows) + ", " + counts.entrySet().stream()
                .map(count -> count.getValue() + " " + count.getKey()).collect(Collectors.joining(", "))));
        return 0;
    }

    private void read(Consumer<Row> rows) throws IOException {
        if (!input.equals("-")) {
            JsonLines.read(Path.of(input), rows);
            return;
        }
        try (InputStream in = System.in) {
            JsonLines.read("standard input", in, rows);
        } catch (IOException e) {
            throw IoFault.doing("cannot read standard input", e);
        }
    }

    /// What is to be graded, as a row has it.
    private Supplier<Verdict> grading(Row row, Grader grader, GraderOptions options) {
        String gold = text(row, "gold").orElseThrow(() -> row.refuse("must have a \"gold\""));
        Optional<String> response = text(row, "response");
        Optional<String> answer = text(row, "pred");
        if (response.isPresent() == answer.isPresent()) {
            throw row.refuse("must have one of \"response\" and \"pred\"");
        }
        Grader graded = row.value().has("options") ? withOptions(row, options) : grader;
        return response.isPresent() ? () -> graded.grade(gold, response.get())
                : () -> graded.compare(gold, answer.get());
    }

    private String line(Verdict verdict) {
        counts.merge(verdict.kind(), 1, Integer::sum);
        total += verdict.reward();
        ObjectNode line = MAPPER.createObjectNode().put("verdict", verdict.kind()).put("score", verdict.reward());
        return (verdict.reason().isEmpty() ? line : line.put("reason", verdict.reason())).toString();
    }

    private Grader withOptions(Row row, GraderOptions options) {
        if (!Graders.hasOptions(name)) {
            throw row.refuse("grader " + name + " takes no \"options\"");
        }
        try {
            return Graders.named(name, options.with(row.value().get("options")));
        } catch (IllegalArgumentException e) {
            throw row.refuse(e.getMessage());
        }
    }

    /// A field that holds a text or a number; a number as it is written.
    private static Optional<String> text(Row row, String key) {
        JsonNode value = row.value().path(key);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isTextual() && !value.isNumber()) {
            throw row.refuse("\"" + key + "\" must be a text or a number, not "
                    + value.getNodeType().toString().toLowerCase(Locale.ROOT));
        }
        return Optional.of(value.asText());
    }

    /// What `--help` lists.
    static final class Names implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Graders.names().iterator();
        }
    }
}
