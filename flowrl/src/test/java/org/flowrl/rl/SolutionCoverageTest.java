package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SolutionCoverageTest {
    private static final Offset<Double> ROUNDING = within(1e-12);

    /// Correct answers of ¼, ¼ and 0, the first two being one solution of ½; a wrong one of ¼:
    /// coverage@8 = ½ · (1 − (½)⁸ + 0), distinct@64 = 2 · (1 − (¾)⁶⁴), pass@8 = 1 − (½)⁸.
    @Test
    void coverageIsWhatSamplesAreExpectedToFind() {
        SolutionCoverage coverage = SolutionCoverage.of(answers(0.25, 0.25, 0, 0.25), new String[] {"a", "a", "b", ""});

        assertThat(coverage.solutions()).isEqualTo(2);
        assertThat(coverage.coverageAt8()).isCloseTo(0.5 * (1 - Math.pow(0.5, 8)), ROUNDING);
        assertThat(coverage.coverageAt64()).isCloseTo(0.5, ROUNDING);
        assertThat(coverage.distinctAt64()).isCloseTo(2 * (1 - Math.pow(0.75, 64)), ROUNDING);
        assertThat(coverage.passAt8()).isCloseTo(1 - Math.pow(0.5, 8), ROUNDING);
    }

    /// 8 · 1e-20 of a solution is not lost to rounding.
    @Test
    void rareSolutionsCount() {
        SolutionCoverage coverage = SolutionCoverage.of(answers(1e-20, 0, 0, 0.5), new String[] {"a", "a", "a", ""});

        assertThat(coverage.coverageAt8()).isCloseTo(8e-20, within(1e-30));
    }

    @Test
    void aCertainSolutionIsCovered() {
        // Rounding of F32 log-probabilities may carry a probability above 1.
        SolutionCoverage coverage = SolutionCoverage.of(answers(1 + 1e-7, 0, 0, 0), new String[] {"a", "b", "b", ""});

        assertThat(coverage.coverageAt8()).isEqualTo(0.5);
        assertThat(coverage.values()).containsEntry("coverage@8", 0.5).containsEntry("coverage@64", 0.5)
                .containsEntry("solutions", 2.0).containsEntry("distinct@64", 1.0).containsEntry("pass@8", 1.0)
                .hasSize(5);
    }

    /// Four answers, all but the last of them right.
    private static ScoredAnswers answers(double... probabilities) {
        double[] logs = new double[4];
        for (int i = 0; i < logs.length; i++) {
            logs[i] = Math.log(probabilities[i]);
        }
        return new ScoredAnswers(new double[] {1, 1, 1, 0}, new boolean[] {true, true, true, false},
                new int[] {3, 3, 3, 3}, logs, logs);
    }
}
