package org.flowrl.bench.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.bench.Machine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RatioTablesTest {
    private static final LocalDateTime WHEN = LocalDateTime.of(2026, 1, 2, 3, 4);

    @Test
    void theGeometricMeanOfAHalfAndEightIsTwo() {
        // √(0.5 · 8)
        assertThat(Comparison.geometricMean(List.of(0.5, 8.0))).isCloseTo(2, within(1e-15));
    }

    @Test
    void aRatioIsTheMedianOfPairsAndNotTheQuotientOfMedians() {
        Measurement ours = of("flowrl", 1, 10, 100);
        // Of the pairs 2, 2, 0.2; 20, 2, 0.02; 20, 0.2, 0.2. The medians, 20 and 10, are those of every line.
        assertThat(ours.ratioOver(of("onednn", 2, 20, 20))).isEqualTo(2);
        assertThat(ours.ratioOver(of("onednn", 20, 20, 2))).isEqualTo(2);
        assertThat(ours.ratioOver(of("onednn", 20, 2, 20))).isEqualTo(0.2);
    }

    @Test
    void theRatioIsThatOfTheFastestPeerAndLeavesYardsticksOut() {
        Comparison comparison = comparison(of("flowrl", 100), of("onednn", 120), of("openblas", 90), of("peak", 50),
                of("reference", 1), of("onednn-packed", 80));
        assertThat(comparison.ratio()).hasValue(0.9);
        assertThat(comparison.bestPeer().orElseThrow().engine()).isEqualTo("openblas");
        assertThat(comparison.shareOfPeak()).hasValue(0.5);
        assertThat(comparison(of("flowrl", 100), of("peak", 50)).ratio()).isEmpty();
    }

    /// 2·2·3·5 = 60 operations: in 30 ns 2 GFLOP/s.
    @Test
    void aLossIsBoldInTableAndSummary() {
        String text = RatioTables.of(List.of(comparison(of("flowrl", 30), of("onednn", 15), of("peak", 10))));
        assertThat(text).contains("| matmul, 2 rows | 1 | 1 | **0.50** | **0.50** forward-2x3x5 | 1 |");
        assertThat(text).contains("| case | threads | time | flowrl, GFLOP/s | onednn | peak | ratio | of peak |");
        assertThat(text).contains("| forward-2x3x5 | 1 | 0.03 µs | 2.00 | 4.00 | 6.00 | **0.50** | 33 % | 0e+00 |");
    }

    @Test
    void aMeasurementIsReadAsItWasWritten() {
        Measurement measurement = of("onednn", 12, 34.0, 56);
        assertThat(Measurement.parse(measurement.toLine())).isEqualTo(measurement);
        assertThatThrownBy(() -> Measurement.parse("forward-2x3x5,1")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'forward-2x3x5,1'");
    }

    @Test
    void aCaseMeasuredAgainReplacesItsEarlierMeasurementsAndKeepsTheOthers(@TempDir Path folder) throws IOException {
        Machine machine = new Machine("Abacus 9000", "beads", 2, "Linux", "25");
        KernelResults first = new KernelResults(folder, machine);
        first.replace(List.of(of("flowrl", 30), of("onednn", 15)));
        first.write("kernels");
        KernelResults second = new KernelResults(folder, machine);
        assertThat(second.holds(KernelCase.parse("forward-2x3x5"), 1)).isTrue();
        assertThat(second.holds(KernelCase.parse("forward-2x3x5"), 2)).isFalse();
        second.replace(List.of(of("flowrl", 10)));
        assertThat(second.comparisons()).containsExactly(comparison(of("flowrl", 10)));
        second.write("kernels --quick");
        assertThat(Files.readString(folder.resolve("kernels-abacus-9000.md")))
                .contains("Abacus 9000, beads, 2 logical processors", "benchmarks.jar kernels --quick`");
    }

    private static Measurement of(String engine, double... nanoseconds) {
        return new Measurement("forward-2x3x5", 1, engine, Arrays.stream(nanoseconds).boxed().toList(), 0, WHEN);
    }

    private static Comparison comparison(Measurement... measurements) {
        Map<String, Measurement> byEngine = new LinkedHashMap<>();
        for (Measurement measurement : measurements) {
            byEngine.put(measurement.engine(), measurement);
        }
        return new Comparison(KernelCase.parse("forward-2x3x5"), 1, byEngine);
    }
}
