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
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Tasks;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.transformer.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Where runs begin: presets, folders of models, tasks of one's own; and what none begins with.
class TrainingRunTest {
    @TempDir
    private Path folder;

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

    /// What the run before has learned is kept: the policy that training starts from is the folder's.
    @Test
    void aModelFromAFolderIsNotWarmedUpAgain() {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        SmallRuns.run(SmallRuns.preset("countdown", "flowrl", Map.of("steps", "1")), first);
        SmallRuns.run(SmallRuns.preset("countdown", "flowrl", Map.of("steps", "1",
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
        SmallRuns.run(SmallRuns.preset("modes", "flowrl", Map.of("steps", "1")), first);
        assertThatThrownBy(() -> SmallRuns.run(SmallRuns.preset("minicount", "flowrl",
                Map.of("model", first.resolve("reference").toString())), folder.resolve("second")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("does not speak the vocabulary of task minicount");
        assertThat(folder.resolve("second")).doesNotExist();
    }

    /// Four methods are a task: it is asked in a model folder's language, and measured from samples.
    @Test
    void aTaskOfOnesOwnRunsOnAModelFolder() {
        Path first = folder.resolve("first");
        SmallRuns.run(SmallRuns.config("flowrl", Map.of("steps", "1")), first);
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

    /// A task in the lattice's language.
    private record Own(List<Problem> problems, Verifier verifier) implements Task {
        @Override
        public String name() {
            return "own";
        }

        @Override
        public int maxResponseTokens() {
            return 4;
        }

        @Override
        public Optional<Tokenizer> tokenizer() {
            return Tasks.named("lattice").tokenizer();
        }
    }

    @Test
    void aTaskOfOnesOwnIsToldWhatItDoesWrong() {
        TrainConfig config = SmallRuns.config("grpo", Map.of("warmUp.steps", "0"));
        Problem problem = new Problem("own-1", "<bos>26<sep>", "");
        try (Backend backend = Backends.open("cpu", 1).backend()) {
            assertThatThrownBy(() -> TrainingRun.start(backend, config, _ -> new Own(List.of(), null),
                    folder.resolve("run"), SmallRuns.SILENT)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("train: task own must have at least one problem");
            try (TrainingRun run = TrainingRun.start(backend, config, _ -> new Own(List.of(problem), (_, text, _) -> {
                throw new NumberFormatException("of " + text);
            }), folder.resolve("run"), SmallRuns.SILENT)) {
                assertThatThrownBy(run::run).isInstanceOf(IllegalStateException.class)
                        .hasMessageMatching("verifier: threw at problem own-1, response '(.*)', where it must give a "
                                + "Verdict: java.lang.NumberFormatException: of \\1")
                        .hasCauseInstanceOf(NumberFormatException.class);
            }
        }
    }

    @Test
    void aFolderWithAnotherRunIsLeftAlone() throws IOException {
        Files.writeString(folder.resolve("precious"), "data");
        assertThatThrownBy(() -> SmallRuns.run(SmallRuns.config("flowrl", Map.of()), folder))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("is not empty");
        assertThat(folder.toFile().list()).containsExactly("precious");
    }

    @Test
    void aLossThatIsNotANumberStopsTheRunAndNamesStepAndOp() {
        TrainConfig config = SmallRuns.config("flowrl", Map.of("steps", "5", "update.optimizer.learningRate", "1e38",
                "update.optimizer.adam.maxGradientNorm", "1e30"));
        assertThatThrownBy(() -> SmallRuns.run(config, folder.resolve("run")))
                .isInstanceOf(DivergedException.class)
                .hasMessageMatching("step \\d+, mini-batch \\d+: the loss is not a number.*org.flowrl.autograd.ops.*");
    }
}
