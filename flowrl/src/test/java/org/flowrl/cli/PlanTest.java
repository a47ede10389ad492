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
    }

    @Test
    void aFolderWithAConfigurationAloneIsPlanned() {
        assertThat(plan()).isZero();
        assertThat(printed()).contains("generate: 20 prompts x 16 samples, 43 + 86 tokens, packed copies F32",
                "train: flowrl", "policy weights, F32", "gradients", "moments", "sampling: keys and values",
                "update: activations", "chunk buffers", "total");
    }

    @Test
    void thePlanFollowsItsOptions() {
        assertThat(plan("--algo", "grpo", "--dtype", "BF16", "--set", "rollout.samples=2", "--prompt-tokens", "5",
                "--response-tokens", "7", "--set", "update.recomputeActivations=true")).isZero();
        assertThat(printed()).contains("train: grpo, 20 prompts x 2 samples, 5 + 7 tokens, packed copies BF16, "
                + "activations recomputed");
    }

    @Test
    void aPlanThatFitsSaysWhatIsLeft() {
        assertThat(plan("--device-memory", "24GiB")).isZero();
        assertThat(printed()).contains("generate fits, 25.", "train fits, 25.");
    }

    @Test
    void aPlanThatDoesNotFitFailsAndSaysWhatToChange() {
        assertThat(plan("--device-memory", "1MB")).isOne();
        assertThat(printed()).contains("train does not fit", "with --set update.recomputeActivations=true",
                "--dtype BF16", "weights, reference, gradients and moments alone take");
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
