package org.flowrl.rl.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.Policy;
import org.flowrl.rl.Presets;
import org.flowrl.rl.SharedData;
import org.flowrl.rl.Supervised;
import org.flowrl.rl.SupervisedData;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.TrainingRun;
import org.flowrl.rl.grade.Grader;
import org.flowrl.rl.grade.Graders;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.text.PromptForm;
import org.flowrl.transformer.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `train --preset math` as a user has it, small: a Qwen folder of 2 layers and width 64 with Qwen2.5's own vocabulary
/// and chat template, taught the form of answers on GSM8K, then 20 steps of FlowRL on GSM8K's questions.
class MathTrainingOracleTest {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final int WIDTH = 64;
    private static final int LAYERS = 2;
    private static final int POSITIONS = 256;
    private static final int LONGEST_PROMPT = 100;
    private static final int WARM_UP_STEPS = 60;
    private static final int WARM_UP_BATCH = 16;
    private static final double WARM_UP_RATE = 1e-2;
    @TempDir
    private Path folder;

    @Test
    void twentyStepsOnGsm8kResumeAndPayWhatTheGraderPays() throws IOException {
        Path data = SharedData.path("math/gsm8k_test.jsonl.gz");
        Path model = warmedUp(data);
        Path run = folder.resolve("run");
        List<String> notes = new ArrayList<>();

        train(config(data, model, 10), run, false, notes);
        train(TrainingRun.storedConfig(run, Optional.of(20L)), run, true, new ArrayList<>());

        assertThat(notes).hasSize(3);
        assertThat(notes.get(0)).contains("problems from 788 rows (prompt question, answer answer after ####)")
                .endsWith("filtered out");
        assertThat(notes.get(1)).startsWith("reward: dapo, all ").endsWith("gold answers are correct to the grader");
        assertThat(notes.get(2)).isEqualTo("prompts: plain, by the model's chat template");
        assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(20);
        assertThat(run.resolve("checkpoints/step-20/trainer_state.safetensors")).exists();
        assertRewardsAreTheGraders(run);
    }

    /// Every dumped response, graded again from the file alone.
    private static void assertRewardsAreTheGraders(Path run) throws IOException {
        int right = 0;
        int wrong = 0;
        for (int step = 5; step <= 20; step += 5) {
            List<String> lines = Files.readAllLines(run.resolve("rollouts/step-" + step + ".jsonl"));
            assertThat(lines).hasSize(64);
            for (String line : lines) {
                JsonNode row = MAPPER.readTree(line);
                try (Grader grader = Graders.named("dapo")) {
                    Verdict verdict = grader.grade(row.get("gold").textValue(), row.get("response").textValue());
                    assertThat(row.get("verdict").textValue()).isEqualTo(verdict.kind());
                    assertThat(row.get("reward").doubleValue()).isEqualTo(verdict.reward());
                    right += verdict instanceof Verdict.Correct ? 1 : 0;
                    wrong += verdict instanceof Verdict.Wrong ? 1 : 0;
                }
            }
        }
        // The form is learned, and some answers are hit by chance: rewards of both kinds were compared.
        assertThat(right).isPositive();
        assertThat(wrong).isGreaterThan(100);
    }

    private static TrainConfig config(Path data, Path model, int steps) {
        return ConfigFile.with(Presets.config("math", "flowrl"), Map.ofEntries(
                Map.entry("model", model.toString()), Map.entry("data.file", data.toString()),
                Map.entry("data.form", "plain"), Map.entry("data.maxPromptTokens", "" + LONGEST_PROMPT),
                Map.entry("data.truncatePrompts", "false"), Map.entry("data.maxResponseTokens", "12"),
                Map.entry("rollout.prompts", "8"), Map.entry("update.miniBatches", "2"),
                Map.entry("evaluateEvery", "5"), Map.entry("checkpointEvery", "10"), Map.entry("steps", "" + steps)));
    }

    private static void train(TrainConfig config, Path run, boolean resume, List<String> notes) {
        TrainingRun.Observer observer = new TrainingRun.Observer() {
            @Override
            public void noted(String what) {
                notes.add(what);
            }

            @Override
            public void warmedUp(long step, long steps, double loss) {
            }

            @Override
            public void stepped(long step, long steps, Map<String, Double> metrics) {
            }
        };
        try (Backend backend = Backends.open("cpu", 2).backend();
                TrainingRun training = resume ? TrainingRun.resume(backend, config, run, observer)
                        : TrainingRun.start(backend, config, run, observer)) {
            training.run();
        }
    }

    /// A model that says `Answer: ` and a number.
    private Path warmedUp(Path data) throws IOException {
        Tokenizer tokenizer = Tokenizer.load(SharedData.path("tokenizer/qwen2.5"));
        Path examples = folder.resolve("examples.jsonl");
        List<String> lines = new ArrayList<>();
        for (Problem problem : DataSet.read(data, Optional.empty()).problems()) {
            lines.add(MAPPER.writeValueAsString(Map.of(
                    "prompt", PromptForm.PLAIN.text(problem.prompt(), tokenizer.chatTemplate()),
                    "response", "Answer: " + problem.answer())));
        }
        Files.write(examples, lines);
        Path model = folder.resolve("model");
        try (Backend backend = Backends.open("cpu", 2).backend(); Scope scope = Scope.root("warm-up",
                backend.memory())) {
            QwenConfig config = QwenConfig.tiny(151_936, WIDTH, LAYERS, POSITIONS).withTokens(tokenizer.bosTokenId(),
                    List.of(tokenizer.eosTokenId().orElseThrow()), tokenizer.padTokenId());
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Policy policy = new Policy(backend, Qwen.declare(store.root(), config), store);
            store.allocate();
            store.initialize(RandomKey.of(1));
            AdamW.Settings adam = AdamW.Settings.defaults();
            Supervised supervised = new Supervised(scope, policy, adam, 256);
            SupervisedData supervisedData = SupervisedData.read(examples, tokenizer, POSITIONS);
            for (int step = 0; step < WARM_UP_STEPS; step++) {
                supervised.step(supervisedData.draw(RandomKey.of(2), (long) step * WARM_UP_BATCH, WARM_UP_BATCH),
                        WARM_UP_RATE);
            }
            ModelDirectory.save(model, config, store, DType.F32, Optional.of(tokenizer),
                    ModelDirectory.DEFAULT_SHARD_BYTES);
        }
        return model;
    }
}
