package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.flowrl.rl.objective.Algorithms;
import org.flowrl.tensor.DType;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `inspect --plan`, whose figures `MemoryPlanTest` holds against the real thing.
class PlanTest {
    @TempDir
    private Path folder;

    private final PrintStream standardOut = System.out;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @BeforeEach
    void writeConfigAndCapture() throws IOException {
        Files.writeString(folder.resolve("config.json"), QwenConfig.tiny(500, 64, 2, 128).toJson(DType.F32).toString());
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void restore() {
        System.setOut(standardOut);
        System.clearProperty("gpu.slabBytes");
    }

    @Test
    void aFolderWithAConfigurationAloneIsPlanned() {
        assertThat(plan()).isZero();
        assertThat(printed()).contains(
                "generate: 20 prompts x 16 samples, 43 + 86 tokens, weights F32, on 2 CPU threads", "train: flowrl",
                "reference: packed copies, F32", "policy: weights, F32", "gradients", "moments",
                "sampling: keys and values", "update: activations", "chunk buffers", "total");
    }

    @Test
    void thePlanFollowsItsOptions() {
        assertThat(plan("--algo", "grpo", "--dtype", "BF16", "--set", "rollout.samples=2", "--prompt-tokens", "5",
                "--response-tokens", "7", "--set", "update.recomputeActivations=true")).isZero();
        assertThat(printed()).contains("train: grpo, 20 prompts x 2 samples, 5 + 7 tokens, weights BF16, on 2 CPU "
                + "threads, activations recomputed");
    }

    @Test
    void theHelpSaysWhereAlgorithmsAreListedAndThereIsALineForEach() {
        assertThat(Main.run("inspect", "--help")).isZero();
        assertThat(words()).contains("--algo=NAME With --plan: algorithm, as train --help lists them");
        assertThat(Main.run("train", "--help")).isZero();
        for (Algorithms.Kind kind : Algorithms.Kind.values()) {
            // Lines are broken within formulas, too.
            assertThat(words().replace(" ", "")).contains(("For --algo, " + kind.heading() + ":"
                    + kind.algorithms().stream().map(algorithm -> algorithm.name() + algorithm.summary())
                    .collect(Collectors.joining())).replace(" ", ""));
        }
    }

    private String words() {
        return String.join(" ", printed().split("\\s+"));
    }

    @Test
    void aPlanThatFitsSaysWhatIsLeft() {
        assertThat(plan("--device-memory", "24GiB")).isZero();
        assertThat(printed()).contains("generate fits: ", "train fits: ", "25.6 GB left");
    }

    @Test
    void aPlanThatDoesNotFitFailsAndSaysWhatToChange() {
        assertThat(plan("--device-memory", "1MB")).isOne();
        assertThat(printed()).contains("generate does not fit: it takes ", "  with --dtype BF16: ",
                "train does not fit: it takes ", "  with --set update.recomputeActivations=true: ",
                "--set update.recomputeActivations=true --set update.microBatchMebibytes=1 --dtype BF16 "
                        + "--set update.optimizer.adam.moments=BF16: ",
                "no setting makes it fit: shorter prompts and responses");
    }

    /// What is set already is not advised.
    @Test
    void adviceIsSomethingElse() {
        assertThat(plan("--device-memory", "1MB", "--dtype", "BF16", "--set", "lora.rank=4",
                "--set", "update.recomputeActivations=true", "--set", "update.microBatchMebibytes=1",
                "--set", "update.optimizer.adam.moments=BF16")).isOne();
        assertThat(printed()).contains("train does not fit", "lora rank 4, alpha 32, on every linear map")
                .doesNotContain("  with ");
    }

    /// Trained whole it would take more; with adapters it fits, and the advice ends there.
    @Test
    void adviceEndsWhereThePlanFits() {
        assertThat(plan("--device", "cuda", "--prompt-tokens", "2", "--response-tokens", "2", "--set",
                "rollout.samples=2", "--dtype", "BF16", "--set", "gpu.slabBytes=262144", "--device-memory",
                "38MB")).isOne();
        assertThat(printed()).contains("on a CUDA card", "--set lora.rank=16: ", ", fits").doesNotContain("no setting");
    }

    /// Qwen2.5-7B on a card of 141 GB, with 5 GB to spare: moments in BF16, without the other changes that were tried
    /// before; recomputed activations leave more.
    @Test
    void aModelOfSevenBillionIsTrainedWholeOnOneCard() throws IOException {
        Files.writeString(folder.resolve("config.json"), """
                {"model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
                "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064, "rms_norm_eps": 1e-6,
                "max_position_embeddings": 32768, "rope_theta": 1e6, "tie_word_embeddings": false}
                """);
        assertThat(plan("--device", "cuda", "--device-memory", "136GB")).isOne();
        assertThat(printed()).contains("  with --set update.recomputeActivations=true: ",
                "  with --set update.optimizer.adam.moments=BF16: 135 GB, fits").doesNotContain("lora.rank=16");
        for (String weights : List.of("F32", "BF16")) {
            assertThat(plan("--device", "cuda", "--device-memory", "136GB", "--dtype", weights,
                    "--set", "update.recomputeActivations=true", "--set", "update.optimizer.adam.moments=BF16"))
                    .isZero();
        }
    }

    /// Supervised tuning is planned where it is asked for, alone or beside others.
    @Test
    void otherProgramsArePlannedWhereTheyAreNamed() {
        assertThat(plan("--program", "sft", "--set", "update.optimizer.adam.moments=BF16")).isZero();
        assertThat(printed()).contains("sft: 8 examples of 43 + 86 tokens, weights F32, on 2 CPU "
                + "threads", "weights, F32", "gradients", "moments, BF16", "step: activations", "total")
                .doesNotContain("generate: ", "train: ");
        assertThat(plan("--program", "generate", "--program", "sft", "--device-memory", "1MB")).isOne();
        assertThat(printed()).contains("generate: ", "generate does not fit", "sft does not fit: it takes ",
                "  with --set update.optimizer.adam.moments=BF16: ").doesNotContain("train");
        assertThat(plan("--program", "dance")).isOne();
    }

    @Test
    void anotherDeviceIsRefused() {
        assertThat(plan("--device", "abacus")).isOne();
    }

    @ParameterizedTest
    @CsvSource({"141GB, 141000000000", "24GiB, 25769803776", "1.5 MB, 1500000", "512, 512", "2kB, 2000",
        "80g, 80000000000"})
    void sizesHaveDecimalAndBinaryUnits(String text, long bytes) {
        assertThat(PlanOptions.bytes(text)).isEqualTo(bytes);
    }

    @Test
    void otherSizesAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> PlanOptions.bytes("much")).withMessage(
                "--device-memory much must be a number and a unit, such as 141GB or 24GiB");
    }

    private int plan(String... options) {
        List<String> line = new ArrayList<>(List.of("inspect", folder.toString(), "--plan", "--threads", "2"));
        line.addAll(Arrays.asList(options));
        return Main.run(line.toArray(String[]::new));
    }

    private String printed() {
        return out.toString(StandardCharsets.UTF_8);
    }
}
