package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.stream.Stream;
import org.flowrl.autograd.Tape;
import org.flowrl.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WeightTest {
    private static final double[] LOG_RATIOS = {-30, -0.1, 0, 0.3, 5, 800};

    /// Exponentials by Python 3's math.exp; the rest are the bounds themselves, for None e^20.
    static Stream<Arguments> weightsOfTheLogRatios() {
        double low = 0.904837418035960;
        double middle = 1.349858807576003;
        double high = 148.4131591025766;
        return Stream.of(
                arguments(Weight.unbounded(),
                        new double[] {9.357622968840175e-14, low, 1, middle, high, 485165195.4097903}),
                arguments(new Weight.Clip(0.8, 1.2), new double[] {0.8, low, 1, 1.2, 1.2, 1.2}),
                arguments(new Weight.Clip(0.8, 1.28), new double[] {0.8, low, 1, 1.28, 1.28, 1.28}),
                arguments(new Weight.Max(10), new double[] {9.357622968840175e-14, low, 1, middle, 10, 10}));
    }

    @ParameterizedTest
    @MethodSource("weightsOfTheLogRatios")
    void aWeightIsTheBoundedRatioAndFinite(Weight weight, double[] expected) {
        requireWeights(DType.F64, weight, expected, 1e-14);
        // Relative: half a unit in the last place of the logarithm of the bound, at most 1e-6, and e^x itself.
        requireWeights(DType.F32, weight, expected, 2e-6);
    }

    @ParameterizedTest
    @MethodSource("weightsOfTheLogRatios")
    void theWeightOfAnUnchangedPolicyIsExactly1(Weight weight) {
        for (DType dtype : new DType[] {DType.F64, DType.F32}) {
            assertThat(weights(dtype, weight, 0, -0.0)).containsExactly(1, 1);
        }
    }

    @Test
    void aWeightIsNotANumberWhereTheRatioIsNot() {
        assertThat(weights(DType.F64, new Weight.Max(10), Double.NaN)).containsExactly(Double.NaN);
    }

    @Test
    void impossibleBoundsAreRefused() {
        assertThatThrownBy(() -> new Weight.Clip(1.2, 0.8))
                .hasMessage("weight clip: low 1.2 and high 0.8 must satisfy 0 < low ≤ 1 ≤ high < ∞");
        assertThatThrownBy(() -> new Weight.Max(0.5))
                .hasMessage("weight max: bound 0.5 must be at least 1 and finite");
        assertThatThrownBy(() -> new Weight.None(0))
                .hasMessage("weight none: maxLogRatio 0.0 must be positive and finite");
    }

    private static void requireWeights(DType dtype, Weight weight, double[] expected, double relative) {
        double[] weights = weights(dtype, weight, LOG_RATIOS);
        for (int i = 0; i < expected.length; i++) {
            assertThat(weights[i]).as(weight + " of " + LOG_RATIOS[i]).isFinite()
                    .isCloseTo(expected[i], within(relative * expected[i]));
        }
    }

    private static double[] weights(DType dtype, Weight weight, double... logRatios) {
        try (Bench bench = new Bench(dtype); Tape tape = Tape.inference(bench.backend(), bench.scope())) {
            return weight.apply(tape.constant(bench.tensor(logRatios, logRatios.length))).value().toDoubles();
        }
    }
}
