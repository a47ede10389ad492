package org.flowrl.rl.grade;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.flowrl.rl.data.DataSet;
import org.flowrl.rl.eval.Benchmark;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every gold answer of every benchmark equals itself, as loaded, and in common other spellings.
class BenchmarkGoldOracleTest {
    @ParameterizedTest
    @CsvSource({"aime24, aime24, 12", "amc23, amc23, 20", "math500, math500, 303", "minerva, minerva_math, 181",
        "olympiad, olympiadbench, 412", "gsm8k, gsm8k_test, 788"})
    void aGoldAnswerIsCorrect(String benchmark, String file, int count) {
        List<Problem> problems = Benchmark.named(benchmark).problems(SharedData.path("math/" + file + ".jsonl.gz"));
        assertThat(problems).hasSize(count);
        requireCorrect(problems);
    }

    @ParameterizedTest
    @CsvSource({"math_train_rllm, 3998, 2", "aime_1983_2023_train_rllm, 975, 0"})
    void aTrainingAnswerIsCorrectAndNullsAreCounted(String file, int count, int nulls) {
        DataSet data = DataSet.read(SharedData.path("math/" + file + ".jsonl.gz"));
        assertThat(data.problems()).hasSize(count);
        assertThat(data.counts().withoutGold()).isEqualTo(nulls);
        requireCorrect(data.problems());
    }

    @Test
    void amcAnswersAreWrittenWithoutAFraction() {
        List<Problem> problems = Benchmark.AMC23.problems(SharedData.path("math/amc23.jsonl.gz"));
        assertThat(problems).allSatisfy(problem -> assertThat(problem.answer()).matches("\\d+"));
        // The string rules need that: 36.0 is not the text 36.
        assertThat(Graders.named("dapo").grade(problems.getFirst().answer(), "Answer: 36").kind()).isEqualTo("correct");
    }

    private static void requireCorrect(List<Problem> problems) {
        Grader math = Graders.named("math-verify");
        List<String> failures = new ArrayList<>();
        for (Problem problem : problems) {
            for (String spelling : spellings(problem.answer())) {
                if (!(math.compare(problem.answer(), spelling) instanceof Verdict.Correct)) {
                    failures.add(problem.id() + ": '" + spelling + "' for '" + problem.answer() + "'");
                }
            }
            for (String name : List.of("qwen-math", "hendrycks", "dapo")) {
                if (!(Graders.named(name).compare(problem.answer(), problem.answer()) instanceof Verdict.Correct)) {
                    failures.add(problem.id() + ": " + name + " refuses '" + problem.answer() + "'");
                }
            }
            String response = "Thus it is $\\boxed{" + problem.answer().replaceAll("(?<!\\\\)\\$", "") + "}$.";
            if (!(math.grade(problem.answer(), response) instanceof Verdict.Correct)) {
                failures.add(problem.id() + ": '" + response + "' for '" + problem.answer() + "'");
            }
        }
        assertThat(failures).isEmpty();
    }

    private static List<String> spellings(String gold) {
        List<String> spellings = new ArrayList<>(List.of(gold));
        if (gold.matches("-?\\d{1,15}")) {
            spellings.add(gold + ".0");
            spellings.add(gold + ".");
            spellings.add("$" + gold + "$");
            spellings.add("x = " + gold);
            spellings.add("\\frac{" + gold + "}{1}");
            spellings.add(String.format(Locale.ROOT, "%,d", Long.parseLong(gold)));
        }
        if (!gold.contains("$") && !gold.contains("=")) {
            spellings.add("$" + gold + "$");
            spellings.add(gold.replace("\\frac", "\\dfrac"));
        }
        return spellings;
    }
}
