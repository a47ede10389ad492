package org.flowrl.rl.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.MetricsLog;
import org.flowrl.rl.RunLock;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.TrainingRun;
import org.flowrl.rl.YamlRecords;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareRunTest {
    @TempDir
    private Path folder;

    private final SmallComparison.Log log = new SmallComparison.Log();

    @Test
    void howManyRunAtATimeDoesNotChangeABit() throws IOException {
        Comparison comparison = SmallComparison.of(3, List.of(1L, 2L), Map.of());
        Results one = SmallComparison.run(comparison, folder.resolve("one"), 1, log);
        Results two = SmallComparison.run(comparison, folder.resolve("two"), 2, log);

        assertThat(one.cells()).hasSize(8);
        Map<Path, byte[]> states = states(folder.resolve("one"));
        assertThat(states).hasSize(8).usingRecursiveComparison().isEqualTo(states(folder.resolve("two")));
        assertThat(one.chosenRates()).isEqualTo(two.chosenRates());
    }

    @Test
    void whatIsCompleteIsNotRunAgainAndWhatIsNewIs() {
        SmallComparison.run(SmallComparison.of(2, List.of(1L), Map.of()), folder, 2, log);
        assertThat(log.opened).hasSize(6);
        log.opened.clear();
        SmallComparison.run(SmallComparison.of(2, List.of(1L), Map.of()), folder, 2, log);
        assertThat(log.opened).isEmpty();
        Results more = SmallComparison.run(SmallComparison.of(2, List.of(1L, 2L), Map.of()), folder, 2, log);
        assertThat(log.opened).hasSize(2);
        assertThat(more.cells()).hasSize(8);
    }

    @Test
    void whatWasKilledGoesOnFromItsCheckpointOrBeginsAgain() throws IOException {
        Comparison comparison = SmallComparison.of(3, List.of(1L), Map.of());
        Path whole = folder.resolve("whole");
        SmallComparison.run(comparison, whole, 2, log);

        Path killed = folder.resolve("killed");
        Cell afterItsCheckpoint = comparison.sweep().get(0);
        trainTwoSteps(comparison.config(afterItsCheckpoint), afterItsCheckpoint.folder(killed));
        Path beforeItsFirst = comparison.sweep().get(1).folder(killed);
        Files.createDirectories(beforeItsFirst);
        Files.writeString(beforeItsFirst.resolve("config.yaml"),
                ConfigFile.text(comparison.config(comparison.sweep().get(1))));
        Files.writeString(beforeItsFirst.resolve("metrics.jsonl"), "{\"step\":1,\"lo");
        SmallComparison.run(comparison, killed, 2, log);

        assertThat(states(killed)).hasSize(6).usingRecursiveComparison().isEqualTo(states(whole));
        assertThat(new MetricsLog(afterItsCheckpoint.folder(killed)).rows()).hasSize(3);
        assertThat(new MetricsLog(beforeItsFirst).rows()).hasSize(3);
    }

    /// Asked after the first step of the first run, it ends with the second; what waits does not begin.
    @Test
    void aComparisonThatIsStoppedLeavesCheckpointsAndGoesOnByteForByte() throws IOException {
        Comparison comparison = SmallComparison.of(4, List.of(1L), Map.of("checkpointEvery", "100"));
        Path whole = folder.resolve("whole");
        SmallComparison.run(comparison, whole, 1, log);
        Path stopped = folder.resolve("stopped");
        AtomicReference<CompareRun> running = new AtomicReference<>();
        List<Outcome> ended = new ArrayList<>();
        running.set(new CompareRun(comparison, stopped, 1, () -> Backends.open("cpu", 1).backend(),
                new CompareRun.Observer() {
                    @Override
                    public void stepped(Cell cell, long step, long steps) {
                        if (step == 1) {
                            ask(running.get());
                        }
                    }

                    @Override
                    public void ended(Cell cell, Outcome outcome) {
                        ended.add(outcome);
                    }
                }));
        assertThatThrownBy(() -> running.get().run()).isInstanceOf(CancellationException.class)
                .hasMessageContaining("stopped");
        assertThat(ended).isEmpty();
        assertThat(states(stopped).keySet()).singleElement().asString().contains("step-2");
        assertThat(CellRun.outcome(comparison.sweep().getFirst().folder(stopped))).isEmpty();

        SmallComparison.run(comparison, stopped, 1, log);
        assertThat(states(stopped).keySet()).containsAll(states(whole).keySet());
        states(whole).forEach((file, state) -> assertThat(stopped.resolve(file)).hasBinaryContent(state));
    }

    /// Asks from another thread, as a signal does, and returns when the run has heard of it.
    private static void ask(CompareRun run) {
        Thread asking = new Thread(() -> {
            try {
                run.stop();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        asking.start();
        while (asking.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
    }

    @Test
    void aFolderIsWrittenByOneComparisonAtATime() {
        Comparison comparison = SmallComparison.of(2, List.of(1L), Map.of());
        try (RunLock _ = RunLock.of("compare", folder)) {
            assertThatThrownBy(() -> SmallComparison.run(comparison, folder, 1, log))
                    .isInstanceOf(IllegalStateException.class).hasMessage("compare: " + folder + " is being written by "
                            + "another run, of process " + ProcessHandle.current().pid());
        }
        assertThat(log.opened).isEmpty();
    }

    @Test
    void aRunThatDivergesIsReportedWithItsReasonAndNotTriedAgain() {
        Contender wild = new Contender("wild", "flowrl", List.of(1e-3, 1e38),
                Map.of("update.optimizer.adam.maxGradientNorm", "1e30"), "");
        Comparison comparison = SmallComparison.of(List.of(wild), 5, List.of(1L), Map.of());
        Results results = SmallComparison.run(comparison, folder, 2, log);

        assertThat(log.ended).contains("wild, learning rate 1.0E38, seed 101 (sweep): diverged");
        assertThat(results.cells().get(1).outcome()).isInstanceOfSatisfying(Outcome.Diverged.class, diverged ->
                assertThat(diverged.reason()).contains("the loss is not a number"));
        assertThat(results.chosenRates()).containsExactly(Map.entry(wild, 1e-3));
        log.opened.clear();
        SmallComparison.run(comparison, folder, 2, log);
        assertThat(log.opened).isEmpty();
    }

    @Test
    void whereEveryRateDivergesTheContenderIsShownWithoutAResult() {
        Contender wild = new Contender("wild", "flowrl", List.of(1e37, 1e38),
                Map.of("update.optimizer.adam.maxGradientNorm", "1e30"), "");
        Results results = SmallComparison.run(SmallComparison.of(List.of(wild), 5, List.of(1L), Map.of()), folder, 2,
                log);
        assertThat(results.cells()).hasSize(2);
        assertThat(results.chosenRates()).isEmpty();
        assertThat(ComparisonTable.markdown(results)).contains("| wild |  | 0 of 1 | – |");
        assertThat(ComparisonPage.html(results)).contains("none worked", "the loss is not a number");
    }

    @Test
    void whatFailsForTheMachinesSakeIsRecordedAndTriedAgain() {
        Contender one = Contender.named("flowrl", "lattice", List.of(1e-3));
        Comparison comparison = SmallComparison.of(List.of(one), 2, List.of(1L), Map.of());
        Results failed = new CompareRun(comparison, folder, 1, () -> {
            throw new IllegalStateException("no room");
        }, log).run();
        assertThat(failed.cells()).singleElement().extracting(Results.Result::outcome)
                .isEqualTo(new Outcome.Failed("no room"));
        Results again = SmallComparison.run(comparison, folder, 1, log);
        assertThat(again.cells()).singleElement().extracting(Results.Result::outcome)
                .isEqualTo(new Outcome.Completed());
    }

    @Test
    void aFolderWithRunsOfOtherSettingsIsRefusedBeforeAnythingIsComputed() {
        SmallComparison.run(SmallComparison.of(2, List.of(1L), Map.of()), folder, 2, log);
        log.opened.clear();
        assertThatThrownBy(() -> SmallComparison.run(
                SmallComparison.of(2, List.of(1L), Map.of("rollout.temperature", "0.5")), folder, 2, log))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("is of a run with other settings");
        assertThat(log.opened).isEmpty();
    }

    @Test
    void aComparisonIsReplayedFromItsFile() {
        Comparison comparison = SmallComparison.of(2, List.of(1L), Map.of("rollout.temperature", "0.5"));
        SmallComparison.run(comparison, folder, 2, log);
        assertThat(YamlRecords.read(folder.resolve("comparison.yaml"), Comparison.class)).isEqualTo(comparison);
    }

    private static void trainTwoSteps(TrainConfig config, Path run) throws IOException {
        try (Backend backend = Backends.open("cpu", 1).backend();
             TrainingRun two = TrainingRun.start(backend, ConfigFile.with(config, Map.of("steps", "2")), run,
                     new Silence())) {
            two.run();
        }
        Files.writeString(run.resolve("config.yaml"), ConfigFile.text(config));
    }

    private static final class Silence implements TrainingRun.Observer {
        @Override
        public void warmedUp(long step, long steps, double loss) {
        }

        @Override
        public void stepped(long step, long steps, Map<String, Double> metrics) {
        }
    }

    private static Map<Path, byte[]> states(Path folder) throws IOException {
        Map<Path, byte[]> states = new TreeMap<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(path -> path.endsWith("trainer_state.safetensors")).toList()) {
                states.put(folder.relativize(file), Files.readAllBytes(file));
            }
        }
        return states;
    }
}
