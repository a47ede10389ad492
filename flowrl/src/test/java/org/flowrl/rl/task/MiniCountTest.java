package org.flowrl.rl.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.flowrl.tensor.RandomKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Counts of the enumeration are those of an independent program: 84 sets of digits, 54 expressions of each, 386
/// targets of 1 … 99 that at least 4 of them reach.
class MiniCountTest {
    private final MiniCount task = new MiniCount();
    private final List<Problem> all =
            Stream.concat(task.problems().stream(), task.heldOutProblems().stream()).toList();

    @Test
    void thereAre386QuestionsAFifthOfThemHeldOut() {
        assertThat(task.problems()).hasSize(309);
        assertThat(task.heldOutProblems()).hasSize(77).doesNotContainAnyElementsOf(task.problems());
        assertThat(all).extracting(Problem::id).doesNotHaveDuplicates();
        assertThat(all).extracting(Problem::prompt).doesNotHaveDuplicates()
                .allMatch(prompt -> prompt.matches("<bos>[1-9]{3}[0-9]{2}<sep>"));
    }

    @Test
    void aSetOfDigitsHas54Expressions() {
        assertThat(all).allSatisfy(problem -> assertThat(answers(problem)).hasSize(54).doesNotHaveDuplicates()
                .allMatch(answer -> answer.matches("[1-9][-+*][1-9][-+*][1-9]")));
    }

    @Test
    void aQuestionHas493CorrectAnswersOnAverageAnd12AtTheMost() {
        List<Integer> counts = all.stream().map(problem -> correct(problem).size()).toList();
        double mean = counts.stream().mapToInt(count -> count).average().orElseThrow();

        assertThat(counts).allMatch(count -> count >= 4 && count <= 12).contains(12);
        assertThat(mean).isCloseTo(4.93, within(0.005));
        assertThat(mean / 54).isCloseTo(0.0913, within(5e-5));
    }

    /// Verdicts differ in their solutions alone.
    @Test
    void questionsHaveOneToFourSolutions() {
        Map<Integer, Long> counts = all.stream().map(problem -> correct(problem).stream()
                .map(answer -> task.verifier().verify(problem, answer, true)).collect(Collectors.toSet()).size())
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));

        assertThat(counts).isEqualTo(Map.of(1, 315L, 2, 40L, 3, 29L, 4, 2L));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
        "4*2*3 | true  | correct    | -",
        "2*3*4 | true  | correct    | -",
        "2+4*3 | true  | wrong      | -",
        "2+3*4 | true  | wrong      | -",
        "4+2*4 | true  | wrong      | -",
        "3*8*1 | true  | wrong      | -",
        "2*3*4 | false | unparsable | not finished after 6 tokens",
        "2*3   | true  | unparsable | '3 characters, not 5'",
        "2*3*4* | true | unparsable | '6 characters, not 5'",
        "2/3*4 | true  | unparsable | 'character 1 is ''/'', not +, - or *'",
        "23*4* | true  | unparsable | 'character 1 is ''3'', not +, - or *'",
        "-2*34 | true  | unparsable | 'character 0 is ''-'', not a digit'",
    })
    void anAnswerIsCorrectWithEachDigitOnceAndTheTargetsValue(String answer, boolean finished, String kind,
            String reason) {
        Problem problem = all.stream().filter(one -> one.prompt().equals("<bos>23424<sep>")).findFirst().orElseThrow();
        Verdict verdict = task.verifier().verify(problem, answer, finished);

        assertThat(verdict.kind()).isEqualTo(kind);
        assertThat(verdict.reward()).isEqualTo(kind.equals("correct") ? 1 : 0);
        assertThat(verdict instanceof Verdict.Unparsable unparsable ? unparsable.reason() : null).isEqualTo(reason);
    }

    /// 5,000 draws of 54: each is missed with probability (53/54)^5000 = 3e-41.
    @Test
    void randomAnswersAreAllTheExpressions() {
        Problem problem = task.problems().getFirst();
        Set<String> drawn = new HashSet<>();
        for (int i = 0; i < 5000; i++) {
            drawn.add(task.randomAnswers().orElseThrow().answer(problem, RandomKey.of(3).fold(i)));
        }

        assertThat(drawn).containsExactlyInAnyOrderElementsOf(answers(problem));
    }

    @Test
    void everySymbolIsOneToken() {
        assertThat(all).allSatisfy(problem -> {
            assertThat(task.tokenizer().orElseThrow().encode(problem.prompt())).hasSize(7);
            assertThat(task.tokenizer().orElseThrow().encode(answers(problem).getFirst() + "<eos>"))
                    .hasSize(task.maxResponseTokens());
        });
    }

    private List<String> answers(Problem problem) {
        return task.enumeration().orElseThrow().answers(problem);
    }

    private List<String> correct(Problem problem) {
        return answers(problem).stream().filter(answer -> task.verifier().verify(problem, answer, true)
                instanceof Verdict.Correct).toList();
    }
}
