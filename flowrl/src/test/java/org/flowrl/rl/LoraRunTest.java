package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.rl.task.Tasks;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Lora;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Training adapters in the place of the model.
class LoraRunTest {
    @TempDir
    private Path folder;

    private static TrainConfig config(String algorithm, Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(Map.of("lora.rank", "4", "lora.alpha", "8"));
        all.putAll(settings);
        return SmallRuns.config(algorithm, all);
    }

    private static void run(TrainConfig config, Path folder) {
        try (Backend backend = Backends.open("cpu", 1).backend();
             TrainingRun run = TrainingRun.start(backend, config, folder, SmallRuns.SILENT)) {
            run.train();
        }
    }

    private static void resume(Path folder, long steps) {
        try (Backend backend = Backends.open("cpu", 1).backend(); TrainingRun run = TrainingRun.resume(backend,
                TrainingRun.storedConfig(folder, Optional.of(steps)), folder, SmallRuns.SILENT)) {
            run.train();
        }
    }

    /// PPO's critic is a whole model, which starts from the base's masters.
    @ParameterizedTest
    @ValueSource(strings = {"flowrl", "ppo"})
    void twentyStepsAreTenAndTenResumedByteForByte(String algorithm) {
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        run(config(algorithm, Map.of("steps", "20")), whole);
        run(config(algorithm, Map.of("steps", "10")), parts);
        resume(parts, 20);

        for (String file : List.of("adapter_model.safetensors", "trainer_state.safetensors", "tokenizer.json")) {
            Path last = Path.of("checkpoints", "step-20", file);
            assertThat(parts.resolve(last)).hasSameBinaryContentAs(whole.resolve(last));
        }
        assertThat(SmallRuns.numbers(parts)).isEqualTo(SmallRuns.numbers(whole)).hasSize(20);
    }

    /// The sampler's log-probabilities are the trainer's and, since B is 0, the reference's, bit for bit.
    @ParameterizedTest
    @ValueSource(strings = {"F32", "BF16"})
    void theFirstUpdateHasImportanceWeightOneAndNoDivergence(String weights) {
        Path run = folder.resolve("run");
        run(config("flowrl", Map.of("steps", "3", "update.miniBatches", "1", "weights", weights)), run);
        List<Map<String, Object>> rows = new MetricsLog(run).rows();
        assertThat(rows).allSatisfy(row -> assertThat(row).containsEntry("ratio/max", 1.0)
                .containsEntry("ratio/mean", 1.0));
        assertThat(rows.getFirst()).containsEntry("policy/kl_to_reference", 0.0);
        assertThat((double) rows.getLast().get("policy/kl_to_reference")).isNotZero();
    }

    @Test
    void adaptersAloneHaveGradientsAndMoments() {
        TrainConfig config = config("grpo", Map.of());
        try (Backend backend = Backends.open("cpu", 1).backend();
             Scope scope = Scope.root("test", backend.memory())) {
            Policies policies = Policies.load(new RandomWeights(model()), config, backend, scope, RandomKey.of(2));
            Trainer trainer = new Trainer(scope, policies.policy(), policies.reference(),
                    config.objective().create(ObjectiveSettings.Context.of(policies.policy(), scope, RandomKey.of(3))),
                    Questions.of(Tasks.named("lattice")), config);
            ParameterStore adapters = policies.policy().model().adapters().orElseThrow();
            assertThat(trainer.learners()).singleElement().satisfies(learner ->
                    assertThat(learner.stores()).containsExactly(adapters));
            assertThat(policies.policy().model().store()).isSameAs(policies.reference().model().store());
            // Of each block's 7 linear maps 4 · (inputs + outputs): q and o 64 + 64, k and v 64 + 32, three 64 + 176.
            assertThat(adapters.parameterCount()).isEqualTo(2 * 4 * (2 * 128 + 2 * 96 + 3 * 240));
            assertThat(trainer.learners().getFirst().optimizer().firstMoment(adapters).elements())
                    .isEqualTo(adapters.elements());
        }
    }

    private static QwenConfig model() {
        return Presets.model("nano", Tasks.named("lattice").tokenizer().orElseThrow(), 13);
    }

