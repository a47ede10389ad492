package org.flowrl.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.flowrl.rl.report.RunFolder;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Tasks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExamplesTest {
    @TempDir
    private Path folder;

    /// The mean square of the sine over the points is 0.51.
    @Test
    void theNetworkLearnsTheSine() {
        List<String> losses = printed(() -> SineNetwork.main("200"));
        assertThat(losses).hasSize(200);
        assertThat(Double.parseDouble(losses.getFirst())).isGreaterThan(0.1);
        assertThat(Double.parseDouble(losses.getLast())).isLessThan(1e-3);
    }

    /// 1/16 of a new model's tokens are the wanted one.
    @Test
    void thePolicyGradientByHandRaisesTheReward() {
        List<String> lines = printed(() -> ReinforceByHand.main("15"));
        assertThat(lines).hasSize(15).allMatch(line -> line.matches("step \\d+ reward \\d\\.\\d+"));
        assertThat(reward(lines.getFirst())).isLessThan(0.2);
        assertThat(reward(lines.getLast())).isGreaterThan(0.6);
    }

    private static double reward(String line) {
        return Double.parseDouble(line.substring(line.lastIndexOf(' ')));
    }

    @Test
    void theTrainingLoopPrintsTheRewardOfEachStep() {
        assertThat(printed(() -> TrainingLoop.main("2"))).hasSize(2).allMatch(line ->
                line.matches("step [12] reward \\d\\.\\d+"));
    }

    @Test
    void aTaskOfOnesOwnIsTrainedOnInARunFolder() {
        Path run = folder.resolve("run");
        assertThat(printed(() -> Balanced.main(run.toString(), "2"))).hasSize(2);
        assertThat(RunFolder.read(run).rows()).hasSize(2);
        assertThat(RunFolder.read(run).samples()).hasSize(320)
                .allMatch(sample -> sample.verdict().matches("correct|wrong"));
    }

    @ParameterizedTest
    @CsvSource({"ab, 1", "bbaa, 1", "a, 0", "'', 0", "aab, 0"})
    void theTasksRewardIsForAsManyAsAsBs(String response, double reward) {
        Balanced task = new Balanced();
        assertThat(task.verifier().verify(task.problems().getFirst(), response, true).reward()).isEqualTo(reward);
    }

    /// Runs of equal steps: RRUUUUUU has 2, RURUUUUU 4; RRRUUUUU has three R where two are due.
    @ParameterizedTest
    @CsvSource({"RRUUUUUU, 0.8", "RURUUUUU, 0.6", "RRRUUUUU, 0"})
    void theRewardOfOnesOwnIsForFewTurns(String path, double reward) {
        FewTurns task = new FewTurns(Tasks.named("lattice"));
        Problem twoRights = task.problems().getFirst();
        assertThat(task.verifier().verify(twoRights, path, true).reward()).isEqualTo(reward);
    }

    private static List<String> printed(Runnable example) {
        PrintStream standardOut = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            example.run();
        } finally {
            System.setOut(standardOut);
        }
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
