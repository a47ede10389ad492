package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.assertj.core.data.Percentage;
import org.flowrl.rl.objective.CriticSettings;
import org.flowrl.rl.objective.Estimator;
import org.flowrl.rl.objective.KlControl;
import org.flowrl.rl.objective.KlEstimate;
import org.flowrl.rl.objective.PolicyGradientSettings;
import org.flowrl.rl.objective.ReferencePenalty;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.io.Safetensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingRunTest {
    private static final Map<String, String> TWO_EPOCHS = Map.of("update.epochs", "2");
    private static final Map<String, String> NARROW_MOMENTS = Map.of("update.optimizer.adam.moments", "BF16",
            "warmUp.optimizer.adam.moments", "BF16");

    @TempDir
    private Path folder;

    /// PPO with everything that has a state: a critic that warms up, and a penalty in the reward whose coefficient
    /// follows the divergence.
    private static TrainConfig ppo(String steps) {
        Estimator.Gae gae = new Estimator.Gae(1, 0.95, true, CriticSettings.defaults().withWarmUpSteps(3));
        return SmallRuns.config("flowrl", Map.of("steps", steps, "evaluateEvery", "5"))
                .withObjective(PolicyGradientSettings.ppo().withEstimator(gae).withPenalty(new ReferencePenalty(
                        KlEstimate.K1, ReferencePenalty.Place.REWARD, 0.1, new KlControl.Adaptive(0.01, 100))));
    }

    static Stream<Arguments> resumable() {
        Map<String, String> ten = Map.of("steps", "10", "evaluateEvery", "5");
        Map<String, String> twenty = Map.of("steps", "20", "evaluateEvery", "5");
        return Stream.of(resumable("lattice", "flowrl", ten, twenty), resumable("lattice", "grpo", ten, twenty),
                resumable("minicount", "flowrl", ten, twenty), resumable("countdown", "grpo", ten, twenty),
                Arguments.of("lattice, ppo", ppo("10"), ppo("20")),
                Arguments.of("lattice, ppo, 2 epochs", ConfigFile.with(ppo("10"), TWO_EPOCHS),
                        ConfigFile.with(ppo("20"), TWO_EPOCHS)),
                Arguments.of("lattice, ppo, moments in BF16", ConfigFile.with(ppo("10"), NARROW_MOMENTS),
                        ConfigFile.with(ppo("20"), NARROW_MOMENTS)));
    }

    private static Arguments resumable(String preset, String algorithm, Map<String, String> ten,
            Map<String, String> twenty) {
        return Arguments.of(preset + ", " + algorithm, SmallRuns.preset(preset, algorithm, ten),
                SmallRuns.preset(preset, algorithm, twenty));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("resumable")
    void twentyStepsAreTenAndTenResumedByteForByte(String run, TrainConfig ten, TrainConfig twenty)
            throws IOException {
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        run(twenty, whole);
        run(ten, parts);
        resume(parts, 20);

        for (String file : List.of("model.safetensors", "trainer_state.safetensors", "tokenizer.json", "config.json")) {
            Path last = Path.of("checkpoints", "step-20", file);
            assertThat(parts.resolve(last)).hasSameBinaryContentAs(whole.resolve(last));
        }
        for (String file : List.of("evaluation.json", "answers.jsonl", "problems.jsonl")) {
            assertThat(parts.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
        }
        assertThat(SmallRuns.numbers(parts)).isEqualTo(SmallRuns.numbers(whole)).hasSize(20);
    }

    /// Ten steps of the lattice preset, on the same samples: rounding moments by lot changes the losses by 2e-5 of
    /// themselves at most. Sixty supervised steps from 2.17 nats a token end at 0.6287 instead of 0.6286. Five times as
    /// much is allowed.
    @Test
    void momentsInBfloat16LearnAsF32MomentsDo() {
        List<Double> warmUp = new ArrayList<>();
        List<Double> narrowWarmUp = new ArrayList<>();
        List<Double> losses = losses("F32", "F32", warmUp);
        List<Double> narrow = losses("F32", "BF16", new ArrayList<>());
        losses("BF16", "F32", narrowWarmUp);
        assertThat(narrow).hasSize(10).isNotEqualTo(losses);
        for (int i = 0; i < 10; i++) {
            assertThat(narrow.get(i)).isCloseTo(losses.get(i), Percentage.withPercentage(0.01));
        }
        assertThat(warmUp.getLast()).isLessThan(0.5 * warmUp.getFirst());
        assertThat(narrowWarmUp.getLast()).isNotEqualTo(warmUp.getLast())
                .isCloseTo(warmUp.getLast(), Percentage.withPercentage(0.1));
    }

    /// The losses of ten steps.
    ///
    /// @param warmUp takes those of the warm-up
    private List<Double> losses(String warmUpMoments, String moments, List<Double> warmUp) {
        Path run = folder.resolve(warmUpMoments + "-" + moments);
        TrainConfig config = ConfigFile.with(Presets.config("lattice", "flowrl"), Map.of("warmUp.steps", "60",
                "warmUp.optimizer.scheduleSteps", "60", "steps", "10", "evaluateEvery", "1000",
                "warmUp.optimizer.adam.moments", warmUpMoments, "update.optimizer.adam.moments", moments));
        List<Double> losses = new ArrayList<>();
        try (Backend backend = Backends.open("cpu", 1).backend(); TrainingRun training = TrainingRun.start(backend,
                config, run, new TrainingRun.Observer() {
                    @Override
                    public void warmedUp(long step, long steps, double loss) {
                        warmUp.add(loss);
                    }

                    @Override
                    public void stepped(long step, long steps, Map<String, Double> metrics) {
                        losses.add(metrics.get("loss"));
                    }
                })) {
            training.train();
        }
        return losses;
    }

    static List<String> presets() {
        return Presets.NAMES;
    }

    @ParameterizedTest
    @MethodSource("presets")
    void everyPresetRuns(String preset) {
        Path folderOfRun = folder.resolve("run");
        try (Backend backend = Backends.open("cpu", 1).backend(); TrainingRun run = TrainingRun.start(backend,
                SmallRuns.preset(preset, "flowrl", Map.of("steps", "3")), folderOfRun, SmallRuns.SILENT)) {
            // Without the evaluation, which scores 4,096 answers a question in some presets.
            run.train();
        }
        assertThat(SmallRuns.numbers(folderOfRun)).hasSize(3).allSatisfy(row -> assertThat(row).containsKeys("loss",
                "reward/mean", "sampled/avg@2", "sampled/pass@2", "sampled/distinct_correct",
                        "sampled/distinct_solutions"));
    }

    /// Of 309 problems to train on every third is measured, of 77 held-out ones each.
    @Test
    void everyMeasuredProblemHasALineAtTheEnd() throws IOException {
        Path run = folder.resolve("run");
        run(SmallRuns.preset("minicount", "flowrl", Map.of("steps", "1")), run);
        List<String> lines = Files.readAllLines(run.resolve("problems.jsonl"));

        assertThat(lines).hasSize(177).allMatch(line -> line.contains("\"accuracy\":") && line.contains("\"log_z\":"));
        assertThat(lines.stream().filter(line -> line.contains("\"held_out\":true"))).hasSize(77);
    }

    /// What the run before has learned is kept: the policy that training starts from is the folder's.
    @Test
    void aModelFromAFolderIsNotWarmedUpAgain() {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        run(SmallRuns.preset("countdown", "flowrl", Map.of("steps", "1")), first);
        run(SmallRuns.preset("countdown", "flowrl", Map.of("steps", "1",
                "model", first.resolve("checkpoints/step-1").toString())), second);
        assertThat(second.resolve("reference/model.safetensors"))
                .hasSameBinaryContentAs(first.resolve("checkpoints/step-1/model.safetensors"));
        // Its prompts are written in the folder's own language, one token a symbol.
        assertThat(second.resolve("reference/tokenizer.json"))
                .hasSameBinaryContentAs(first.resolve("reference/tokenizer.json"));
    }

    @Test
    void aFolderOfAnotherVocabularyIsRefused() {
        Path first = folder.resolve("first");
        run(SmallRuns.preset("modes", "flowrl", Map.of("steps", "1")), first);
        assertThatThrownBy(() -> run(SmallRuns.preset("minicount", "flowrl",
                Map.of("model", first.resolve("reference").toString())), folder.resolve("second")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("does not speak the vocabulary of task minicount");
        assertThat(folder.resolve("second")).doesNotExist();
    }

    /// Four methods are a task: it is asked in a model folder's language, and measured from samples.
    @Test
    void aTaskOfOnesOwnRunsOnAModelFolder() {
        Path first = folder.resolve("first");
        run(SmallRuns.config("flowrl", Map.of("steps", "1")), first);
        List<String> closed = new ArrayList<>();
        Task task = new Task() {
            @Override
            public String name() {
                return "ups";
            }

            @Override
            public List<Problem> problems() {
                return List.of(new Problem("ups-1", "<bos>26<sep>", ""));
            }

            @Override
            public Verifier verifier() {
                return (problem, response, finished) -> response.startsWith("U") ? new Verdict.Correct(1)
                        : new Verdict.Wrong(0);
            }

            @Override
            public int maxResponseTokens() {
                return 4;
            }

            @Override
            public void close() {
                closed.add(name());
            }
        };
        TrainConfig config = SmallRuns.config("flowrl", Map.of("steps", "1", "task", "ups",
                "model", first.resolve("reference").toString()));
        try (Backend backend = Backends.open("cpu", 1).backend(); TrainingRun run = TrainingRun.start(backend, config,
                _ -> task, folder.resolve("second"), SmallRuns.SILENT)) {
            assertThat(run.run().metrics()).containsKeys("evaluation/avg@2", "evaluation/pass@2")
                    .doesNotContainKeys("held_out/avg@2");
        }
        assertThat(closed).containsExactly("ups");
        assertThatThrownBy(() -> TrainingRun.start(Backends.open("cpu", 1).backend(),
                SmallRuns.config("flowrl", Map.of()), _ -> task, folder.resolve("third"), SmallRuns.SILENT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("train: task ups is asked in the language of a model; --model names its folder");
    }

    /// Sampler, trainer and reference divide logits by one temperature: what the sampler drew has its log-probability
    /// in the first update, and the reference, which is the policy still, agrees.
    @ParameterizedTest
    @ValueSource(strings = {"1.0", "0.6"})
    void theFirstUpdateOfARunHasImportanceWeightExactlyOne(String temperature) {
        Path run = folder.resolve("run");
        run(SmallRuns.config("flowrl", Map.of("steps", "1", "update.miniBatches", "1", "rollout.temperature",
                temperature)), run);
        assertThat(new MetricsLog(run).rows().getFirst()).containsEntry("ratio/max", 1.0)
                .containsEntry("ratio/mean", 1.0).containsEntry("policy/kl_to_old", 0.0)
                .containsEntry("policy/kl_to_reference", 0.0);
    }

    /// Old log-probabilities are the sampler's in every epoch: one update of all responses leaves ratios at exactly 1,
    /// and a second one finds them changed by the first.
    @ParameterizedTest
    @ValueSource(strings = {"flowrl", "ppo"})
    void ratiosLeave1InTheSecondEpoch(String algorithm) {
        Map<String, String> once = Map.of("steps", "1", "update.miniBatches", "1", "rollout.samples", "16");
        TrainConfig config = SmallRuns.config(algorithm, once);
        if (algorithm.equals("ppo")) {
            config = ConfigFile.with(config, Map.of("objective.estimator.critic.warmUpSteps", "0"));
        }
        run(config, folder.resolve("one"));
        run(ConfigFile.with(config, TWO_EPOCHS), folder.resolve("two"));
        Map<String, Object> one = new MetricsLog(folder.resolve("one")).rows().getFirst();
        Map<String, Object> two = new MetricsLog(folder.resolve("two")).rows().getFirst();
        assertThat(one).containsEntry("ratio/max", 1.0).containsEntry("policy/kl_to_old", 0.0);
        assertThat((double) two.get("ratio/max")).isGreaterThan(1);
        assertThat((double) two.get("policy/kl_to_old")).isNotZero();
        assertThat(two.get("reward/mean")).isEqualTo(one.get("reward/mean"));
    }

    /// Checklist point 22: loss, ratios, divergences, the norm before clipping, groups, lengths and accuracy of every
    /// algorithm; log Z and residuals of FlowRL's, the critic's of PPO.
    static Stream<Arguments> logged() {
        List<String> flowRl = List.of("flowrl/log_z", "flowrl/log_z_std", "flowrl/residual_mean",
                "flowrl/residual_std", "flowrl/attained_log_ratio", "flowrl/demanded_log_ratio",
                "policy/kl_to_reference");
        List<String> gradient = List.of("advantage/mean", "advantage/std", "policy/clip_share");
        return Stream.of(Arguments.of("flowrl", flowRl), Arguments.of("flowrl-paper", flowRl),
                Arguments.of("gflowrl", flowRl), Arguments.of("grpo", with(gradient, "policy/kl_to_reference")),
                Arguments.of("reinforce++", with(gradient, "policy/kl_to_reference")),
                Arguments.of("grpo-kl-reward", with(gradient, "policy/kl_to_reference", "penalty/kl",
                        "penalty/coefficient")),
                Arguments.of("dapo", with(gradient, "rollout/generations", "rollout/filled_groups_share")),
                Arguments.of("ppo", with(gradient, "value/loss", "value/grad_norm", "value/mean")));
    }

    private static List<String> with(List<String> names, String... more) {
        return Stream.concat(names.stream(), Stream.of(more)).toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("logged")
    void everyStepLogsWhatTheChecklistAsksFor(String algorithm, List<String> own) {
        Map<String, String> settings = algorithm.equals("ppo") ? Map.of("steps", "3",
                "objective.estimator.critic.warmUpSteps", "0") : Map.of("steps", "3");
        Path run = folder.resolve("run");
        TrainConfig config = SmallRuns.config(algorithm, settings);
        try (Backend backend = Backends.open("cpu", 1).backend();
             TrainingRun training = TrainingRun.start(backend, config, run, SmallRuns.SILENT)) {
            training.train();
        }
        assertThat(new MetricsLog(run).rows()).hasSize(3).allSatisfy(row -> {
            assertThat(row).containsKeys("step", "loss", "ratio/mean", "ratio/max", "ratio/clipped_share",
                    "policy/kl_to_old", "policy/grad_norm", "policy/skipped_updates_share", "policy/entropy",
                    "policy/learning_rate", "groups/mixed_share", "response/length_mean", "verdict/correct_share",
                    "reward/mean", "sampled/avg@2");
            assertThat(row.keySet()).containsAll(own);
        });
    }

    static Stream<Arguments> heldAgainstAnOptimum() {
        return Stream.of(Arguments.of("flowrl", true, true), Arguments.of("flowrl-ppo", true, true),
                Arguments.of("flowrl-group-std", true, false), Arguments.of("grpo", true, false),
                Arguments.of("flowrl-old-policy", false, false), Arguments.of("flowrl-token", false, false));
    }

    /// FlowRL without the reference in its residual has no optimum of its own, and none is made up for it.
    @ParameterizedTest
    @MethodSource("heldAgainstAnOptimum")
    void onlyWhatHasAnOptimumIsHeldAgainstOne(String algorithm, boolean hasOptimum,
            boolean hasLogZ) throws IOException {
        Path run = folder.resolve("run");
        run(SmallRuns.config(algorithm, Map.of("steps", "1", "evaluateEvery", "1")), run);
        List<String> names = List.copyOf(new MetricsLog(run).rows().getFirst().keySet());
        List<String> ofOptimum = List.of("exact/kl_to_optimum", "exact/kl_policy_to_optimum",
                "exact/kl_optimum_to_policy", "exact/kl_optimum_to_policy_max", "exact/optimum_accuracy",
                "exact/optimum_reward", "exact/optimum_log_z", "exact/optimum_effective_modes");

        assertThat(names).contains("exact/accuracy", "exact/effective_modes", "exact/kl_to_reference");
        assertThat(names.containsAll(ofOptimum)).isEqualTo(hasOptimum);
        assertThat(names.stream().anyMatch(ofOptimum::contains)).isEqualTo(hasOptimum);
        assertThat(names.contains("exact/log_z_error_max")).isEqualTo(hasLogZ);
        assertThat(Files.readString(run.resolve("problems.jsonl")).contains("kl_to_optimum")).isEqualTo(hasOptimum);
    }

    @Test
    void threadsDoNotChangeAByteOfARun() {
        Path one = folder.resolve("one");
        Path two = folder.resolve("two");
        TrainConfig config = SmallRuns.config("flowrl", Map.of("steps", "3", "rollout.samples", "16"));
        run(config, one, 1);
        run(config, two, 2);
        Path state = Path.of("checkpoints", "step-3", "trainer_state.safetensors");
        assertThat(two.resolve(state)).hasSameBinaryContentAs(one.resolve(state));
        assertThat(SmallRuns.numbers(two)).isEqualTo(SmallRuns.numbers(one));
    }

    /// After one update the first moment is the clipped gradient times 1 − beta1. 1e-6 is the contract's bound on what
    /// the cuts may change: F32 rounding of sums in another order.
    @Test
    void whereAMiniBatchIsCutChangesItsGradientByRoundingAlone() {
        assertThat(distanceOfWholeAndCut("flowrl")).isPositive().isLessThanOrEqualTo(1e-6);
    }

    /// Checklist point 11. The defect weighs each part by 9 over the mini-batch's rows, so a batch in one part has 9 /
    /// 32 of the meant gradient and one in k parts some k times that, which clipping by the norm of 1 cannot hide where
    /// the norm is below it: the limit on it is raised.
    @Test
    void withTheReleasedCodesDefectWhereAMiniBatchIsCutDecidesItsGradient() {
        assertThat(distanceOfWholeAndCut("flowrl-released")).isGreaterThan(0.1);
    }

    /// Of the gradients of 32 responses in one part and in several, relative to the first.
    private double distanceOfWholeAndCut(String algorithm) {
        double[] whole = firstMoment(algorithm, 64);
        double[] parts = firstMoment(algorithm, 1);
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < whole.length; i++) {
            difference += (whole[i] - parts[i]) * (whole[i] - parts[i]);
            norm += whole[i] * whole[i];
        }
        return Math.sqrt(difference / norm);
    }

    private double[] firstMoment(String algorithm, int mebibytes) {
        Path run = folder.resolve("run-" + mebibytes);
        run(SmallRuns.config(algorithm, Map.of("steps", "1", "rollout.samples", "16", "update.miniBatches", "1",
                "update.microBatchMebibytes", Integer.toString(mebibytes),
                "update.optimizer.adam.maxGradientNorm", "1e9")), run);
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("test", memory)) {
            return Safetensors.open(run.resolve("checkpoints/step-1/trainer_state.safetensors"), scope)
                    .tensor("first_moment.0").toDoubles();
        }
    }

    /// Asked after the second step, it ends with the third. The reference is measured before the whole run and after
    /// the resumed one.
    @Test
    void aRunThatIsStoppedLeavesACheckpointAndGoesOnByteForByte() {
        TrainConfig config = SmallRuns.config("flowrl", Map.of("steps", "6"));
        Path whole = folder.resolve("whole");
        Path parts = folder.resolve("parts");
        try (Backend backend = Backends.open("cpu", 1).backend();
             TrainingRun run = TrainingRun.start(backend, config, whole, SmallRuns.SILENT)) {
            run.referenceReport();
            run.run();
        }
        AtomicReference<TrainingRun> running = new AtomicReference<>();
        try (Backend backend = Backends.open("cpu", 1).backend();
             TrainingRun run = TrainingRun.start(backend, config, parts, new TrainingRun.Observer() {
                 @Override
                 public void warmedUp(long step, long steps, double loss) {
                 }

                 @Override
                 public void stepped(long step, long steps, Map<String, Double> metrics) {
                     if (step == 2) {
                         running.get().stop();
                     }
                 }
             })) {
            running.set(run);
            assertThatThrownBy(run::run).isInstanceOf(CancellationException.class)
                    .hasMessage("stopped after step 3");
        }
        assertThat(Checkpoint.latest(parts).orElseThrow().step()).isEqualTo(3);
        assertThat(parts.resolve("evaluation.json")).doesNotExist();
        resume(parts, 6);
        for (String file : List.of("checkpoints/step-6/trainer_state.safetensors", "evaluation.json",
                "answers.jsonl")) {
            assertThat(parts.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
        }
    }

    @Test
    void aRunIsNotResumedToAnEndThatLiesBehindIt() {
        Path run = folder.resolve("run");
        run(SmallRuns.config("flowrl", Map.of("steps", "2")), run);
        assertThatThrownBy(() -> resume(run, 1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("resume: steps 1 must be at least the 2 that " + run + " has done");
    }

    @Test
    void aRunWithoutACheckpointCanNeitherBeResumedNorWrittenOver() throws IOException {
        Path run = folder.resolve("run");
        Files.createDirectories(run);
        Files.writeString(run.resolve("config.yaml"), ConfigFile.text(SmallRuns.config("flowrl", Map.of())));
        assertThatThrownBy(() -> resume(run, 2)).hasMessageContaining("has no checkpoint; one is written every");
        assertThatThrownBy(() -> run(SmallRuns.config("flowrl", Map.of()), run))
                .hasMessageContaining("no checkpoint to resume from: remove it or name another folder");
    }

    @Test
    void aFolderWithAnotherRunIsLeftAlone() throws IOException {
        Files.writeString(folder.resolve("precious"), "data");
        assertThatThrownBy(() -> run(SmallRuns.config("flowrl", Map.of()), folder))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("is not empty");
        assertThat(folder.toFile().list()).containsExactly("precious");
    }

    @Test
    void aRunIsNotResumedWithAnotherConfiguration() throws IOException {
        Path run = folder.resolve("run");
        run(SmallRuns.config("flowrl", Map.of("steps", "1")), run);
        Path config = run.resolve("config.yaml");
        Files.writeString(config, Files.readString(config).replace("temperature: 1.0", "temperature: 0.9"));
        assertThatThrownBy(() -> resume(run, 2)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("another configuration");
    }

    @Test
    void aLossThatIsNotANumberStopsTheRunAndNamesStepAndOp() {
        assertThatThrownBy(() -> run(SmallRuns.config("flowrl", Map.of("update.optimizer.learningRate", "1e38",
                "steps", "5", "update.optimizer.adam.maxGradientNorm", "1e30")), folder.resolve("run")))
                .isInstanceOf(DivergedException.class)
                .hasMessageMatching("step \\d+, mini-batch \\d+: the loss is not a number.*org.flowrl.autograd.ops.*");
    }

    @Test
    void oldCheckpointsAreRemoved() {
        Path run = folder.resolve("run");
        run(SmallRuns.config("flowrl", Map.of("steps", "5", "checkpointEvery", "1")), run);
        assertThat(run.resolve("checkpoints").toFile().list()).containsExactlyInAnyOrder("step-4", "step-5");
    }

    @Test
    void whatAWriterThatWasKilledLeftBehindIsNoCheckpoint() throws IOException {
        Path run = folder.resolve("run");
        run(SmallRuns.config("flowrl", Map.of("steps", "2")), run);
        Files.createDirectories(run.resolve("checkpoints/.step-3.partial"));
        Files.writeString(run.resolve("checkpoints/.step-3.partial/model.safetensors"), "half");
        assertThat(Checkpoint.latest(run).orElseThrow().step()).isEqualTo(2);
        resume(run, 3);
        assertThat(Checkpoint.latest(run).orElseThrow().step()).isEqualTo(3);
    }

    private static void run(TrainConfig config, Path folder) {
        run(config, folder, Backends.defaultThreads());
    }

    private static void run(TrainConfig config, Path folder, int threads) {
        try (Backend backend = Backends.open("cpu", threads).backend();
             TrainingRun run = TrainingRun.start(backend, config, folder, SmallRuns.SILENT)) {
            run.run();
        }
    }

    private static void resume(Path folder, long steps) {
        try (Backend backend = Backends.open("cpu", Backends.defaultThreads()).backend();
             TrainingRun run = TrainingRun.resume(backend,
                     TrainingRun.storedConfig(folder, Optional.of(steps)), folder, SmallRuns.SILENT)) {
            run.run();
        }
    }
}
