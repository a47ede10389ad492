package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.flowrl.tensor.SharedData;
import org.flowrl.transformer.text.Tokenizer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every benchmark file runs through `eval` with a small random model of Qwen2.5's vocabulary.
class EvalOracleTest {
    private static final String SAMPLES = "2";

    @TempDir
    private static Path folder;
    private static Path model;

    @BeforeAll
    static void writeARandomModel() {
        Path qwen = SharedData.path("tokenizer/qwen2.5/vocab.json").getParent();
        Tokenizer tokenizer = Tokenizer.load(qwen);
        model = folder.resolve("model");
        SmallFolder.write(model, 151_936, tokenizer.eosTokenId().orElseThrow(), tokenizer);
    }

    private static CapturedRun eval(String benchmark, Path data, Path out, int threads) {
        return CapturedRun.of("", "eval", "--model", model.toString(), "--benchmark", benchmark, "--data",
                data.toString(), "--out", out.toString(), "--limit", "2", "--samples", SAMPLES, "--max-tokens", "6",
                "--seed", "3", "--device", "cpu", "--threads", Integer.toString(threads));
    }

    @ParameterizedTest
    @CsvSource({"aime24, math/aime24", "aime25, math/aime_1983_2023_train_rllm", "amc23, math/amc23",
        "math500, math/math500", "math500, math/math_train_rllm", "minerva, math/minerva_math",
        "olympiad, math/olympiadbench", "gsm8k, math/gsm8k_test", "codeforces, code/codeforces",
        "livecodebench, code/code_contests", "humaneval+, code/humaneval-x-java"})
    void everyBenchmarkFileRuns(String benchmark, String file) throws IOException {
        Path out = folder.resolve(file.replace('/', '-') + ".answers.jsonl");
        CapturedRun run = eval(benchmark, SharedData.path(file + ".jsonl.gz"), out, 1);
        assertThat(run.err()).doesNotContain("error:");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("avg@2 %", "pass@1 %", "pass@2 %", "maj@2 %",
                "Diversity by words, not comparable with a judge's scores");
        List<String> lines = Files.readAllLines(out);
        assertThat(lines).hasSize(4).allSatisfy(line -> {
            JsonNode answer = new JsonMapper().readTree(line);
            assertThat(answer.get("gold").asText()).isNotEmpty();
            assertThat(answer.get("verdict").asText()).isIn("correct", "wrong", "unparsable", "timed_out", "failed");
            assertThat(answer.get("tokens").asInt()).isBetween(1, 6);
        });
    }

    @Test
    void theSameSeedGivesTheSameBytesAndScoreGivesTheSameVerdicts() throws IOException {
        Path data = SharedData.path("math/amc23.jsonl.gz");
        Path first = folder.resolve("first.jsonl");
        Path second = folder.resolve("second.jsonl");
        assertThat(eval("amc23", data, first, 1).exitCode()).isZero();
        assertThat(eval("amc23", data, second, 2).exitCode()).isZero();
        assertThat(first).hasSameBinaryContentAs(second);
        List<String> verdicts = Files.readAllLines(first).stream().map(EvalOracleTest::verdict).toList();
        assertThat(CapturedRun.of("", "score", "--grader", "math-verify", first.toString()).out().lines()
                .map(EvalOracleTest::verdict)).isEqualTo(verdicts);
    }

    private static String verdict(String line) {
        try {
            return new JsonMapper().readTree(line).get("verdict").asText();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
