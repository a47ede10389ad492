package org.flowrl.bench.steps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.flowrl.bench.Machine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepsReportTest {
    @TempDir
    private Path folder;

    @Test
    void theRatioIsTheMedianOverRounds() {
        Measurement ours = measurement("flowrl", 2, 1.0, 1.0, 4.0);
        Measurement peer = measurement("peer", 2, 3.0, 2.0, 4.0);
        StepsReport report = new StepsReport(new Machine("cpu", "vectors", 2, "system", "25"), List.of(ours, peer));
        // Rounds give 3, 2 and 1.
        assertThat(report.ratio(peer).orElseThrow()).isCloseTo(2, within(1e-12));
        assertThat(report.ratio(ours)).isEmpty();
        assertThat(report.markdown()).contains("| train-tiny | 2 | peer | 1,707 (2,560) | 2.00× |")
                .contains("[PyTorch F32 134,000]");
    }

    @Test
    void ofRepeatedMeasurementsTheLastCounts() {
        Path file = folder.resolve("deep/steps.jsonl");
        measurement("flowrl", 2, 1).append(file);
        measurement("flowrl", 1, 5).append(file);
        measurement("flowrl", 2, 3).append(file);
        assertThat(Measurement.read(file)).containsExactly(measurement("flowrl", 1, 5), measurement("flowrl", 2, 3));
    }

    @Test
    void lossesMustAgree() {
        assertThat(StepAgreement.losses("peer", List.of(2.0, 1.0), List.of(2.0001, 1.0), 1e-4))
                .isEqualTo("losses of 2 steps within 5.0e-05");
        assertThatThrownBy(() -> StepAgreement.losses("peer", List.of(2.0, 1.0), List.of(2.0, 1.001), 1e-4))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("[2.0, 1.001] of peer");
        assertThatThrownBy(() -> StepAgreement.losses("peer", List.of(2.0, 1.0), List.of(2.0, Double.NaN), 1e-4))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> StepAgreement.losses("peer", List.of(2.0), List.of(2.0, 1.0), 1e-4))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("not 1 and 2");
    }

    @Test
    void theMedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo() {
        assertThat(Samples.median(4, 1, 3, 2)).isEqualTo(2.5);
        assertThat(Samples.median(3, 1, 2)).isEqualTo(2);
    }

    @Test
    void aSlugHasLettersDigitsAndHyphensOnly() {
        assertThat(new Machine("AMD EPYC(tm), family 25, model 1", "AVX2", 2, "Linux", "25").slug())
                .isEqualTo("amd-epyc-tm-family-25-model-1");
    }

    private static Measurement measurement(String engine, int threads, double... seconds) {
        List<Double> list = Arrays.stream(seconds).boxed().toList();
        return new Measurement("train-tiny", engine, "text", threads, 5120, list, Map.of(), List.of(2.0, 1.9), "");
    }
}
