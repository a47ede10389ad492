package org.flowrl.rl.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.flowrl.rl.data.DataException;
import org.flowrl.rl.data.DataSet;
import org.flowrl.rl.data.Fields;
import org.flowrl.rl.data.GoldRule;
import org.flowrl.rl.data.JsonLines;
import org.flowrl.rl.data.Row;
import org.flowrl.rl.task.Problem;
import org.flowrl.transformer.text.PromptForm;

/// The benchmarks of the paper's evaluation, and GSM8K, by name: which fields of their published files are what, how
/// problems are put, and who grades. Files are the user's own; nothing is downloaded.
///
/// Mathematics is put in DAPO's words and graded by `math-verify`, as FlowRL's evaluation does. Programs are asked for,
/// and graded, in Java: results are not comparable with those of Python.
public enum Benchmark {
    AIME24("aime24", Fields.of("problem", "answer")),
    AIME25("aime25", Fields.of("problem", "answer")),
    AMC23("amc23", Fields.of("problem", "answer")),
    MATH500("math500", Fields.of("problem", "answer")),
    /// The gold answer stands in a box of the solution.
    MINERVA("minerva", Fields.of("problem", "solution").with(GoldRule.LAST_BOX)),
    /// The first of its final answers, as in FlowRL's evaluation.
    OLYMPIAD("olympiad", Fields.of("question", "final_answer[0]")),
    GSM8K("gsm8k", Fields.of("question", "answer").with(GoldRule.AFTER_HASHES)),
    /// As rllm's DeepCoder split has it: `problem`, `tests`.
    LIVECODEBENCH("livecodebench", Fields.of("problem", "tests")),
    /// As rllm's split has it; where rows have an `id` such as `1870A`, answers can be rated, see
    /// {@link org.flowrl.rl.eval.codeforces}.
    CODEFORCES("codeforces", Fields.of("problem", "tests").withId("id")),
    /// HumanEval-X's layout: `prompt`, `declaration`, `test`.
    HUMANEVAL("humaneval+", null);

    private static final String PROGRAM = "\n\nWrite a Java program that reads the input from standard input and writes "
            + "the answer to standard output. Put the whole program into one fenced code block that begins with "
            + "```java.";
    private static final String CLASS = "\n\nComplete this Java class. Put the whole class into one fenced code block "
            + "that begins with ```java.";
    private static final String MATH_GRADER = "math-verify";
    private static final String CODE_GRADER = "java";

    private final String label;
    private final Fields fields;

    Benchmark(String label, Fields fields) {
        this.label = label;
        this.fields = fields;
    }

    /// The benchmark of a name.
    ///
    /// @throws IllegalArgumentException where none has it
    public static Benchmark named(String name) {
        return Arrays.stream(values()).filter(benchmark -> benchmark.label.equals(name)).findFirst().orElseThrow(() ->
                new IllegalArgumentException("benchmark: '" + name + "' must be one of " + String.join(", ", names())));
    }

    /// Every name.
    public static List<String> names() {
        return Arrays.stream(values()).map(Benchmark::label).toList();
    }

    /// The name that `--benchmark` takes.
    public String label() {
        return label;
    }

    /// The name of its grader.
    public String grader() {
        return isProgramming() ? CODE_GRADER : MATH_GRADER;
    }

    /// The words around a problem.
    public PromptForm form() {
        return isProgramming() ? PromptForm.PLAIN : PromptForm.DAPO;
    }

    /// Whether answers are programs.
    public boolean isProgramming() {
        return this == LIVECODEBENCH || this == CODEFORCES || this == HUMANEVAL;
    }

    /// The problems of a file of this benchmark, in its order.
    ///
    /// @throws DataException where the file has another layout, naming file and place
    public List<Problem> problems(Path file) {
        if (this == HUMANEVAL) {
            return classes(file);
        }
        List<Problem> problems = DataSet.read(file, Optional.of(fields)).problems();
        return isProgramming() ? problems.stream().map(problem ->
                new Problem(problem.id(), problem.prompt() + PROGRAM, problem.answer())).toList() : problems;
    }

    private static List<Problem> classes(Path file) {
        List<Problem> problems = new ArrayList<>();
        JsonLines.read(file, row -> problems.add(classProblem(row)));
        if (problems.isEmpty()) {
            throw new DataException(file + ": holds no row");
        }
        return problems;
    }

    private static Problem classProblem(Row row) {
        ObjectNode tests = JsonNodeFactory.instance.objectNode();
        for (String field : List.of("prompt", "declaration", "test")) {
            JsonNode value = row.value().path(field);
            if (!value.isTextual()) {
                throw row.refuse("must have the texts \"prompt\", \"declaration\" and \"test\"");
            }
            tests.set(field, value);
        }
        String prompt = tests.remove("prompt").asText();
        return new Problem(row.value().path("task_id").asText(row.place()), "```java\n" + prompt.strip() + "\n```"
                + CLASS, tests.toString());
    }
}
