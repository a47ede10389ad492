package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.assertj.core.data.Offset;
import org.flowrl.rl.Targets;
import org.junit.jupiter.api.Test;

/// Checklist points 14 to 16, by hand.
class EstimatorTest {
    private static final Offset<Double> ROUNDING = within(1e-12);
    /// Two groups of two; rewards at the last tokens 1, 0, 2 and 2.
    private static final double[][] REWARDS = {{0, 0, 1}, {0}, {0, 2}, {2}};
    private static final int[] GROUPS = {0, 0, 1, 1};

    @Test
    void withGammaAndLambda1AnAdvantageIsTheReturnLessTheValue() {
        double[][] values = {{0.5, 0.25, -1}, {2}, {1, 1}, {0}};
        Targets targets = gae(1, 1, false).estimate(REWARDS, GROUPS, values);
        assertThat(targets.advantages()[0]).containsExactly(new double[] {0.5, 0.75, 2}, ROUNDING);
        assertThat(targets.advantages()[1]).containsExactly(new double[] {-2}, ROUNDING);
        assertThat(targets.returns()[0]).containsExactly(new double[] {1, 1, 1}, ROUNDING);
        assertThat(targets.returns()[2]).containsExactly(new double[] {2, 2}, ROUNDING);
    }

    /// δ = (0.9·0.25 − 0.5, 0.9·(−1) − 0.25, 1 − (−1)) = (−0.275, −1.15, 2); A_2 = 2, A_1 = −1.15 + 0.45·2 = −0.25,
    /// A_0 = −0.275 + 0.45·(−0.25) = −0.3875.
    @Test
    void advantagesAreDiscountedSumsOfOneStepErrors() {
        Targets targets = gae(0.9, 0.5, false).estimate(new double[][] {{0, 0, 1}}, new int[1],
                new double[][] {{0.5, 0.25, -1}});
        assertThat(targets.advantages()[0]).containsExactly(new double[] {-0.3875, -0.25, 2}, ROUNDING);
        assertThat(targets.returns()[0]).containsExactly(new double[] {0.1125, 0, 1}, ROUNDING);
    }

    @Test
    void whiteningLeavesMean0AndVariance1AndReturnsAsTheyAre() {
        double[][] values = {{0.5, 0.25, -1}, {2}, {1, 1}, {0}};
        Targets plain = gae(1, 1, false).estimate(REWARDS, GROUPS, values);
        Targets whitened = gae(1, 1, true).estimate(REWARDS, GROUPS, values);
        double[] all = Bench.flat(whitened.advantages());
        // 1e-8 beside the variance and the count.
        assertThat(Arrays.stream(all).average().orElseThrow()).isCloseTo(0, within(1e-7));
        assertThat(Arrays.stream(all).map(x -> x * x).sum() / (all.length - 1)).isCloseTo(1, within(1e-7));
        assertThat(whitened.returns()).isDeepEqualTo(plain.returns());
    }

    @Test
    void returnsToGoOfARewardAtTheEndAreTheSameForAllTokensAndAPenaltyShiftsThem() {
        Estimator.ReturnsToGo estimator = new Estimator.ReturnsToGo(1, false);
        assertThat(estimator.estimate(REWARDS, GROUPS, null).advantages())
                .isDeepEqualTo(new double[][] {{1, 1, 1}, {0}, {2, 2}, {2}});
        double[][] penalised = {{-0.5, 0.25, 1}};
        assertThat(estimator.estimate(penalised, new int[1], null).advantages())
                .isDeepEqualTo(new double[][] {{0.75, 1.25, 1}});
        assertThat(new Estimator.ReturnsToGo(0.5, false).estimate(penalised, new int[1], null).advantages())
                .isDeepEqualTo(new double[][] {{-0.125, 0.75, 1}});
    }

    /// Seven tokens 1, 1, 1, 0, 2, 2, 2: mean 9/7, unbiased variance (3·(2/7)² + (9/7)² + 3·(5/7)²) / 6 = 4/7.
    @Test
    void whiteningGoesOverTheTokensOfTheWholeRollout() {
        double[][] advantages = new Estimator.ReturnsToGo(1, true).estimate(REWARDS, GROUPS, null).advantages();
        double deviation = Math.sqrt(4 / 7.0);
        assertThat(advantages[0]).containsExactly(repeated(-2 / 7.0 / deviation, 3), within(1e-7));
        assertThat(advantages[1]).containsExactly(repeated(-9 / 7.0 / deviation, 1), within(1e-7));
        assertThat(advantages[2]).containsExactly(repeated(5 / 7.0 / deviation, 2), within(1e-7));
    }

    @Test
    void anOutcomeIsTheSumOfItsTokensRewardsWithinItsGroup() {
        double[][] penalised = {{-0.5, 0, 1}, {0}, {0, 2}, {2}};
        assertThat(new Estimator.Outcome(Advantages.GROUP_MEAN, false).estimate(penalised, GROUPS, null).advantages())
                .isDeepEqualTo(new double[][] {{0.25, 0.25, 0.25}, {-0.25}, {0, 0}, {0}});
        assertThat(new Estimator.Outcome(Advantages.LEAVE_ONE_OUT, false).estimate(penalised, GROUPS, null)
                .advantages()).isDeepEqualTo(new double[][] {{0.5, 0.5, 0.5}, {-0.5}, {0, 0}, {0}});
    }

    /// The best leads the second by 2; the deviation of {1, 5, 3} is 2.
    @Test
    void theBestOfAGroupEarnsItsLeadAndEqualsEarnNothing() {
        assertThat(Advantages.BEST.perResponse(new double[] {1, 5, 3}, new int[3]))
                .containsExactly(new double[] {0, 1, 0}, within(1e-6));
        assertThat(Advantages.BEST.perResponse(new double[] {5, 1, 5}, new int[3])).containsExactly(0, 0, 0);
    }

    @Test
    void impossibleEstimatorsAreRefused() {
        assertThatThrownBy(() -> gae(0, 1, true)).hasMessage("gae: gamma 0.0 must be in (0, 1]");
        assertThatThrownBy(() -> gae(1, 1.5, true)).hasMessage("gae: lambda 1.5 must be in [0, 1]");
        assertThatThrownBy(() -> new Estimator.Gae(1, 1, true, null))
                .hasMessage("gae: there must be a critic, whose values advantages are made of");
        assertThatThrownBy(() -> new Estimator.ReturnsToGo(1.1, true))
                .hasMessage("returns_to_go: gamma 1.1 must be in (0, 1]");
        assertThatThrownBy(() -> Whitening.apply(new double[][] {{1}}))
                .hasMessage("whitening: 1 tokens must be at least 2");
    }

    private static Estimator gae(double gamma, double lambda, boolean whitened) {
        return new Estimator.Gae(gamma, lambda, whitened, CriticSettings.defaults());
    }

    private static double[] repeated(double value, int count) {
        double[] all = new double[count];
        Arrays.fill(all, value);
        return all;
    }
}
