package org.flowrl.rl.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.tensor.RandomKey;
import org.flowrl.transformer.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CountdownTest {
    private static final Problem PROBLEM = new Problem("one", "", "3 8 44 2=98");
    private final Countdown compact = Countdown.compact();
    private final Countdown text = Countdown.asText();

    @Test
    void everyQuestionIsDifferentAndCanBeSolved() {
        List<Problem> all = Stream.concat(compact.problems().stream(), compact.heldOutProblems().stream()).toList();

        assertThat(compact.problems()).hasSize(1000);
        assertThat(compact.heldOutProblems()).hasSize(100);
        assertThat(all).extracting(Problem::answer).doesNotHaveDuplicates()
                .allMatch(answer -> answer.matches("[1-9]\\d?( [1-9]\\d?){2,3}=[1-9]\\d"));
        assertThat(all.subList(0, 40)).allSatisfy(problem ->
                assertThat(compact.solutions(problem).orElseThrow()).isPositive());
        long ofThree = all.stream().filter(problem -> problem.answer().split(" ").length == 3).count();
        assertThat(ofThree).isBetween(300L, 800L);
    }

    @Test
    void bothLanguagesAskTheSameQuestions() {
        assertThat(text.problems()).extracting(Problem::answer)
                .isEqualTo(compact.problems().stream().map(Problem::answer).toList());
        assertThat(text.problems().getFirst().prompt()).contains("<think>", "<answer>(1 + 2) / 3</answer>")
                .endsWith("<think>").contains(text.problems().getFirst().answer().replaceAll(".*=", "gives "));
        assertThat(text.tokenizer()).isEmpty();
        assertThat(text.randomAnswers()).isEmpty();
        assertThat(text.notes()).isEmpty();
        assertThat(compact.notes()).singleElement().asString().contains("preset countdown-text");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
        "<answer>44*2+8+3-1</answer>            | 0.1 | wrong      | -",
        "<answer>44*2+3+8</answer>              | 0.1 | wrong      | -",
        "<answer>(44+3)*2+8/1</answer>          | 0.1 | wrong      | -",
        "<answer>(44 + 8) * 2 - 3*2</answer>    | 0.1 | wrong      | -",
        "<answer>44*2+8+2</answer>              | 0.1 | wrong      | -",
        "<answer>2*(44+8-3)</answer>            | 1   | correct    | (44+8-3)*2",
        "'think... <answer> (44 - 3 + 8) * 2 </answer> done' | 1 | correct | (44+8-3)*2",
        "<answer>1</answer> no: <answer>2*(44+8-3)</answer>  | 1 | correct | (44+8-3)*2",
        "<answer>2*(44+8-3)</answer> or <answer>1</answer>   | 0.1 | wrong | -",
        "<answer>2*(44+8-3)=98</answer>         | 0.1 | unparsable | -",
        "<answer></answer>                      | 0.1 | unparsable | -",
        "<answer>44/(2-2)</answer>              | 0.1 | wrong      | -",
        "<answer>2*(44+8-3)                     | 0   | unparsable | -",
        "2*(44+8-3)</answer>                    | 0   | unparsable | -",
        "2*(44+8-3)                             | 0   | unparsable | -",
        "</answer><answer>                      | 0   | unparsable | -",
    })
    void theLastPairOfTagsIsJudged(String response, double reward, String kind, String solution) {
        Verdict verdict = text.verifier().verify(PROBLEM, response, true);

        assertThat(verdict.kind()).isEqualTo(kind);
        assertThat(verdict.reward()).isEqualTo(reward);
        assertThat(verdict instanceof Verdict.Correct correct ? correct.solution().orElseThrow() : null)
                .isEqualTo(solution);
    }

    /// 2, 3 and 5 make 30 by the product, and by nothing else of the 68 forms: (2+3)*5 = 25, 2*(3+5) = 16, 3*(2+5) =
    /// 21.
    @Test
    void solutionsAreCounted() {
        assertThat(text.solutions(new Problem("a", "", "2 3 5=30"))).hasValue(1);
        // The sum and no other form.
        assertThat(text.solutions(new Problem("b", "", "2 3 5=10"))).hasValue(1);
        // 4+4-4 in any order is one canonical form; 4*4/4 another; 4/4*4 the same.
        assertThat(text.solutions(new Problem("c", "", "4 4 4=4"))).hasValue(2);
        assertThat(text.solutions(new Problem("d", "", "1 1 1=99"))).hasValue(0);
    }

    @Test
    void randomAnswersAreWellFormedUseEachNumberOnceAndFit() {
        Tokenizer tokenizer = compact.tokenizer().orElseThrow();
        RandomAnswers random = compact.randomAnswers().orElseThrow();

        assertThat(IntStream.range(0, 1000)).allSatisfy(i -> {
            Problem problem = compact.problems().get(i);
            String answer = random.answer(problem, RandomKey.of(5).fold(i));
            assertThat(tokenizer.encode(answer + "<eos>").length).isLessThanOrEqualTo(compact.maxResponseTokens());
            assertThat(tokenizer.decode(tokenizer.encode(problem.prompt()))).isEqualTo(problem.prompt());
            assertThat(compact.verifier().verify(problem, answer, true).kind()).isIn("correct", "wrong");
            assertThat(ExpressionParser.parse(answer.replaceAll("</?answer>", "")).numbers().stream().sorted())
                    .isEqualTo(Stream.of(problem.answer().replaceAll("=.*", "").split(" ")).map(Integer::valueOf)
                            .sorted().toList());
        });
    }

    @Test
    void aFolderThatSpeaksTheTasksOwnLanguageIsAskedInIt() {
        Tokenizer own = compact.tokenizer().orElseThrow();
        Tokenizer other = new MiniCount().tokenizer().orElseThrow();

        assertThat(Tasks.named("countdown").tokenizer()).isPresent();
        assertThat(Tasks.named("countdown", Optional.of(own)).tokenizer()).isPresent();
        assertThat(Tasks.named("countdown", Optional.of(other)).tokenizer()).isEmpty();
    }
}
