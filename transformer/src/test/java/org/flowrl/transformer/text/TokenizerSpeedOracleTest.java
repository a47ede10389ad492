package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.flowrl.tensor.SharedData;
import org.flowrl.tensor.Yardstick;
import org.junit.jupiter.api.Test;

/// Bytes of text a second of one core, real vocabulary and real texts: the JSONL of the math benchmarks, LaTeX and all.
class TokenizerSpeedOracleTest {
    private static final double LEAST_BYTES_A_SECOND = 5e6;
    /// Measurements, of which the best counts: a busy machine spoils one, slow code all.
    private static final int TRIALS = 4;

    @Test
    void fiveMegabytesOfNewTextAreEncodedInASecondOfACore() throws IOException {
        List<String> texts = texts();
        int half = texts.size() / 2;
        double best = 0;
        for (int trial = 0; trial < TRIALS && best <= LEAST_BYTES_A_SECOND; trial++) {
            Tokenizer tokenizer = Tokenizer.load(SharedData.path("tokenizer").resolve("qwen2.5"));
            // The second half is new to the piece cache but for the words of the first.
            bytesASecond(tokenizer, texts.subList(0, half));
            double speed = bytesASecond(tokenizer, texts.subList(half, texts.size()));
            System.out.printf("tokenizer: %.1f MB/s of a core%n", speed * 1e-6);
            best = Math.max(best, speed > LEAST_BYTES_A_SECOND ? speed : speed * Yardstick.slowness());
        }
        assertThat(best).as("bytes a second, in the time of the machine that the bar was set on")
                .isGreaterThan(LEAST_BYTES_A_SECOND);
    }

    /// In the CPU time of this thread, which other programs on the machine do not add to.
    private static double bytesASecond(Tokenizer tokenizer, List<String> texts) {
        long bytes = 0;
        long tokens = 0;
        for (String text : texts) {
            bytes += text.getBytes(StandardCharsets.UTF_8).length;
        }
        long started = Yardstick.cpuNanoseconds();
        for (String text : texts) {
            tokens += tokenizer.encode(text).length;
        }
        double seconds = (Yardstick.cpuNanoseconds() - started) * 1e-9;
        assertThat(tokens).isGreaterThan(texts.size());
        return bytes / seconds;
    }

    /// The files interleaved, so that both halves are of one kind.
    private static List<String> texts() throws IOException {
        List<List<String>> files = new ArrayList<>();
        try (Stream<Path> paths = Files.list(SharedData.path("math"))) {
            for (Path path : paths.sorted().toList()) {
                try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                        new GZIPInputStream(Files.newInputStream(path)), StandardCharsets.UTF_8))) {
                    files.add(reader.lines().toList());
                }
            }
        }
        List<String> texts = new ArrayList<>();
        for (int parity = 0; parity < 2; parity++) {
            for (List<String> lines : files) {
                for (int i = parity; i < lines.size(); i += 2) {
                    texts.add(lines.get(i));
                }
            }
        }
        return texts;
    }
}
