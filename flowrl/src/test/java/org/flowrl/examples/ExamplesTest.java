package org.flowrl.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.Presets;
import org.flowrl.rl.Response;
import org.flowrl.rl.Rollout;
import org.flowrl.rl.ScoredRollout;
import org.flowrl.rl.Targets;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.TrainingRun;
import org.flowrl.rl.report.RunFolder;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Tasks;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.text.Tokenizer;
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

    @Test
    void anAlgorithmOfOnesOwnIsKeptInItsRunFolderAndResumed() {
        Path run = folder.resolve("run");
        assertThat(printed(() -> RewardWeighted.main(run.toString(), "1"))).hasSize(1);
        TrainConfig two = TrainingRun.storedConfig(run, Optional.of(2L));
        assertThat(two.objective()).isEqualTo(new RewardWeighted(0.5));
        try (Backend backend = Backends.open("cpu", 1).backend();
             TrainingRun resumed = TrainingRun.resume(backend, two, run, (_, _, _) -> { })) {
            resumed.run();
        }
        assertThat(RunFolder.read(run).rows()).hasSize(2)
                .allSatisfy(row -> assertThat(row.metric("weight/max").orElseThrow()).isGreaterThan(1));
    }

    /// Weights of rewards 1, 0 and 0.5 at temperature 0.5, the last in a group of its own: 2 · e² / (e² + 1),
    /// 2 / (e² + 1) and 1.
    @Test
    void responsesAreWeighedWithinTheirGroup() {
        List<Response> responses = List.of(response(0, 0, 1), response(0, 1, 0), response(1, 0, 0.5));
        Targets targets = new RewardWeighted(0.5).targets(new ScoredRollout(new Rollout(responses, 2), null, null,
                null, null, null), RandomKey.of(1), new MetricSums());
        double odds = Math.exp(2);
        assertThat(targets.advantages()[0]).containsExactly(new double[] {2 * odds / (odds + 1)}, within(1e-12));
        assertThat(targets.advantages()[1]).containsExactly(new double[] {2 / (odds + 1)}, within(1e-12));
        assertThat(targets.advantages()[2]).containsExactly(new double[] {1}, within(1e-12));
    }

    private static Response response(int group, int sample, double reward) {
        return new Response(group, sample, new int[] {1}, new int[] {2}, new float[] {-1}, true, "",
                new Verdict.Wrong(reward));
    }

    @Test
    void problemsOfOnesOwnFileTrainTheAdaptersOfAModelFolderThatThenAnswers() throws IOException {
        Path model = folder.resolve("model");
        Tokenizer tokenizer = Tokenizer.ofAlphabet(List.of("<eos>", "<bos>", "<sep>"),
                List.of("0", "1", "2", "3", "4", "+", "="));
        try (Backend backend = Backends.open("cpu", 1).backend(); Scope scope = Scope.root("new", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen qwen = Qwen.declare(store.root(), Presets.model("nano", tokenizer, 16));
            store.initialize(RandomKey.of(1));
            ModelDirectory.save(model, qwen, tokenizer);
        }
        Path data = Files.writeString(folder.resolve("sums.jsonl"), """
                {"question": "1+2=", "answer": "3"}
                {"question": "2+2=", "answer": "4"}
                """);
        List<String> lines = printed(() -> Sums.main(model.toString(), data.toString(),
                folder.resolve("run").toString(), "2"));
        assertThat(lines).hasSize(4);
        assertThat(lines.getFirst()).matches("accuracy: [01]\\.\\d+");
        assertThat(lines.get(1)).matches("reward by step: \\{1=0\\.\\d+, 2=0\\.\\d+}");
        assertThat(lines.subList(2, 4)).allMatch(line ->
                line.matches("1\\+2=\\S* with log-probabilities \\[(-\\d\\S+(, )?){1,4}]"));
    }

    /// 1 / (2 + how far off).
    @ParameterizedTest
    @CsvSource({"3, 1", "4, 0.3333333333333333", "1, 0.25", "+, 0"})
    void theRewardOfASumIsForBeingNear(String response, double reward) {
        Sums sums = new Sums(List.of(new Problem("1", "1+2=", "3")));
        assertThat(sums.verifier().verify(sums.problems().getFirst(), response, true).reward()).isEqualTo(reward);
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