    /// A warm base, and one rollout that is learned from again and again: FlowRL's loss falls to less than a tenth, and
    /// the base stays what it was.
    @Test
    void theLossOfLatticeFallsWhenAdaptersAreTrained() {
        Path run = folder.resolve("run");
        TrainConfig config = config("flowrl", Map.of("steps", "1", "warmUp.steps", "40", "warmUp.batch", "16",
                "rollout.samples", "8", "update.miniBatches", "1", "update.optimizer.learningRate", "1e-2",
                "update.optimizer.warmup", "1"));
        run(config, run);
        try (Backend backend = Backends.open("cpu", 1).backend();
             Scope scope = Scope.root("test", backend.memory())) {
            ModelDirectory base = ModelDirectory.open(run.resolve("reference"));
            Policies policies = Policies.load(Weights.of(base), config, backend, scope, RandomKey.of(2));
            Policy policy = policies.policy();
            Questions questions = Questions.of(Tasks.named("lattice"));
            Trainer trainer = new Trainer(scope, policy, policies.reference(), config.objective().create(
                    ObjectiveSettings.Context.of(policy, scope, RandomKey.of(3))), questions, config);
            Rollout rollout = new Sampler(scope, policy, questions, config.rollout(), RandomKey.of(4))
                    .sample(0, new MetricSums());
            Trainer.Scores scores = trainer.score(0, rollout, new MetricSums());
            float[][] before = score(policies.reference(), scope, scores);
            List<Double> losses = new ArrayList<>();
            for (int update = 0; update < 40; update++) {
                MetricSums metrics = new MetricSums();
                trainer.update(0, scores, metrics);
                losses.add(metrics.values().get("loss"));
            }
            assertThat(losses.getLast()).isLessThan(0.1 * losses.getFirst());
            assertThat(score(policies.reference(), scope, scores)).isDeepEqualTo(before);
            assertThat(score(policy, scope, scores)[0]).isNotEqualTo(before[0]);
        }
    }

    private static float[][] score(Policy policy, Scope scope, Trainer.Scores scores) {
        return policy.score(scope, scores.rows(), 1, 1000).toArray(float[][]::new);
    }

    /// A new model is warmed up whole and then frozen: the checkpoint's base is what `reference/` holds.
    @Test
    void aCheckpointIsAModelUponItsBase() throws IOException {
        Path run = folder.resolve("run");
        run(config("flowrl", Map.of("steps", "2")), run);
        ModelDirectory checkpoint = ModelDirectory.open(run.resolve("checkpoints/step-2"));
        checkpoint.check();
        assertThat(checkpoint.adapter().orElseThrow().base()).isEqualTo(run.resolve("reference").toAbsolutePath());
        assertThat(checkpoint.adapter().orElseThrow().lora()).isEqualTo(new Lora(4, 8, Lora.TARGETS));
        assertThat(checkpoint.tokenizer().vocabSize()).isPositive();
        assertThatThrownBy(() -> run(config("flowrl", Map.of("model",
                run.resolve("checkpoints/step-2").toString())), folder.resolve("second")))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("holds adapters");
    }

    @Test
    void aGivenModelIsTheBaseItselfAndMustNotChange() throws IOException {
        Path first = folder.resolve("first");
        run(SmallRuns.config("flowrl", Map.of("steps", "1")), first);
        Path base = first.resolve("reference");
        Path run = folder.resolve("run");
        run(config("flowrl", Map.of("steps", "1", "model", base.toString())), run);
        assertThat(run.resolve("reference")).doesNotExist();
        assertThat(ModelDirectory.open(run.resolve("checkpoints/step-1")).adapter().orElseThrow().base())
                .isEqualTo(base.toAbsolutePath());
        resume(run, 2);

        Files.copy(first.resolve("checkpoints/step-1/model.safetensors"), base.resolve("model.safetensors"),
                StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> resume(run, 3)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("resume: the weights in " + base + " are not those that");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "lora.rank=33 | rank 33 must be at most 32, the smaller side of model.layers.0",
        "lora.targets=[q_proj,head] | target head is unknown; known:", "weights=F16 | weights F16 must be F32 or BF16"})
    void whatDoesNotFitIsRefusedBeforeAnythingIsComputed(String setting, String message) {
        String[] parts = setting.split("=");
        Path run = folder.resolve("run");
        assertThatThrownBy(() -> run(config("flowrl", Map.of(parts[0], parts[1])), run))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
        assertThat(run).doesNotExist();
    }

    /// Configurations from before the keys `lora` and `weights` load, and their runs go on.
    @Test
    void filesWithoutTheKeysTrainTheWholeModel() throws IOException {
        TrainConfig config = SmallRuns.config("flowrl", Map.of());
        String text = ConfigFile.text(config);
        Path file = folder.resolve("config.yaml");
        Files.writeString(file, text.substring(0, text.indexOf("lora:")));
        assertThat(ConfigFile.read(file)).isEqualTo(config);
        assertThat(ConfigFile.text(config)).contains("weights: F32");
        assertThat(ConfigFile.hash(config("flowrl", Map.of("lora.rank", "0", "lora.alpha", "32"))))
                .isEqualTo(ConfigFile.hash(config)).isNotEqualTo(ConfigFile.hash(config("flowrl", Map.of())));
    }

    @Test
    void targetsMayBeAListOrNamesWithCommas() {
        assertThat(config("flowrl", Map.of("lora.targets", "q_proj,v_proj")).lora())
                .isEqualTo(config("flowrl", Map.of("lora.targets", "[q_proj, v_proj]")).lora())
                .isEqualTo(new Lora(4, 8, List.of("q_proj", "v_proj")));
    }
}
