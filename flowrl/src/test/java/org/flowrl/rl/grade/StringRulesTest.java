package org.flowrl.rl.grade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which part of a response the string rules read, and how they reward.
class StringRulesTest {
    private static final String FILLER = "so we are done. ".repeat(20);

    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', delimiter = '|', textBlock = """
            dapo            | 42  | Answer: 42                             | correct    |  1
            dapo            | 42  | ANSWER : 42                            | correct    |  1
            dapo            | 42  | Answer: 41. Answer: 42                 | wrong      | -1
            dapo            | 42  | Answer: $42$.                          | correct    |  1
            dapo            | 42  | Answer: \\boxed{42}                    | correct    |  1
            dapo            | 0.5 | Answer: \\frac12                       | wrong      | -1
            dapo            | 42  | Answer: 42.                            | wrong      | -1
            dapo            | 42  | The answer is 42                       | unparsable | -1
            dapo            | 42  | \\boxed{42}                            | unparsable | -1
            dapo-strict-box | 42  | so \\boxed{42}                         | correct    |  1
            dapo-strict-box | 42  | so \\boxed{42.0}                       | wrong      | -1
            dapo-strict-box | 42  | so \\boxed{42                          | unparsable | -1
            dapo-strict-box | 42  | \\boxed{42} or \\boxed{43}             | wrong      | -1
            math-reward     | 1/2 | so \\boxed{\\frac12}                   | correct    |  1
            math-reward     | 5   | so \\boxed{x=5}                        | correct    |  1
            math-reward     | 5   | so $\\boxed 5$ it is                   | correct    |  1
            math-reward     | 10  | so \\boxed{10\\%}                      | correct    |  1
            math-reward     | 10  | so \\boxed{10%}                        | wrong      |  0
            hendrycks       | 10  | so \\boxed{10%}                        | correct    |  1
            math-reward     | 5   | so \\fbox{5}                           | unparsable |  0
            math-reward     | 5   | the answer is 5                        | unparsable |  0
            gsm8k           | 70000 | so #### 70,000                       | correct    |  1
            gsm8k           | 18  | #### 17 no, #### 18                    | correct    |  1
            gsm8k           | 18  | so 18                                  | unparsable |  0
            gsm8k           | 18  | #### $18                               | unparsable |  0
            gsm8k-flexible  | 18  | it is 18 dollars                       | correct    |  1
            gsm8k-flexible  | 18  | it is 18.                              | wrong      |  0
            gsm8k-flexible  | 18  | it is 18 . . .                         | correct    |  1
            gsm8k-flexible  | 1000 | it is 1,000 in all                    | wrong      |  0
            gsm8k-flexible  | 18  | nothing                                | unparsable |  0
            deepscaler      | 1/2 | <think>x</think>\\boxed{\\frac{1}{2}}  | correct    |  1
            deepscaler      | 1/2 | <think>x</think>\\boxed{\\frac{2}{4}}  | wrong      |  0
            deepscaler      | 1/2 | \\boxed{\\frac{1}{2}}                  | unparsable |  0
            """)
    void verdictsAndRewards(String grader, String gold, String response, String kind, double reward) {
        Verdict verdict = Graders.named(grader).grade(gold, response.replace("\\\\", "\\"));
        assertThat(verdict.kind()).isEqualTo(kind);
        assertThat(verdict.reward()).isEqualTo(reward);
    }

    /// 320 characters of filler: beyond the 300 that DAPO and GSM8K look at, and the 100 of the strict box. Its full
    /// stops are "numbers" to the flexible rule, as in the original.
    @ParameterizedTest
    @CsvSource({"dapo, Answer: 42, unparsable", "dapo-strict-box, \\boxed{42}, unparsable",
        "gsm8k, #### 42, unparsable", "gsm8k-flexible, 42, wrong", "math-reward, \\boxed{42}, correct"})
    void anAnswerFarFromTheEndCountsForMathRewardAlone(String grader, String answer, String kind) {
        assertThat(Graders.named(grader).grade("42", answer + "\n" + FILLER).kind()).isEqualTo(kind);
    }

    @Test
    void theReachIsCountedInCodePoints() {
        // 299 code points of two UTF-16 units each leave one for the answer's line: nothing.
        String emoji = "\uD83D\uDE00";
        assertThat(Graders.named("dapo").grade("4", "Answer:4" + emoji.repeat(292)).kind()).isEqualTo("wrong");
        assertThat(Graders.named("dapo").grade("4", "Answer:4" + emoji.repeat(293)).kind()).isEqualTo("unparsable");
    }

    @Test
    void theLastAnswerCounts() {
        assertThat(Graders.named("dapo").grade("42", "Answer: 41\nNo.\nAnswer: 42").kind()).isEqualTo("correct");
        assertThat(Graders.named("dapo").grade("42", "Answer: 42\nNo.\nAnswer: 41").kind()).isEqualTo("wrong");
    }

    @Test
    void aGraderVerifiesProblems() {
        GraderVerifier verifier = new GraderVerifier(Graders.named("dapo"));
        assertThat(verifier.verify(new Problem("p", "?", "7"), "Answer: 7", false)).isEqualTo(new Verdict.Correct(1));
    }

    @Test
    void anUnknownNameIsRefusedWithThoseThatThereAre() {
        assertThatThrownBy(() -> Graders.named("mathverify")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("grader mathverify is unknown; did you mean math-verify? known: dapo, "
                        + "dapo-strict-box, deepscaler, gsm8k, gsm8k-flexible, hendrycks, math-reward, "
                        + "math-verify, qwen-math, java");
    }
}
