package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.flowrl.rl.objective.CriticSettings;
import org.flowrl.rl.objective.Estimator;
import org.flowrl.rl.objective.KlControl;
import org.flowrl.rl.objective.KlEstimate;
import org.flowrl.rl.objective.PolicyGradientSettings;
import org.flowrl.rl.objective.ReferencePenalty;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.io.SafetensorsException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// A run that ends early, by its length, by a request or by a crash, goes on as if it had not.
class ResumedRunTest {
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
        SmallRuns.run(twenty, whole);
        SmallRuns.run(ten, parts);
        SmallRuns.resume(parts, 20);

        for (String file : List.of("model.safetensors", "trainer_state.safetensors", "tokenizer.json", "config.json")) {
            Path last = Path.of("checkpoints", "step-20", file);
            assertThat(parts.resolve(last)).hasSameBinaryContentAs(whole.resolve(last));
        }
        for (String file : List.of("evaluation.json", "answers.jsonl", "problems.jsonl")) {
            assertThat(parts.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
        }
        assertThat(SmallRuns.numbers(parts)).isEqualTo(SmallRuns.numbers(whole)).hasSize(20);
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
        SmallRuns.resume(parts, 6);
        for (String file : List.of("checkpoints/step-6/trainer_state.safetensors", "evaluation.json",
                "answers.jsonl")) {
            assertThat(parts.resolve(file)).hasSameBinaryContentAs(whole.resolve(file));
        }
    }

    @Test
    void aRunIsNotResumedToAnEndThatLiesBehindIt() {
        Path run = folder.resolve("run");
        SmallRuns.run(SmallRuns.config("flowrl", Map.of("steps", "2")), run);
        assertThatThrownBy(() -> SmallRuns.resume(run, 1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("resume: steps 1 must be at least the 2 that " + run + " has done");
    }

    @Test
    void aRunWithoutACheckpointCanNeitherBeResumedNorWrittenOver() throws IOException {
        Path run = folder.resolve("run");
        Files.createDirectories(run);
        Files.writeString(run.resolve("config.yaml"), ConfigFile.text(SmallRuns.config("flowrl", Map.of())));
        assertThatThrownBy(() -> SmallRuns.resume(run, 2))
                .hasMessageContaining("has no checkpoint; one is written every");
        assertThatThrownBy(() -> SmallRuns.run(SmallRuns.config("flowrl", Map.of()), run))
                .hasMessageContaining("no checkpoint to resume from: remove it or name another folder");
    }

    @Test
    void aRunIsNotResumedWithAnotherConfiguration() throws IOException {
        Path run = folder.resolve("run");
        SmallRuns.run(SmallRuns.config("flowrl", Map.of("steps", "1")), run);
        Path config = run.resolve("config.yaml");
        Files.writeString(config, Files.readString(config).replace("temperature: 1.0", "temperature: 0.9"));
        assertThatThrownBy(() -> SmallRuns.resume(run, 2)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("another configuration");
    }

    @Test
    void oldCheckpointsAreRemoved() {
        Path run = folder.resolve("run");
        SmallRuns.run(SmallRuns.config("flowrl", Map.of("steps", "5", "checkpointEvery", "1")), run);
        assertThat(run.resolve("checkpoints").toFile().list()).containsExactlyInAnyOrder("step-4", "step-5");
    }

    /// By steps, not by letters; other folders are none.
    @Test
    void theNewestCheckpointIsThatOfTheMostSteps() throws IOException {
        assertThat(Checkpoint.latest(folder)).isEmpty();
        for (String name : List.of("step-9", "step-100", "step-20", "step-x", ".step-300.partial", "step-200.old")) {
            Files.createDirectories(folder.resolve("checkpoints").resolve(name));
        }
        assertThat(Checkpoint.latest(folder)).contains(
                new Checkpoint(folder.resolve("checkpoints").resolve("step-100"), 100));
    }

    @Test
    void whatAWriterThatWasKilledLeftBehindIsNoCheckpoint() throws IOException {
        Path run = folder.resolve("run");
        SmallRuns.run(SmallRuns.config("flowrl", Map.of("steps", "2")), run);
        Files.createDirectories(run.resolve("checkpoints/.step-3.partial"));
        Files.writeString(run.resolve("checkpoints/.step-3.partial/model.safetensors"), "half");
        assertThat(Checkpoint.latest(run).orElseThrow().step()).isEqualTo(2);
        SmallRuns.resume(run, 3);
        assertThat(Checkpoint.latest(run).orElseThrow().step()).isEqualTo(3);
    }

    /// Of two runs in one folder the second is refused, whether it would begin or go on; the first does not notice.
    @Test
    void aFolderIsWrittenByOneRunAtATime() {
        TrainConfig config = SmallRuns.config("flowrl", Map.of("steps", "2"));
        String message = "train: " + folder.resolve("run") + " is being written by another run, of process "
                + ProcessHandle.current().pid();
        SmallRuns.run(config, folder.resolve("run"));
        try (Backend backend = Backends.open("cpu", 1).backend();
             TrainingRun first = TrainingRun.resume(backend, ConfigFile.with(config, Map.of("steps", "3")),
                     folder.resolve("run"), SmallRuns.SILENT)) {
            assertThatThrownBy(() -> SmallRuns.resume(folder.resolve("run"), 4))
                    .isInstanceOf(IllegalStateException.class).hasMessage(message);
            assertThatThrownBy(() -> SmallRuns.run(config, folder.resolve("run")))
                    .isInstanceOf(IllegalStateException.class).hasMessage(message);
            // Those who were refused have not let go of the system's lock, which keeps other processes out.
            assertThat(FreshJvm.lines(List.of(), LockingProgram.class, folder.resolve("run")))
                    .containsExactly(message);
            first.run();
        }
        SmallRuns.resume(folder.resolve("run"), 4);
        assertThat(SmallRuns.numbers(folder.resolve("run"))).hasSize(4);
    }

    @Test
    void aCheckpointThatLacksItsLastByteIsRefusedInWords() throws IOException {
        SmallRuns.run(SmallRuns.config("flowrl", Map.of("steps", "2")), folder.resolve("run"));
        Path state = folder.resolve("run/checkpoints/step-2/trainer_state.safetensors");
        byte[] bytes = Files.readAllBytes(state);
        Files.write(state, Arrays.copyOf(bytes, bytes.length - 1));
        assertThatThrownBy(() -> SmallRuns.resume(folder.resolve("run"), 3))
                .isInstanceOf(SafetensorsException.class).hasMessageStartingWith(state + ", byte ")
                .hasMessageContaining("the file has ");
    }
}
