package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AdvantagesTest {
    /// The 1e-6 beside the standard deviation moves advantages by up to 1e-5.
    private static final Offset<Double> STD_EPSILON_EFFECT = within(1e-5);
    private static final int[] ONE_GROUP_OF_EIGHT = new int[8];

    /// Eight rewards of which k are 1: mean k/8, unbiased variance k(8 − k)/56.
    static Stream<Arguments> groupsOfEight() {
        return Stream.of(
                arguments(1, Math.sqrt(49.0 / 8), -Math.sqrt(1.0 / 8)),
                arguments(4, Math.sqrt(7.0 / 8), -Math.sqrt(7.0 / 8)),
                arguments(7, Math.sqrt(1.0 / 8), -Math.sqrt(49.0 / 8)));
    }

    @ParameterizedTest
    @MethodSource("groupsOfEight")
    void standardisedRewardsOfAGroupOfEightDivideByTheUnbiasedDeviation(int successes, double ofSuccess,
            double ofFailure) {
        double[] rewards = IntStream.range(0, 8).mapToDouble(i -> i < successes ? 1 : 0).toArray();
        double[] expected = IntStream.range(0, 8).mapToDouble(i -> i < successes ? ofSuccess : ofFailure).toArray();

        assertThat(Advantages.GROUP_STD.perResponse(rewards, ONE_GROUP_OF_EIGHT))
                .containsExactly(expected, STD_EPSILON_EFFECT);
    }

    @Test
    void oneSuccessOfEightStandsAt2475() {
        assertThat(Advantages.GROUP_STD.perResponse(new double[] {1, 0, 0, 0, 0, 0, 0, 0}, ONE_GROUP_OF_EIGHT))
                .startsWith(new double[] {2.475, -0.354}, within(5e-4));
    }

    @ParameterizedTest
    @MethodSource("groupsOfEight")
    void meanSquareOfAMixedTwoValuedGroupOfEightIsSevenEighthsWhateverTheScale(int successes) {
        for (double failure : new double[] {0, -1}) {
            double[] rewards = IntStream.range(0, 8).mapToDouble(i -> i < successes ? 1 : failure).toArray();
            double[] advantages = Advantages.GROUP_STD.perResponse(rewards, ONE_GROUP_OF_EIGHT);

            assertThat(IntStream.range(0, 8).mapToDouble(i -> advantages[i] * advantages[i]).average().orElseThrow())
                    .isCloseTo(7.0 / 8, STD_EPSILON_EFFECT);
        }
    }

    /// By hand: groups {1, 3} and {5, 5} and {4}, mixed; std of {1, 3} is √2.
    static Stream<Arguments> estimatorsOfThreeGroups() {
        return Stream.of(
                arguments(Advantages.RAW, new double[] {1, 5, 3, 4, 5}),
                arguments(Advantages.GROUP_MEAN, new double[] {-1, 0, 1, 4, 0}),
                arguments(Advantages.GROUP_STD, new double[] {
                    -1 / (Math.sqrt(2) + 1e-6), 0, 1 / (Math.sqrt(2) + 1e-6), 4 / (1 + 1e-6), 0}));
    }

    @ParameterizedTest
    @MethodSource("estimatorsOfThreeGroups")
    void groupsAreThoseOfTheSamePromptAndAGroupOfOneHasMean0AndDeviation1(Advantages estimator, double[] expected) {
        assertThat(estimator.perResponse(new double[] {1, 5, 3, 4, 5}, new int[] {0, 7, 0, 3, 7}))
                .containsExactly(expected, within(1e-15));
    }

    @Test
    void aRewardThatIsNotFiniteIsRefusedByName() {
        assertThatThrownBy(() -> Advantages.RAW.perResponse(new double[] {0, Double.NaN}, new int[2]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("advantages: reward NaN of response 1 must be finite");
    }
}
