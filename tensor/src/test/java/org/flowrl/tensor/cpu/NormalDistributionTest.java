package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.junit.jupiter.api.Test;

class NormalDistributionTest {
    /// x, Φ(x) and φ(x) to 17 digits by mpmath 1.3.0 (erfc and exp, 40 digits).
    private static final double[][] TABLE = {
        {-38, 2.8854283600687843e-316, 1.097221052007593e-314},
        {-20.5, 1.076467325879096e-93, 2.2119843802105703e-92},
        {-8.25, 7.9197263146424773e-17, 6.6271374559687515e-16},
        {-5, 2.8665157187919391e-7, 1.4867195147342977e-6},
        {-2.75, 0.0029797632350545568, 0.0090935625015910528},
        {-1.0625, 0.14400437900197094, 0.22686692696881265},
        {-1, 0.15865525393145705, 0.24197072451914335},
        {-0.75, 0.2266273523768682, 0.3011374321548044},
        {-0.001, 0.49960105778608894, 0.39894208093034235},
        {0, 0.5, 0.39894228040143268},
        {0.5, 0.6914624612740131, 0.35206532676429948},
        {1, 0.84134474606854295, 0.24197072451914335},
        {1.25, 0.89435022633314474, 0.1826490853890219},
        {3, 0.99865010196836991, 0.0044318484119380072},
        {6.5, 0.99999999995983999, 2.6695566147628519e-10}
    };

    @Test
    void isExactToFifteenDigitsInBothTails() {
        for (double[] row : TABLE) {
            assertThat(NormalDistribution.cumulative(row[0])).as("Φ(%s)", row[0])
                    .isCloseTo(row[1], withinPercentage(1e-13));
            assertThat(NormalDistribution.density(row[0])).as("φ(%s)", row[0])
                    .isCloseTo(row[2], withinPercentage(1e-13));
        }
    }

    @Test
    void isZeroOrOneBeyondItsSupport() {
        for (double x : new double[] {40, 1e300, Double.POSITIVE_INFINITY}) {
            assertThat(NormalDistribution.cumulative(-x)).isZero();
            assertThat(NormalDistribution.cumulative(x)).isEqualTo(1);
            assertThat(NormalDistribution.density(x)).isZero();
        }
        assertThat(NormalDistribution.cumulative(Double.NaN)).isNaN();
        assertThat(NormalDistribution.density(Double.NaN)).isNaN();
    }
}
