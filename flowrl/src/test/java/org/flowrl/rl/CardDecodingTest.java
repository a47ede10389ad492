package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.flowrl.gpu.EmulatedCuda;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Sampling on the emulated card through recorded decoding steps, beside steps that are asked for kernel by kernel.
class CardDecodingTest {
    private static final String GRAPHS = "graphs ";

    private static List<String> lines(String... flags) {
        List<String> all = new ArrayList<>(List.of("-ea", "-Dgpu.libraries=" + EmulatedCuda.folder(),
                "-Dgpu.slabBytes=0", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        all.addAll(List.of(flags));
        return FreshJvm.lines(all, CardCompletions.class, "emulated");
    }

    private static long graphs(List<String> lines) {
        return Long.parseLong(lines.getLast().substring(GRAPHS.length()));
    }

    /// The emulated card's products compute each row by itself, so that the rows that fill up a batch change no bit; on
    /// a card they may, since cuBLAS chooses its kernels by the number of rows.
    @ParameterizedTest
    @ValueSource(strings = {"ffm", "jcuda"})
    void recordedStepsDrawTheSameTokensWithTheSameBits(String binding) {
        List<String> recorded = lines("-Dgpu.binding=" + binding);
        List<String> direct = lines("-Dgpu.graphs=off", "-Dgpu.binding=" + binding);
        assertThat(graphs(direct)).isZero();
        // 30 samples of up to 24 tokens, seven at a time: most steps of the common sizes are replays.
        assertThat(graphs(recorded)).isGreaterThan(50);
        assertThat(recorded).hasSize(2 * (15 + 1) + 1);
        assertThat(recorded.get(15)).as("what the second call leaves behind").startsWith("bytes in use ")
                .isEqualTo(recorded.get(31));
        assertThat(recorded.subList(0, recorded.size() - 1)).isEqualTo(direct.subList(0, direct.size() - 1));
    }

    /// Blocks of device memory stay where they are where slabs are cut up, too, as they are on a real card.
    @Test
    void slabsChangeNothing() {
        List<String> slabs = lines("-Dgpu.slabBytes=1048576");
        assertThat(slabs).isEqualTo(lines());
    }
}
