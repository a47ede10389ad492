package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.RandomKey;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Checklist points 1 to 3: the numbers of the specification's section 2, to the digits it prints.
class EquivalenceTest {
    private static final EnumeratedWorld WORLD = new EnumeratedWorld(new double[] {0.3, -0.2, 0.5, 0, -0.7},
            new double[] {0.2, -1, 0.7, 1.3, -0.4}, new double[] {0.1, 0.3, 0.2, 0.15, 0.25}, 1.5);
    private static final double LOG_Z = 0.37;
    private static final double[] KL_GRADIENT = {0.226822, 0.168603, -0.108665, -0.275231, -0.011529};
    private static final Offset<Double> PRINTED = within(5e-7);
    private static final Offset<Double> PRINTED_SHORT = within(5e-6);
    private static final Offset<Double> EXACT = within(1e-9);

    private static Backend backend;

    @BeforeAll
    static void open() {
        backend = Backends.open("reference", 1).backend();
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    @Test
    void theBalanceGradientOnPolicyIsTwiceThatOfTheDivergence() {
        assertThat(WORLD.klGradient()).containsExactly(KL_GRADIENT, PRINTED);
        assertThat(onPolicy(LOG_Z)).containsExactly(WORLD.klGradient(), EXACT);
    }

    @Test
    void theDivergencesGradientIsThatOfItsFiniteDifferences() {
        double h = 1e-5;
        double[] differences = IntStream.range(0, 5).mapToDouble(k -> {
            double[] up = WORLD.logits().clone();
            double[] down = WORLD.logits().clone();
            up[k] += h;
            down[k] -= h;
            return (new EnumeratedWorld(up, WORLD.rewards(), WORLD.reference(), 1.5).kl()
                    - new EnumeratedWorld(down, WORLD.rewards(), WORLD.reference(), 1.5).kl()) / (2 * h);
        }).toArray();
        assertThat(WORLD.klGradient()).containsExactly(differences, EXACT);
    }

    @Test
    void theGradientThroughTheSamplingDistributionIsAnother() {
        assertThat(WORLD.halfFullGradient(LOG_Z)).containsExactly(
                new double[] {0.247590, 0.215423, -0.230132, -0.182065, -0.050817}, PRINTED);
    }

    @Test
    void theBestLogZFallsShortOfTheTrueOneByTheDivergence() {
        assertThat(WORLD.bestLogZ()).isCloseTo(0.260656, PRINTED);
        assertThat(WORLD.trueLogZ()).isCloseTo(0.675472, PRINTED);
        assertThat(WORLD.kl()).isCloseTo(WORLD.trueLogZ() - WORLD.bestLogZ(), EXACT);
    }

    @Test
    void logZDoesNotChangeTheGradientOnPolicy() {
        assertThat(onPolicy(LOG_Z + 5)).containsExactly(onPolicy(LOG_Z), EXACT);
    }

    @Test
    void samplesOfAnotherPolicyGiveTheGradientWithExactWeightsAlone() {
        double[] mu = WORLD.reference();
        for (double logZ : new double[] {LOG_Z, LOG_Z + 5}) {
            assertThat(WORLD.halfBalanceGradient(backend, logZ, Weight.unbounded(), mu))
                    .containsExactly(WORLD.klGradient(), EXACT);
        }
        assertThat(WORLD.halfBalanceGradient(backend, LOG_Z, new Weight.One(), mu)).containsExactly(
                new double[] {0.04773, 0.32925, -0.11230, -0.24187, -0.02282}, PRINTED_SHORT);
        assertThat(WORLD.halfBalanceGradient(backend, LOG_Z + 5, new Weight.One(), mu)).containsExactly(
                new double[] {-0.72239, 1.05889, -0.66363, -0.43280, 0.75993}, PRINTED_SHORT);
        double[] clipped = WORLD.halfBalanceGradient(backend, LOG_Z, new Weight.Clip(0.8, 1.2), mu);
        assertThat(IntStream.range(0, 5).mapToDouble(k -> Math.abs(clipped[k] - WORLD.klGradient()[k])).max()
                .orElseThrow()).isGreaterThan(0.01);
    }

    /// The gradient of one draw y is that of {@link EnumeratedWorld#halfBalanceGradient} from a μ that has all its mass
    /// on y; a million draws are their counts. Three standard errors of each component's mean.
    @Test
    void aMillionDrawsAgreeWithinThreeStandardErrorsWhateverLogZ() {
        int draws = 1_000_000;
        double[] p = WORLD.policy();
        RandomKey key = RandomKey.of(2);
        long[] counts = new long[5];
        for (int i = 0; i < draws; i++) {
            double u = key.uniform(i);
            int y = 0;
            while (y < 4 && u >= p[y]) {
                u -= p[y++];
            }
            counts[y]++;
        }
        for (double logZ : new double[] {LOG_Z, LOG_Z + 5}) {
            double[][] perDraw = IntStream.range(0, 5).mapToObj(y -> {
                double[] only = new double[5];
                only[y] = 1;
                return WORLD.halfBalanceGradient(backend, logZ, new Weight.One(), only);
            }).toArray(double[][]::new);
            for (int k = 0; k < 5; k++) {
                int component = k;
                double mean = IntStream.range(0, 5).mapToDouble(y -> counts[y] * perDraw[y][component]).sum() / draws;
                double square = IntStream.range(0, 5)
                        .mapToDouble(y -> counts[y] * perDraw[y][component] * perDraw[y][component]).sum() / draws;
                double error = Math.sqrt((square - mean * mean) / draws);
                assertThat(mean).as("component " + k + ", log Z " + logZ)
                        .isCloseTo(WORLD.klGradient()[k], within(3 * error));
            }
        }
    }

    private static double[] onPolicy(double logZ) {
        return WORLD.halfBalanceGradient(backend, logZ, new Weight.One(), WORLD.policy());
    }
}
