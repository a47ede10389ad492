package org.flowrl.rl.grade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.Yardstick;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Answers made to hang, exhaust or crash a grader end with a verdict, fast.
class HostileAnswersTest {
    /// The bar of the specification, in CPU time of the calling thread, of the fastest of {@link #RUNS} runs: what the
    /// grader costs, without what the machine's other work does to caches and the first run to the JIT. A run that is
    /// above it is read in the time of the machine that the bar was set on, see {@link Yardstick}.
    private static final double MAX_NANOSECONDS = 50e6;
    private static final int RUNS = 5;
    private static final int MEGABYTE = 1 << 20;

    static Stream<Arguments> answers() {
        Map<String, String> answers = new LinkedHashMap<>();
        answers.put("a tower of powers", "10^{10^{10}}");
        answers.put("a tower without braces", "9^9^9^9^9^9");
        answers.put("a factorial of factorials", "100!!!!");
        answers.put("a large factorial", "1000000000!");
        answers.put("a large binomial", "\\binom{1000000}{500000}");
        answers.put("large powers under a root", "\\sqrt{2^{99999}+3^{99999}}");
        answers.put("a small base to a huge power", "1.0000001^{1000000000000}");
        answers.put("an exponential of an exponential", "e^{e^{e^{10}}}");
        answers.put("the sine of a huge number", "\\sin(10^{5000})");
        answers.put("a power with a huge negative exponent", "2^{-99999999999}");
        answers.put("an exponent in scientific notation", "1e999999999");
        answers.put("ten thousand digits", "7".repeat(10_000));
        answers.put("a megabyte of digits", "7".repeat(MEGABYTE));
        answers.put("a megabyte of digit groups", "123,".repeat(MEGABYTE / 4));
        answers.put("a megabyte of open braces", "{".repeat(MEGABYTE));
        answers.put("a megabyte of closed braces", "}".repeat(MEGABYTE));
        answers.put("a megabyte of parentheses", "(".repeat(MEGABYTE / 2) + ")".repeat(MEGABYTE / 2));
        answers.put("nested parentheses", "(".repeat(5_000) + "1" + ")".repeat(5_000));
        answers.put("nested fractions", "\\frac{1}{".repeat(2_000) + "2" + "}".repeat(2_000));
        answers.put("nested roots", "\\sqrt{".repeat(60) + "2" + "}".repeat(60));
        answers.put("nested boxes", "\\boxed{".repeat(MEGABYTE / 8) + "1" + "}".repeat(MEGABYTE / 8));
        answers.put("boxes that never close", "\\boxed{".repeat(MEGABYTE / 7));
        answers.put("boxes side by side", "\\boxed{1},".repeat(MEGABYTE / 10));
        answers.put("formulas that never close", "\\( ".repeat(MEGABYTE / 3));
        answers.put("displays that never close", "\\[ x ".repeat(MEGABYTE / 5));
        answers.put("a megabyte of dollars", "$".repeat(MEGABYTE));
        answers.put("dollars and blanks", "$ ".repeat(MEGABYTE / 2));
        answers.put("escaped dollars", "$\\$".repeat(MEGABYTE / 3));
        answers.put("words in braces that never close", "\\text{".repeat(MEGABYTE / 6));
        answers.put("a megabyte of \"answer\"", "answer ".repeat(MEGABYTE / 7));
        answers.put("a megabyte of \"Answer:\"", "Answer:".repeat(MEGABYTE / 7));
        answers.put("final answers without end", "final answer is ".repeat(MEGABYTE / 16));
        answers.put("a megabyte of blanks", " ".repeat(MEGABYTE) + "1");
        answers.put("a megabyte of line feeds", "\n".repeat(MEGABYTE) + "1");
        answers.put("a megabyte of full stops", ".".repeat(MEGABYTE));
        answers.put("a megabyte of commas", ",".repeat(MEGABYTE));
        answers.put("a megabyte of hashes", "#### ".repeat(MEGABYTE / 5));
        answers.put("a megabyte of operators", "1+".repeat(MEGABYTE / 2));
        answers.put("a megabyte of minus signs", "-".repeat(MEGABYTE) + "1");
        answers.put("a megabyte of equals signs", "=".repeat(MEGABYTE));
        answers.put("a megabyte of backslashes", "\\".repeat(MEGABYTE));
        answers.put("a megabyte of roots", "\\sqrt".repeat(MEGABYTE / 5));
        answers.put("a megabyte of fractions", "\\frac".repeat(MEGABYTE / 5));
        answers.put("a megabyte of Arabic digits", "٣".repeat(MEGABYTE));
        answers.put("a megabyte of answer phrases", "答案是".repeat(MEGABYTE / 3));
        answers.put("a megabyte of surrogates", "\uD83D".repeat(MEGABYTE));
        answers.put("a megabyte of nulls", "\0".repeat(MEGABYTE));
        answers.put("a wide sum", "$" + "x+".repeat(4_000) + "x$");
        answers.put("many variables in a product", "$" + "(a+b)(c+d)(e+f)".repeat(500) + "$");
        answers.put("a power of a sum", "$(x+y+z)^{2000}$");
        answers.put("many roots", "$" + "\\sqrt{2}+".repeat(1_500) + "1$");
        answers.put("many sines", "$" + "\\sin{x}+".repeat(1_500) + "1$");
        answers.put("a long set", "$\\{" + "1,".repeat(4_000) + "1\\}$");
        answers.put("a long set of different items", "$\\{" + IntStream.range(0, 3_000).mapToObj(String::valueOf)
                .reduce((left, right) -> left + "," + right).orElseThrow() + "\\}$");
        answers.put("plus or minus, many times", "$" + "\\pm 1".repeat(2_000) + "$");
        answers.put("a large matrix", "$\\begin{pmatrix}" + ("1&".repeat(60) + "1\\\\").repeat(60)
                + "\\end{pmatrix}$");
        answers.put("an empty answer", "");
        answers.put("division by zero", "\\frac{1}{0}");
        answers.put("not a number", "NaN");
        return answers.entrySet().stream().flatMap(answer -> Graders.mathNames().stream()
                .map(grader -> arguments(answer.getKey(), grader, answer.getValue())));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("answers")
    void everyGraderEndsFast(String what, String name, String answer) {
        Grader grader = Graders.named(name);
        double fastest = Double.POSITIVE_INFINITY;
        for (int run = 0; run < RUNS && fastest > MAX_NANOSECONDS; run++) {
            long start = Yardstick.cpuNanoseconds();
            Verdict compared = grader.compare("\\frac{1}{3}", answer);
            Verdict graded = grader.grade("\\frac{1}{3}", answer);
            // Two verdicts were given.
            double taken = (Yardstick.cpuNanoseconds() - start) / 2.0;
            fastest = Math.min(fastest, taken > MAX_NANOSECONDS ? taken / Yardstick.slowness() : taken);
            assertThat(compared).as("compare").isNotInstanceOf(Verdict.Correct.class);
            assertThat(graded).as("grade").isNotInstanceOf(Verdict.Correct.class);
        }
        assertThat(fastest).as("nanoseconds").isLessThan(MAX_NANOSECONDS);
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("answers")
    void aHostileGoldAnswerEndsToo(String what, String name, String answer) {
        if (answer.length() < 30_000) {
            assertThat(Graders.named(name).compare(answer, "\\frac{1}{3}")).isNotInstanceOf(Verdict.Correct.class);
        }
    }
}
