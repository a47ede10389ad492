package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A device that cannot be had is refused by every command before it says, computes or writes anything.
class RefusedDeviceTest {
    @TempDir
    private Path folder;

    /// Every command that {@link CardOptionsTest} knows to open one. The card is on no machine that tests run on.
    @ParameterizedTest
    @ValueSource(strings = {
        "train --out @/out",
        "train --out @/out --dashboard 0",
        "compare --quick --out @/out",
        "sft --model @/none --data @/none --out @/out",
        "eval --model @/none --data @/rows.jsonl --benchmark aime24 --out @/out/answers.jsonl",
        "generate --model @/none --prompt x",
        "forward --model @/none --input @/none --output @/out",
        "doctor"})
    void nothingIsSaidAndNothingIsWritten(String line) throws IOException {
        Files.writeString(folder.resolve("rows.jsonl"), "{\"problem\": \"1 + 1?\", \"answer\": \"2\"}\n");
        CapturedRun run = CapturedRun.of("", (line + " --device cuda:99").replace("@", folder.toString()).split(" "));

        assertThat(run.exitCode()).isOne();
        assertThat(run.err().lines()).singleElement().asString()
                .startsWith("error: device cuda:99 is unknown; did you mean cuda:0? known: auto, cpu, cuda:0");
        assertThat(run.out()).isEmpty();
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(folder.resolve("rows.jsonl"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--device abacus|--device abacus must be cpu or cuda",
        "--algo magic|algorithm magic is unknown; known: FlowRL flowrl, flowrl-paper, "})
    void aPlanForNothingThatIsThereIsRefusedBeforeTheModelIsDescribed(String optionAndMessage) {
        String[] parts = optionAndMessage.split("\\|");
        CapturedRun run = CapturedRun.of("", ("inspect " + folder + " --plan " + parts[0]).split(" "));

        assertThat(run.exitCode()).isOne();
        assertThat(run.err().lines()).singleElement().asString().startsWith("error: " + parts[1]);
        assertThat(run.out()).isEmpty();
    }

    /// Runs that fail for another reason than their numbers are shown in the table, and are no success.
    @Test
    void aComparisonWhoseRunsFailSaysSo() {
        CapturedRun run = CapturedRun.of("", ("compare --algos flowrl --seeds 1 --learning-rates 1e-3 --steps 1 --set "
                + "model=/nowhere --out @/compared").replace("@", folder.toString()).split(" "));

        assertThat(run.exitCode()).isOne();
        assertThat(run.out()).contains("[1/1] flowrl, learning rate 0.001, seed 1, failed: ", "0 of 1");
        assertThat(run.err()).isEqualTo("error: compare: 1 of 1 runs failed; the same command tries them again"
                + System.lineSeparator());
    }
}
