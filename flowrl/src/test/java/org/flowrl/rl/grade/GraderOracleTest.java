package org.flowrl.rl.grade;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.flowrl.rl.SharedRows;
import org.flowrl.rl.task.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Verdicts against those of the public graders.
class GraderOracleTest {
    private static final String PAIRS = "math-verify/answer-pairs.jsonl";
    private static final Path DISAGREEMENTS = Path.of("docs/grader-disagreements.md");
    private static final Pattern LISTED = Pattern.compile("(?m)^\\| ([0-9a-f]{10}) \\|");

    /// Graders by the names that the recorded pairs have.
    enum Recorded {
        math_verify("math-verify", false, 0.97),
        /// TRL's reward asks Math-Verify.
        trl_accuracy_reward("math-verify", false, 1),
        qwen_math_equal("qwen-math", false, 0.95),
        hendrycks_is_equiv("hendrycks", false, 1),
        math_dapo("dapo", true, 1),
        math_dapo_strict_box("dapo-strict-box", true, 1),
        deepscaler("deepscaler", true, 1),
        /// DeepScaleR compares by either of these two.
        mathd("deepscaler", false, 1),
        sympy_prm800k("deepscaler", false, 1),
        /// DeepScaleR's rule for responses that need no `</think>`.
        grade_answer_verl("deepscaler", true, 1);

        private final String grader;
        private final boolean response;
        private final double agreement;

        /// @param response whether the recorded prediction is a whole response
        /// @param agreement share of recorded verdicts that ours must agree with
        Recorded(String grader, boolean response, double agreement) {
            this.grader = grader;
            this.response = response;
            this.agreement = agreement;
        }

        boolean agrees(JsonNode row) {
            Grader own = Graders.named(grader, GraderOptions.defaults().with(row.path("options")));
            String gold = row.get("gold").asText();
            String prediction = (this == grade_answer_verl ? "</think>" : "") + row.get("pred").asText();
            Verdict verdict = response ? own.grade(gold, prediction) : own.compare(gold, prediction);
            if (row.get("expected").isNull()) {
                return verdict instanceof Verdict.Failed;
            }
            return verdict instanceof Verdict.Correct == (row.get("expected").asInt() == 1);
        }
    }

    private static Stream<JsonNode> pairs(Recorded recorded) {
        return SharedRows.of(PAIRS).stream().filter(row -> row.get("grader").asText().equals(recorded.name()));
    }

    @ParameterizedTest
    @EnumSource
    void verdictsOnPairsAgree(Recorded recorded) {
        List<JsonNode> rows = pairs(recorded).toList();
        long agreed = rows.stream().filter(recorded::agrees).count();
        assertThat(rows).isNotEmpty();
        assertThat((double) agreed / rows.size()).as(recorded.name()).isGreaterThanOrEqualTo(recorded.agreement);
    }

    @Test
    void everyDisagreementIsListed() throws IOException {
        Set<String> differing = new TreeSet<>();
        for (Recorded recorded : Recorded.values()) {
            pairs(recorded).filter(row -> !recorded.agrees(row)).forEach(row -> differing.add(row.get("id").asText()));
        }
        Set<String> listed = new TreeSet<>();
        Matcher matcher = LISTED.matcher(Files.readString(DISAGREEMENTS));
        while (matcher.find()) {
            listed.add(matcher.group(1));
        }
        assertThat(differing).isEqualTo(listed);
    }

    @Test
    void everyRecordedGraderHasOneOfOurs() {
        assertThat(SharedRows.of(PAIRS)).extracting(row -> row.get("grader").asText())
                .containsOnly(Stream.of(Recorded.values()).map(Enum::name).toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource({"verl_math_dapo, dapo, 286", "verl_math_dapo_strict_box, dapo-strict-box, 286",
        "verl_math_reward, math-reward, 286", "verl_gsm8k_strict, gsm8k, 38",
        "verl_gsm8k_flexible, gsm8k-flexible, 38"})
    void rewardsOfWholeResponsesAreThoseOfVerl(String recorded, String name, int count) {
        Grader grader = Graders.named(name);
        List<JsonNode> rows = SharedRows.of("math-verify/response-scores.jsonl").stream()
                .filter(row -> row.has(recorded)).toList();
        assertThat(rows).hasSize(count).allSatisfy(row -> {
            JsonNode score = row.get(recorded);
            assertThat(grader.grade(row.get("gold").asText(), row.get("response").asText()).reward())
                    .isEqualTo((score.isObject() ? score.get("score") : score).asDouble());
        });
    }

    @Test
    void normalFormsAndBoxesAreTheRecordedOnes() {
        assertThat(SharedRows.of("math-verify/normalise-and-extract.jsonl")).hasSize(25).allSatisfy(row -> {
            String in = row.get("in").asText();
            String out = switch (row.get("kind").asText()) {
                case "dapo_normalize" -> DapoNormalizer.normalize(in);
                case "mathd_strip" -> HendrycksNormalizer.ESCAPED_PERCENT.normalize(in).orElseThrow();
                case "last_boxed" -> Boxes.last(in).orElse(null);
                default -> throw new AssertionError(row);
            };
            assertThat(out).isEqualTo(row.get("out").isNull() ? null : row.get("out").asText());
        });
    }
}
