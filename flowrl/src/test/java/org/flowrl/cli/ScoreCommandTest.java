package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScoreCommandTest {
    private static final String ROWS = """
            {"gold": "1/2", "pred": "0.5"}
            {"gold": 36, "response": "so \\\\boxed{36.0}"}

            {"gold": "7", "response": "no idea"}
            {"gold": "no number here", "pred": "7"}
            {"gold": "1/3", "pred": "0.33", "options": {"precision": 2}}
            {"gold": "8", "pred": "9^{9^{9^9}}"}
            """;

    @Test
    void eachRowIsAVerdictInOrder() {
        CapturedRun run = CapturedRun.of(ROWS, "score", "--grader", "math-verify");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out().lines()).containsExactly(
                "{\"verdict\":\"correct\",\"score\":1.0}",
                "{\"verdict\":\"correct\",\"score\":1.0}",
                "{\"verdict\":\"unparsable\",\"score\":0.0,\"reason\":\"no answer found\"}",
                "{\"verdict\":\"failed\",\"score\":0.0,\"reason\":\"the gold answer cannot be read: no number here\"}",
                "{\"verdict\":\"correct\",\"score\":1.0}",
                "{\"verdict\":\"timed_out\",\"score\":0.0,\"reason\":\"a power with the exponent 387420489\"}");
        assertThat(run.err()).matches("math-verify: 6 graded in \\d+\\.\\d s, mean score 0\\.5000, 3 correct, "
                + "1 failed, 1 timed_out, 1 unparsable\\R");
    }

    @Test
    void aFileIsReadAndTheDapoRuleGivesMinusOne(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("rollouts.jsonl"),
                "{\"gold\": \"7\", \"response\": \"Answer: 7\"}\n{\"gold\": \"7\", \"response\": \"Answer: 8\"}\n");
        CapturedRun run = CapturedRun.of("", "score", "--grader", "dapo", file.toString());
        assertThat(run.exitCode()).isZero();
        assertThat(run.out().lines()).containsExactly("{\"verdict\":\"correct\",\"score\":1.0}",
                "{\"verdict\":\"wrong\",\"score\":-1.0}");
        assertThat(run.err()).contains("dapo: 2 graded in ").contains(" s, mean score 0.0000, 1 correct, 1 wrong");
    }

    /// The verdicts before a bad line are written.
    @ParameterizedTest
    @CsvSource(delimiter = '!', quoteCharacter = '`', value = {
        "{\"gold\": \"1\"             ! standard input, line 2, column 13: not JSON: ",
        "{\"pred\": \"1\"}            ! standard input, line 2: must have a \"gold\"",
        "{\"gold\": \"1\"}            ! standard input, line 2: must have one of \"response\" and \"pred\"",
        "{\"gold\": \"1\", \"pred\": [1]} ! standard input, line 2: \"pred\" must be a text or a number, not array",
        "{\"gold\": \"1\", \"pred\": \"1\", \"options\": {\"x\": 1}} ! standard input, line 2: grader option x is "
                + "unknown; known: extract",
        "{\"gold\": \"1\", \"pred\": \"1\", \"response\": \"1\"} ! standard input, line 2: must have one of"})
    void whatIsWrongNamesFileAndLine(String line, String message) {
        CapturedRun run = CapturedRun.of("{\"gold\": \"1\", \"pred\": \"1\"}\n" + line + "\n", "score", "--grader",
                "math-verify");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).startsWith("error: " + message).containsOnlyOnce("\n");
        assertThat(run.out()).isEqualTo("{\"verdict\":\"correct\",\"score\":1.0}" + System.lineSeparator());
    }

    @Test
    void anUnknownGraderIsRefused() {
        CapturedRun run = CapturedRun.of("", "score", "--grader", "llm");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).startsWith("error: grader llm is unknown; known: dapo, ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "java | /etc | grader: readable [/etc] is for run: and a command, not for java",
        "run:/bin/sh {file} | /nonexistent | runner command [/bin/sh, {file}]: readable /nonexistent must be a file or "
                + "folder that exists"})
    void whatACommandMayReadIsChecked(String grader, String readable, String message) {
        CapturedRun run = CapturedRun.of("", "score", "--grader", grader, "--readable", readable);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).isEqualTo("error: " + message + System.lineSeparator());
    }

    @Test
    void stringRulesTakeNoOptions() {
        CapturedRun run = CapturedRun.of("{\"gold\": \"1\", \"pred\": \"1\", \"options\": {\"precision\": 2}}", "score",
                "--grader", "gsm8k");
        assertThat(run.err()).startsWith("error: standard input, line 1: grader gsm8k takes no \"options\"");
    }
}
