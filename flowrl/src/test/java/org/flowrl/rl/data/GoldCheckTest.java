package org.flowrl.rl.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;
import org.junit.jupiter.api.Test;

class GoldCheckTest {
    /// Reads what follows `Answer: ` as an integer.
    private static final Verifier INTEGERS = (problem, response, finished) -> {
        String answer = response.substring("Answer: ".length());
        if (!answer.matches("\\d+")) {
            return new Verdict.Unparsable(-1, "no integer");
        }
        return answer.equals(problem.answer()) && answer.length() < 3 ? new Verdict.Correct(1) : new Verdict.Wrong(-1);
    };

    @Test
    void goldAnswersThatTheirGraderRefusesAreListed() {
        GoldCheck check = GoldCheck.of(List.of(problem("a", "12"), problem("b", "x"), problem("c", "345")), INTEGERS,
                answer -> "Answer: " + answer);
        assertThat(check.failures()).extracting(failure -> failure.problem().id()).containsExactly("b", "c");
        assertThat(check.toString()).isEqualTo("2 of 3 gold answers are not correct to the grader: "
                + "b: gold answer 'x' is unparsable: no integer; c: gold answer '345' is wrong");
    }

    @Test
    void aLongListIsCutInTheMessage() {
        List<Problem> problems = IntStream.range(0, 9).mapToObj(i -> problem("p" + i, "x")).toList();
        GoldCheck check = GoldCheck.of(problems, INTEGERS, answer -> "Answer: " + answer);
        assertThat(check.failures()).hasSize(9);
        assertThat(check.toString()).contains("p4: gold").doesNotContain("p5: gold").endsWith("; …");
    }

    @Test
    void allRightIsOneLine() {
        assertThat(GoldCheck.of(List.of(problem("a", "1")), INTEGERS, answer -> "Answer: " + answer).toString())
                .isEqualTo("all 1 gold answers are correct to the grader");
    }

    /// A thousand are graded on all processors; the first that fails is named first.
    @Test
    void failuresAreInTheOrderOfTheProblems() {
        List<Problem> problems = IntStream.range(0, 1000).mapToObj(i -> problem("p" + i, i % 3 == 0 ? "x" : "1"))
                .toList();
        GoldCheck check = GoldCheck.of(problems, INTEGERS, answer -> "Answer: " + answer);
        assertThat(check.failures()).extracting(failure -> failure.problem().id())
                .isEqualTo(IntStream.range(0, 334).mapToObj(i -> "p" + 3 * i).toList());
    }

    private static Problem problem(String id, String answer) {
        return new Problem(id, "?", answer);
    }
}
