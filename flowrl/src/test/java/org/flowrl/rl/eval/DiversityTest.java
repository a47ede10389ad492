package org.flowrl.rl.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiversityTest {
    private static final List<String> APPROACHES = List.of(
            "Factor the polynomial.\nSet each factor to zero.\nThe roots are 2 and 3.",
            "Use the quadratic formula with the discriminant.\nTake both signs of the square root.",
            "Sketch a graph.\nRead off where it crosses the axis.",
            "Try small integers one after the other.\nCheck which of them satisfy the equation.",
            "Substitute a new variable and complete the square.\nSolve for it, then go back.",
            "By Vieta, the sum and the product of the solutions are known.\nGuess them.");

    /// The paper's rubric at 16: 14 share 1, 11 share 2, 7 share 3, 4 share 4; at other k the same shares.
    @ParameterizedTest
    @CsvSource({"16, 16, 1", "14, 16, 1", "13, 16, 2", "11, 16, 2", "10, 16, 3", "7, 16, 3", "6, 16, 4", "4, 16, 4",
        "3, 16, 5", "1, 16, 5", "7, 8, 1", "6, 8, 2", "5, 8, 3", "4, 8, 3", "3, 8, 4", "2, 8, 4", "1, 8, 5", "4, 4, 1",
        "3, 4, 2", "2, 4, 3", "1, 4, 4"})
    void theScoreIsTheRubricOnTheLargestApproach(int largest, int responses, int score) {
        assertThat(Diversity.score(largest, responses)).isEqualTo(score);
    }

    @Test
    void oneApproachWithOtherFiguresIsOneApproach() {
        List<String> responses = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            responses.add("Factor the polynomial.\nSet each factor to zero.\nThe roots are " + i + " and " + 3 * i
                    + ".");
        }
        Diversity diversity = Diversity.of(responses);
        assertThat(diversity.score()).isEqualTo(1);
        assertThat(diversity.approaches()).isEqualTo(1);
        assertThat(diversity.editDistance()).isZero();
    }

    @Test
    void differentApproachesAreTold() {
        List<String> responses = new ArrayList<>(APPROACHES);
        responses.addAll(APPROACHES);
        Diversity diversity = Diversity.of(responses);
        assertThat(diversity.approaches()).isEqualTo(6);
        // 2 of 12 is below 4/16.
        assertThat(diversity.score()).isEqualTo(5);
        Collections.reverse(responses);
        assertThat(Diversity.of(responses).editDistance()).isEqualTo(diversity.editDistance(), within(1e-12));
    }

    /// "a b a b": the pairs ab, ba, ab are two different ones of three.
    @Test
    void distinctCountsDifferentRunsOfWords() {
        assertThat(Diversity.distinct(List.of("a b a b"), 2)).isEqualTo(2 / 3.0);
        assertThat(Diversity.distinct(List.of("a b", "a b"), 2)).isEqualTo(0.5);
        assertThat(Diversity.distinct(List.of("a"), 2)).isZero();
    }

    /// {factor, it} against {factor, them}: one word of three in common, so 2/3; the second step is left out: 1. Of two
    /// steps.
    @Test
    void theDistanceIsTheCheapestChangeOfSteps() {
        assertThat(Steps.of("Factor it.\nThen stop.").distance(Steps.of("Factor them."))).isEqualTo((2 / 3.0 + 1) / 2,
                within(1e-12));
        assertThat(Steps.of("").distance(Steps.of(""))).isZero();
        assertThat(Steps.of("Add 2 to x.").distance(Steps.of("add 35 to y"))).isZero();
    }
}
