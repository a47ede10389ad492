package org.flowrl.rl.grade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Set;
import org.flowrl.rl.task.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Equal answers in other spellings and scripts are found equal, and others are not.
class MathVerifyGraderTest {
    private static final Grader GRADER = Graders.named("math-verify");

    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', delimiter = '|', textBlock = """
            36                    | 36.0
            36                    | 036
            36                    | +36
            1/2                   | 0.5
            \\frac{1}{3}          | 0.333333
            1\\frac{4}{5}         | 9/5
            7 3/4                 | 31/4
            0.1\\overline{6}      | 1/6
            0.\\overline{9}       | 1
            2\\sqrt{2}            | \\sqrt8
            \\sqrt{3+2\\sqrt{2}}  | 1+\\sqrt{2}
            \\frac{1}{\\sqrt{2}}  | \\frac{\\sqrt{2}}{2}
            \\sqrt[3]{-8}         | -2
            \\sqrt{-4}            | 2i
            e^{i\\pi}             | -1
            \\ln{e^2}             | 2
            \\log_2 8             | 3
            \\log_{10} 1000       | 3
            \\sin{\\frac{\\pi}{6}} | \\frac12
            \\cos 60              | \\cos(60)
            \\tan^{-1}(1)         | \\frac{\\pi}{4}
            \\binom{5}{2}         | 10
            5!                    | 120
            \\lfloor 3.7 \\rfloor | 3
            2^{10}                | 1024
            2^{100}-1             | 1267650600228229401496703205375
            10^{20}               | 100000000000000000000
            1{,}000{,}000         | 10^6
            50\\%                 | 0.5
            50 percent            | 1/2
            90^\\circ             | 90
            15 \\text{ cm}^2      | 15
            \\$18.90              | 18.9
            (x+1)^2               | x^2+2x+1
            \\frac{x^2-1}{x-1}    | x+1
            \\sin^2 x             | 1-\\cos^2 x
            x=5                   | 5
            5=x                   | 5
            y=2x+1                | 2x-y+1=0
            x>5                   | 5<x
            x \\in (5,\\infty)    | (5,\\infty)
            (1,2)\\cup[2,3)       | (1,3)
            \\mathbb{R}\\setminus\\{0\\} | (-\\infty,0)\\cup(0,\\infty)
            \\{1,2,3\\}           | \\{3,2,1\\}
            1,2,3                 | 3, 1, and 2
            \\{1,1,2\\}           | \\{2,1\\}
            1 \\pm \\sqrt{2}      | 1-\\sqrt{2}, 1+\\sqrt{2}
            (1,2,3)               | (1, 2.0, 3)
            \\begin{pmatrix}1\\\\2\\end{pmatrix} | \\begin{bmatrix}1.0\\\\2\\end{bmatrix}
            2\\begin{pmatrix}1&2\\end{pmatrix}   | \\begin{pmatrix}2&4\\end{pmatrix}
            \\text{even}          | Even
            \\text{(C)}           | C
            52_8                  | 52_{8}
            3:4                   | 3 : 4
            f(x)=x^2              | x^2
            """)
    void otherSpellingsAreEqual(String gold, String answer) {
        String first = gold.replace("\\\\", "\\");
        String second = answer.replace("\\\\", "\\");
        assertThat(GRADER.compare(first, second)).isEqualTo(new Verdict.Correct(1));
        assertThat(GRADER.compare(second, first)).isEqualTo(new Verdict.Correct(1));
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', delimiter = '|', textBlock = """
            36                   | 36.1
            36                   | 63
            \\frac{1}{3}         | 0.333
            1\\frac{4}{5}        | 4/5
            2\\sqrt{2}           | 2.8
            10^{20}+1            | 10^{20}
            10^{20}+\\sqrt{2}    | 10^{20}
            7.25e-11             | 7.26e-11
            7.25e-11             | 0
            x+1                  | x-1
            x+1                  | y+1
            \\sqrt{x^2}          | x
            x=5                  | y=5
            x>5                  | x\\ge 5
            x>2                  | -x>-2
            \\{\\frac{1}{3},\\frac{333333}{1000000}\\} | \\{0.333333,7\\}
            (1,2)                | [1,2)
            (1,2)                | (2,1)
            (1,2)                | \\{1,2\\}
            \\{1,2\\}            | \\{1,2,3\\}
            1,2                  | 12
            52_8                 | 52
            52_8                 | 42
            \\pm 3               | 3
            \\text{east}         | \\text{west}
            \\begin{pmatrix}1\\\\2\\end{pmatrix} | \\begin{pmatrix}1&2\\end{pmatrix}
            12:00                | 1:00
            \\infty              | -\\infty
            50\\%                | 50
            """)
    void differentAnswersAreNot(String gold, String answer) {
        String first = gold.replace("\\\\", "\\");
        String second = answer.replace("\\\\", "\\");
        assertThat(GRADER.compare(first, second)).isInstanceOf(Verdict.Wrong.class);
        assertThat(GRADER.compare(second, first)).isInstanceOf(Verdict.Wrong.class);
    }

    /// The answer is the one that is stated last at the highest rank.
    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', delimiter = '|', textBlock = """
            \\boxed{3} no, \\boxed{7}
            We get $3$, then $x = 7$.
            So it is 3 + 4 = 7
            \\boxed{7}. This holds for all $n > 3$.
            Answer: 7. There are 3 of them.
            $3$ is wrong. The final answer is $7$. I hope it is correct.
            <think>\\boxed{3}</think> \\[ \\boxed{7} \\]
            **Answer:** 7
            the answer is \\(7\\)
            答案是７。
            答案：7
            最终答案是 $7$
            الجواب هو ٧
            الإجابة: ۷
            "\u200Fالإجابة النهائية هي \u200E٧\u200F"
            """)
    void theLastStatedAnswerIsFound(String response) {
        assertThat(GRADER.grade("7", response.replace("\\\\", "\\"))).isEqualTo(new Verdict.Correct(1));
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '"', delimiter = '|', textBlock = """
            1234.5 | ١٬٢٣٤٫٥
            1234.5 | １，２３４．５
            25\\%  | ٢٥٪
            1,2    | ١، ٢
            1,2    | １、２
            1,2    | 1 和 2
            1/3    | ١/٣
            (1,2)  | （１，２）
            -7     | －７
            12     | ۱۲
            12     | १२
            """)
    void digitsAndSignsOfOtherScriptsCount(String gold, String answer) {
        assertThat(GRADER.compare(gold.replace("\\\\", "\\"), answer)).isEqualTo(new Verdict.Correct(1));
    }

    @Test
    void theKindsOfVerdicts() {
        assertThat(GRADER.grade("7", "I do not know.").kind()).isEqualTo("unparsable");
        assertThat(GRADER.grade("there is no such number", "\\boxed{7}").kind()).isEqualTo("failed");
        assertThat(GRADER.compare("7", "9^{9^{9^9}}").kind()).isEqualTo("timed_out");
        assertThat(GRADER.grade("7", "\\boxed{8}").kind()).isEqualTo("wrong");
    }

    @Test
    void theStatedAnswerCanBeAskedFor() {
        assertThat(GRADER.answer("so $x = \\boxed{1/2}$")).hasValueSatisfying(answer ->
                assertThat(GRADER.compare("0.5", answer)).isEqualTo(new Verdict.Correct(1)));
        assertThat(GRADER.answer("no idea")).isEmpty();
    }

    @Test
    void optionsAreThoseOfTheLibrary() throws Exception {
        GraderOptions options = GraderOptions.defaults().with(new JsonMapper().readTree(
                "{\"extract\": [\"latex\"], \"precision\": 2, \"strict\": false, \"allow_set_relation_comp\": true}"));
        Grader loose = Graders.named("math-verify", options);
        assertThat(loose.compare("1/3", "0.33")).isInstanceOf(Verdict.Correct.class);
        assertThat(loose.compare("x+1", "y+1")).isInstanceOf(Verdict.Correct.class);
        assertThat(loose.compare("x \\in [1,2]", "1 \\le x \\le 2")).isInstanceOf(Verdict.Correct.class);
        assertThat(loose.grade("7", "so 7")).isInstanceOf(Verdict.Unparsable.class);
        assertThatThrownBy(() -> GraderOptions.defaults().with(new JsonMapper().readTree("{\"precison\": 2}")))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("precison");
    }

    /// A number that an equals sign follows is the left side of something.
    @Test
    void theNumberAfterAnswerIsNotOneThatAnEqualsSignFollows() {
        assertThat(AnswerExtraction.ranks("The answer: 5 = x, or 7", Set.of(AnswerExtraction.Target.EXPR)).getFirst())
                .extracting(AnswerExtraction.Candidate::text).containsExactly("7");
    }
}
