package org.flowrl.rl.toy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// The bars of ../shared/design/flowrl-method.md, checklist point 4.
class ToyTest {
    /// Fewer steps than the command takes: KL(policy‖target) is 5e-3 after them and 1e-3 after 6,000.
    private static final Toy.Settings SETTINGS = Toy.Settings.defaults().withSteps(2500);

    /// Sums of Gaussians of variance 5: Σ f = 2 · √(10 π), as sums over all whole numbers are integrals to 1e-20.
    @Test
    void theTargetIsThatOfTheFigure() {
        double[] target = ToyTarget.probabilities();

        assertThat(Arrays.stream(ToyTarget.rewards()).sum()).isCloseTo(2 * Math.sqrt(10 * Math.PI), within(1e-7));
        assertThat(ToyTarget.logZ()).isCloseTo(2.41680, within(5e-6));
        assertThat(target[49]).isCloseTo(0.08921, within(5e-6));
        assertThat(ToyTarget.peakMasses(target)).usingComparatorWithPrecision(1e-6).containsExactly(0.25, 0.5, 0.25);
    }

    @Test
    void trajectoryBalanceMatchesTheTarget() {
        Toy.Result result = Toy.train(Toy.Method.TRAJECTORY_BALANCE, SETTINGS);

        assertThat(result.targetToPolicy()).isLessThanOrEqualTo(1e-3);
        assertThat(result.policyToTarget()).isLessThanOrEqualTo(1e-2);
        assertThat(result.logZ().orElseThrow()).isCloseTo(2.417, within(0.02));
        assertThat(result.peakMasses()).usingComparatorWithPrecision(0.01).containsExactly(0.25, 0.5, 0.25);
        // Not the paper's off-by-one: the peaks stand where the target has them.
        double[] policy = result.probabilities();
        assertThat(IntStream.of(19, 49, 79)).allMatch(peak ->
                IntStream.of(-2, -1, 1, 2).allMatch(step -> policy[peak] > policy[peak + step]));
    }

    @Test
    void theMaximiserCollapsesOnOneState() {
        Toy.Result result = Toy.train(Toy.Method.MAXIMISER, SETTINGS);

        assertThat(Arrays.stream(result.probabilities()).max().orElseThrow()).isGreaterThanOrEqualTo(0.99);
        assertThat(result.policyToTarget()).isCloseTo(2.417, within(0.01));
        assertThat(result.targetToPolicy()).isGreaterThan(4);
        assertThat(result.logZ()).isEmpty();
    }

    @Test
    void theSameSeedGivesTheSamePolicy() {
        Toy.Settings few = SETTINGS.withSteps(20);
        double[] once = Toy.train(Toy.Method.TRAJECTORY_BALANCE, few).probabilities();

        assertThat(Toy.train(Toy.Method.TRAJECTORY_BALANCE, few).probabilities()).isEqualTo(once);
        assertThat(Toy.train(Toy.Method.TRAJECTORY_BALANCE, few.withSeed(2)).probabilities()).isNotEqualTo(once);
    }

    /// Shifted by one state, the target is 0.1000 from itself: what the paper's figure shows.
    @Test
    void aShiftByOneStateIsMostOfThePapersDivergence() {
        double[] target = ToyTarget.probabilities();
        double[] shifted = new double[target.length];
        System.arraycopy(target, 0, shifted, 1, target.length - 1);
        shifted[0] = target[target.length - 1];

        assertThat(ToyTarget.divergence(target, shifted)).isCloseTo(0.1, within(1e-3));
    }

    @Test
    void aColumnIsAsHighAsItsProbability() {
        List<String> lines = ToyPicture.terminal(new double[] {0.4, 0.2, 0, 0.1}).lines().toList();

        assertThat(lines).containsExactly(" 0.400 |#", "       |#", "       |#", "       |#", "       |##",
                "       |##", "       |## #", "       |## #", "       +----", "        ");
    }

    @Test
    void stepsAndSamplesOutOfRangeAreRefused() {
        assertThatThrownBy(() -> SETTINGS.withSteps(0)).hasMessage("toy: steps 0 must be at least 1");
        assertThatThrownBy(() -> new Toy.Settings(1, 12, 0.1, 1, 1))
                .hasMessage("toy: samples 12 must be a multiple of 8");
    }
}
