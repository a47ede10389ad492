package org.flowrl.rl.eval;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.flowrl.rl.data.DataException;
import org.flowrl.rl.data.DataSet;
import org.flowrl.rl.data.Fields;
import org.flowrl.rl.data.GoldRule;
import org.flowrl.rl.task.Problem;
import org.flowrl.tensor.UnknownName;
import org.flowrl.transformer.text.PromptForm;

/// The benchmarks of the paper's evaluation, and GSM8K, by name: which fields of their published files are what, how
/// problems are put, and who grades. Files are the user's own, as JSONL, JSONL.gz or Parquet; nothing is downloaded.
///
/// ```
/// aime24 aime25 amc23 math500   problem, answer (math-ai, MathArena, HuggingFaceH4, Qwen2.5-Math), or question, answer
///                               (opencompass), or verl's prompt and reward_model
/// minerva                       problem, solution with the gold answer in its last box (Qwen2.5-Math)
/// olympiad                      question, final_answer, the first of which counts (OlympiadBench)
/// gsm8k                         question, answer with the gold answer after #### (openai)
/// livecodebench                 question_content, starter_code, public_test_cases, private_test_cases, metadata
///                               (livecodebench/code_generation_lite), or problem, tests (rllm)
/// codeforces                    id such as 1870A, problem, tests (rllm)
/// humaneval+                    task_id, prompt, declaration, test (HumanEval-X, Java), or task_id, prompt, test,
///                               entry_point (openai_humaneval, evalplus/humanevalplus: Python)
/// ```
/// Mathematics is put in DAPO's words and graded by `math-verify`, as FlowRL's evaluation does. Programs are asked for,
/// and graded, in Java: results are not comparable with those of Python, for which there are the form `python` and the
/// grader `run:`.
public enum Benchmark {
    AIME24("aime24", Layouts.ANSWERS),
    AIME25("aime25", Layouts.ANSWERS),
    AMC23("amc23", Layouts.ANSWERS),
    MATH500("math500", Layouts.ANSWERS),
    MINERVA("minerva", List.of(Fields.of("problem", "solution").with(GoldRule.LAST_BOX))),
    /// Only the first of several final answers counts, as in FlowRL's evaluation.
    OLYMPIAD("olympiad", List.of(Fields.of("question", "final_answer[0]"))),
    GSM8K("gsm8k", List.of(Fields.of("question", "answer").with(GoldRule.AFTER_HASHES))),
    LIVECODEBENCH("livecodebench", List.of(Fields.LIVE_CODE_BENCH, Fields.of("problem", "tests"))),
    /// Where rows have an `id` such as `1870A`, answers can be rated, see {@link org.flowrl.rl.eval.codeforces}.
    CODEFORCES("codeforces", List.of(Fields.of("problem", "tests").withId("id"))),
    HUMANEVAL("humaneval+", List.of(Fields.HUMAN_EVAL));

    /// In a class of its own, for an enum's constants come before its fields.
    private static final class Layouts {
        static final List<Fields> ANSWERS = List.of(Fields.of("problem", "answer"), Fields.of("question", "answer"),
                Fields.of("prompt[0].content", "reward_model.ground_truth"));
    }

    private static final String MATH_GRADER = "math-verify";
    private static final String CODE_GRADER = "java";

    private final String label;
    private final List<Fields> layouts;

    Benchmark(String label, List<Fields> layouts) {
        this.label = label;
        this.layouts = layouts;
    }

    /// The benchmark of a name.
    ///
    /// @throws IllegalArgumentException where none has it
    public static Benchmark named(String name) {
        return Arrays.stream(values()).filter(benchmark -> benchmark.label.equals(name)).findFirst().orElseThrow(() ->
                new IllegalArgumentException(UnknownName.message("benchmark", name, names())));
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
        return isProgramming() ? PromptForm.JAVA : PromptForm.DAPO;
    }

    /// Whether answers are programs.
    private boolean isProgramming() {
        return this == LIVECODEBENCH || this == CODEFORCES || this == HUMANEVAL;
    }

    /// The problems of a file of this benchmark, in its order.
    ///
    /// @throws DataException where the file has another layout, naming file and place
    public List<Problem> problems(Path file) {
        return DataSet.read(file, layouts).problems();
    }
}
