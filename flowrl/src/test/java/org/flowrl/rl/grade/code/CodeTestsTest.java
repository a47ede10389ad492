package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CodeTestsTest {
    private static final TestRules RULES = TestRules.standard();

    /// Input i has i digits, so that the fifteen longest of twenty are those of 6 to 20.
    private static String taco(int tests, String function) {
        String inputs = IntStream.rangeClosed(1, tests).mapToObj(i -> "\"" + "[1]".repeat(i).replace("][", ",") + "\"")
                .collect(Collectors.joining(","));
        String outputs = IntStream.rangeClosed(1, tests).mapToObj(i -> "\"" + i + "\"")
                .collect(Collectors.joining(","));
        return "{\"inputs\": [" + inputs + "], \"outputs\": [" + outputs + "]" + function + "}";
    }

    private static CodeTests.Cases cases(String answer, TestRules rules) {
        return (CodeTests.Cases) CodeTests.parse(answer, rules);
    }

    @Test
    void aContestProblemKeepsTheFifteenLongestInputs() {
        CodeTests.Cases cases = cases(taco(20, ""), RULES);
        assertThat(cases.secondsEach()).isEqualTo(12);
        assertThat(cases.cases()).extracting(test -> ((CodeTests.Streams) test).expected())
                .containsExactlyElementsOf(IntStream.range(0, 15).mapToObj(i -> String.valueOf(20 - i)).toList());
    }

    @Test
    void aContestProblemOfFifteenTestsKeepsTheirOrder() {
        assertThat(cases(taco(15, ""), RULES).cases()).hasSize(15)
                .first().isEqualTo(new CodeTests.Streams("[1]", "1"));
    }

    @Test
    void ofInputsOfOneLengthTheFirstAreKept() {
        String tests = IntStream.range(0, 20).mapToObj(i -> "{\"input\": \"" + (i + 10) + "\", \"output\": \"\"}")
                .collect(Collectors.joining(",", "[", "]"));
        assertThat(cases(tests, RULES).cases()).extracting(test -> ((CodeTests.Streams) test).input())
                .containsExactlyElementsOf(IntStream.range(10, 25).mapToObj(String::valueOf).toList());
    }

    @Test
    void theReleasedRewardForgetsTheFunctionWhereItLeavesTestsOut() {
        String call = ", \"fn_name\": \"f\"";
        assertThat(cases(taco(20, call), RULES).cases()).hasOnlyElementsOfType(CodeTests.Call.class);
        TestRules quirk = TestRules.released();
        assertThat(cases(taco(20, call), quirk).cases()).hasOnlyElementsOfType(CodeTests.Streams.class);
        assertThat(cases(taco(15, call), quirk).cases()).hasOnlyElementsOfType(CodeTests.Call.class);
    }

    @Test
    void liveCodeBenchRunsAllTests() {
        String test = "{\"input\": \"1\\n[2, 3]\", \"output\": \"5\", \"testtype\": \"functional\", "
                + "\"metadata\": {\"func_name\": \"add\"}}";
        CodeTests.Cases cases = cases(IntStream.range(0, 40).mapToObj(_ -> test).collect(
                Collectors.joining(",", "[", "]")), RULES);
        assertThat(cases.secondsEach()).isEqualTo(6);
        assertThat(cases.cases()).hasSize(40);
        CodeTests.Call call = (CodeTests.Call) cases.cases().getFirst();
        assertThat(call.method()).isEqualTo("add");
        assertThat(call.arguments()).hasToString("[1, [2,3]]");
        assertThat(call.expected()).hasToString("[5]");
    }

    @Test
    void aHarnessMayTakeASecondForEachOfItsCalls() {
        String answer = "{\"declaration\": \"class Solution {\", \"test\": \"s.f(1); s.f(2); s.f(3);\"}";
        assertThat(CodeTests.parse(answer, RULES)).isEqualTo(new CodeTests.Harness("class Solution {",
                "s.f(1); s.f(2); s.f(3);", 3 + 5));
    }

    @Test
    void linesOfAStreamMayBeAList() {
        assertThat(cases("{\"inputs\": [[\"1\", \"2\"]], \"outputs\": [[\"3\"]]}", RULES).cases())
                .isEqualTo(List.of(new CodeTests.Streams("1\n2", "3")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
            "17|neither a list of tests",
            "[]|neither a list of tests",
            "{}|neither a list of tests",
            "no JSON|the problem''s answer is not JSON",
            "[] []|the problem''s answer is not JSON",
            "[{\"input\": \"1\"}]|no text in the field output",
            "{\"inputs\": [\"1\"], \"outputs\": []}|1 inputs and 0 outputs",
            "{\"inputs\": [\"1\"], \"outputs\": [\"1\"], \"fn_name\": \"f\"}|must be a list of arguments",
            "[{\"input\": \"1\", \"output\": \"1\", \"testtype\": \"functional\"}]|no text in the field func_name",
    })
    void whatCannotBeReadIsSaid(String answer, String message) {
        assertThatIllegalArgumentException().isThrownBy(() -> CodeTests.parse(answer, RULES))
                .withMessageContaining(message.replace("''", "'"));
    }
}
