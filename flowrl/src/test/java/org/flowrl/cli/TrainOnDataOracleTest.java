package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.data.DataSet;
import org.flowrl.rl.task.Problem;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.SharedData;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.text.PromptForm;
import org.flowrl.transformer.text.Tokenizer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `train --preset math` and `code` as a user has them, small: a Qwen folder of 2 layers and width 64 with Qwen2.5's
/// own vocabulary and chat template (10 million parameters), random, then taught the form of answers by `sft`.
class TrainOnDataOracleTest {
    private static final JsonMapper MAPPER = new JsonMapper();

    @TempDir
    private static Path folder;
    private static Path random;
    private static Tokenizer tokenizer;

    @BeforeAll
    static void makeARandomModel() {
        tokenizer = Tokenizer.load(SharedData.path("tokenizer/qwen2.5"));
        random = folder.resolve("random");
        QwenConfig config = QwenConfig.tiny(151_936, 64, 2, 1024).withTokens(tokenizer.bosTokenId(),
                List.of(tokenizer.eosTokenId().orElseThrow()), tokenizer.padTokenId());
        try (Backend backend = Backends.open("cpu", 2).backend(); Scope scope = Scope.root("model",
                backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen model = Qwen.declare(store.root(), config);
            store.allocate();
            store.initialize(RandomKey.of(1));
            ModelDirectory.save(random, model, tokenizer);
        }
    }

    @Test
    void twentyStepsOnGsm8kResumeAndPayWhatScoreSays() throws IOException {
        String data = SharedData.path("math/gsm8k_test.jsonl.gz").toString();
        String model = folder.resolve("model").toString();
        Path run = folder.resolve("math");
        succeed("sft", "--model", random.toString(), "--data", examples(data).toString(), "--out", model,
                "--steps", "60", "--batch", "16", "--learning-rate", "1e-2");

        CapturedRun ten = succeed("train", "--preset", "math", "--model", model, "--data", data, "--out",
                run.toString(), "--steps", "10", "--set", "data.form=plain", "--set", "data.maxPromptTokens=100",
                "--set", "data.truncatePrompts=false", "--set", "data.maxResponseTokens=12",
                "--set", "rollout.prompts=8", "--set", "update.miniBatches=2", "--set", "evaluateEvery=5");
        CapturedRun twenty = succeed("train", "--resume", "--out", run.toString(), "--steps", "20");

        assertThat(ten.out()).containsPattern("\ndata: .* problems from 788 rows \\(prompt question, answer answer "
                + "after ####\\), \\d+ filtered out\n")
                .containsPattern("\nreward: dapo, all \\d+ gold answers are correct to the grader\n")
                .contains("\nprompts: plain, by the model's chat template\n");
        assertThat(twenty.out()).contains("resumed after step 10");
        assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(20);
        Map<String, Integer> kinds = new HashMap<>();
        for (int step = 5; step <= 20; step += 5) {
            assertRewardsAreTheGraders(run.resolve("rollouts/step-" + step + ".jsonl"), kinds);
        }
        // The form is learned, and some answers are hit by chance: rewards of both kinds were compared.
        assertThat(kinds.get("correct")).isPositive();
        assertThat(kinds.get("wrong")).isGreaterThan(100);
    }

    /// The responses of a random model hold no program; tests, sandbox and settings are the real ones.
    @Test
    void aStepOnHumanEvalGradesProgramsInTheSandbox() throws IOException {
        Path run = folder.resolve("code");
        CapturedRun step = CapturedRun.of("", "train", "--preset", "code", "--model", random.toString(), "--data",
                SharedData.path("code/humaneval-x-java.jsonl.gz").toString(), "--out", run.toString(), "--steps", "1",
                "--set", "data.maxResponseTokens=8", "--set", "rollout.prompts=2", "--set", "rollout.samples=2");
        assumeFalse(step.err().contains("refuses to run programs"), step.err());
        assertThat(step.exitCode()).as(step.err()).isZero();
        assertThat(step.out()).contains("data: ", "111 problems from 111 rows (prompt prompt, answer test with its "
                + "declaration)", "reward: java, all 111 gold answers are correct to the grader");
        for (String line : Files.readAllLines(run.resolve("rollouts/step-1.jsonl"))) {
            JsonNode row = MAPPER.readTree(line);
            assertThat(row.get("reward").doubleValue()).isZero();
            assertThat(MAPPER.readTree(row.get("gold").textValue()).has("test")).isTrue();
        }
    }

    @Test
    void whatIsMissingIsSaidBeforeAModelIsLoaded() {
        assertFails("--data names their file", "train", "--preset", "math", "--model", random.toString());
        assertFails("--model names its folder", "train", "--preset", "math", "--data", "x.jsonl");
        assertFails("task lattice makes its own problems", "train", "--data", "x.jsonl");
        assertFails("data.reward: grader luck is unknown; known: dapo, ", "train", "--preset", "math", "--reward",
                "luck");
        assertFails("cannot read x.jsonl: no such file or folder", "train", "--preset", "math", "--model",
                random.toString(), "--data", "x.jsonl");
    }

    private static void assertFails(String message, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--out", folder.resolve("never").toString()));
        CapturedRun run = CapturedRun.of("", all.toArray(String[]::new));
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err().lines()).singleElement().asString().startsWith("error: ").contains(message);
        assertThat(run.out()).isEmpty();
        assertThat(folder.resolve("never")).doesNotExist();
    }

    /// Each dumped response, graded again from the file alone.
    private static void assertRewardsAreTheGraders(Path rollouts, Map<String, Integer> kinds) throws IOException {
        List<String> dumped = Files.readAllLines(rollouts);
        List<String> scored = succeed("score", "--grader", "dapo", rollouts.toString()).out().lines().toList();
        assertThat(scored).hasSameSizeAs(dumped).hasSize(64);
        for (int i = 0; i < dumped.size(); i++) {
            JsonNode row = MAPPER.readTree(dumped.get(i));
            JsonNode verdict = MAPPER.readTree(scored.get(i));
            assertThat(verdict.get("verdict")).isEqualTo(row.get("verdict"));
            assertThat(verdict.get("score").doubleValue()).isEqualTo(row.get("reward").doubleValue());
            kinds.merge(row.get("verdict").textValue(), 1, Integer::sum);
        }
    }

    /// Conversations in which the answer follows at once.
    private static Path examples(String data) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Problem problem : DataSet.read(Path.of(data)).problems()) {
            lines.add(MAPPER.writeValueAsString(Map.of(
                    "prompt", PromptForm.PLAIN.text(problem.prompt(), tokenizer.chatTemplate()),
                    "response", "Answer: " + problem.answer())));
        }
        return Files.write(folder.resolve("examples.jsonl"), lines);
    }

    private static CapturedRun succeed(String... arguments) {
        CapturedRun run = CapturedRun.of("", arguments);
        assertThat(run.exitCode()).as(run.err()).isZero();
        return run;
    }
}
