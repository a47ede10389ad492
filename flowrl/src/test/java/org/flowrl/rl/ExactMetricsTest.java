package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.flowrl.rl.task.Lattice;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ExactMetricsTest {
    private static final Offset<Double> ROUNDING = within(1e-12);
    /// k = 3 · ln 2: the weight of a reward of 1 is 8.
    private static final ExactMetrics.Optimum EIGHTFOLD = new ExactMetrics.Optimum(Math.log(2), 3, 0);

    /// Answers 0 and 1 are right. Policy: .3 and .1 right, .2 wrong, .4 malformed. Reference: .1, .1, .4, and .4
    /// malformed. π*: Z = 8 · 0.2 + 0.8 = 2.4; both right answers alike. p_C = ¾, ¼: H = 2 ln 2 − ¾ ln 3, and against
    /// ½, ½ the divergence is ln 2 − H.
    @Test
    void metricsOfThreeAnswersAreThoseWorkedOutByHand() {
        ExactMetrics metrics = ExactMetrics.of(answers(new double[] {1, 1, 0}, new double[] {0.3, 0.1, 0.2},
                new double[] {0.1, 0.1, 0.4}), EIGHTFOLD);
        double entropy = 2 * Math.log(2) - 0.75 * Math.log(3);

        requireClose(metrics, new ExactMetrics(0.4, 0.6, 2, entropy / Math.log(2), Math.exp(entropy),
                Math.log(2) - entropy, 0.2, 1.6 / 2.4, Math.log(2.4) / 3));
    }

    /// Rewards 1 and ⅓ for right answers, −⅓ for a wrong one and −1 for malformed ones weigh 8, 2, ½ and ⅛:
    /// Z = 8 · 0.1 + 2 · 0.2 + 0.4 / 2 + 0.3 / 8 = 1.4375; given right, π* is ⅔ and ⅓ and π is ½ and ½.
    @Test
    void gradedRewardsWeighAnswersByTheirExponentials() {
        ExactMetrics metrics = ExactMetrics.of(answers(new double[] {1, 1.0 / 3, -1.0 / 3},
                new double[] {0.25, 0.25, 0}, new double[] {0.1, 0.2, 0.4}),
                new ExactMetrics.Optimum(Math.log(2), 3, -1));

        requireClose(metrics, new ExactMetrics(0.5, 0.5, 2, 1, 2, 0.5 * Math.log(9.0 / 8), 0.3, 1.2 / 1.4375,
                Math.log(1.4375) / 3));
    }

    @Test
    void oneCorrectAnswerIsAllThereIsToKeep() {
        ExactMetrics metrics = ExactMetrics.of(answers(new double[] {1, 0, 0}, new double[] {0.5, 0.25, 0.25},
                new double[] {0.25, 0.25, 0.25}), EIGHTFOLD);

        assertThat(metrics.modes()).isEqualTo(1);
        assertThat(metrics.hNorm()).isEqualTo(1);
        assertThat(metrics.effectiveModes()).isEqualTo(1);
        assertThat(metrics.klToOptimum()).isZero();
    }

    /// h of an even reference over the 256 strings, for L = 8 and k = 9 · β.
    static Stream<Arguments> betas() {
        return Stream.of(arguments(0.0), arguments(1.0), arguments(15.0), arguments(1e4));
    }

    @ParameterizedTest
    @MethodSource("betas")
    void onTheLatticeLogZIsTheClosedFormAndTheEvenPolicyIsTheOptimumGivenThatItIsRight(double beta) {
        for (Problem problem : new Lattice(8).problems()) {
            ExactMetrics.Answers even = lattice(problem);
            ExactMetrics metrics = ExactMetrics.of(even, new ExactMetrics.Optimum(beta, 9, 0));
            double h = metrics.modes() / 256;
            // ln(h·e^k + 1 − h) written around e^k, which overflows.
            double logZ = (9 * beta + Math.log(h + (1 - h) * Math.exp(-9 * beta))) / 9;

            assertThat(metrics.accuracy()).isCloseTo(h, ROUNDING);
            assertThat(metrics.referenceAccuracy()).isCloseTo(h, ROUNDING);
            assertThat(metrics.optimumAccuracy())
                    .isCloseTo(h / (h + (1 - h) * Math.exp(-9 * beta)), ROUNDING);
            assertThat(metrics.optimumLogZ()).isCloseTo(logZ, within(1e-12 * Math.max(1, beta)));
            assertThat(metrics.hNorm()).isCloseTo(1, ROUNDING);
            // Eleven digits: e^H multiplies the rounding of H by up to 70, and logs of e^(k · r) lose digits to k.
            assertThat(metrics.effectiveModes()).isCloseTo(metrics.modes(), within(1e-10));
            assertThat(metrics.klToOptimum()).isCloseTo(0, within(1e-10));
        }
    }

    @Test
    void theMeanOverTheLatticesPromptsIs476ModesAndALogZOf080AtBeta1() {
        ExactMetrics mean = ExactMetrics.mean(new Lattice(8).problems().stream()
                .map(problem -> ExactMetrics.of(lattice(problem), new ExactMetrics.Optimum(1, 9, 0))).toList());

        assertThat(mean.modes()).isCloseTo(47.6, ROUNDING);
        assertThat(mean.effectiveModes()).isCloseTo(47.6, within(1e-10));
        assertThat(mean.optimumLogZ()).isCloseTo(0.80, within(0.01));
        assertThat(mean.optimumAccuracy()).isCloseTo(0.999, within(1e-3));
    }

    /// Log-probabilities of −3000 nats: their shares are still ¾ and ¼.
    @Test
    void aPolicyThatHardlyEverAnswersRightStillHasShares() {
        double[] policy = {Math.log(0.75) - 3000, Math.log(0.25) - 3000, Math.log(0.9)};
        ExactMetrics metrics = ExactMetrics.of(new ExactMetrics.Answers(new double[] {1, 1, 0},
                new boolean[] {true, true, false}, policy, log(0.1, 0.1, 0.4)), EIGHTFOLD);

        assertThat(metrics.accuracy()).isZero();
        assertThat(metrics.effectiveModes()).isCloseTo(Math.exp(2 * Math.log(2) - 0.75 * Math.log(3)), ROUNDING);
    }

    /// A right answer that the policy never gives counts 0 · ln 0 = 0; one that the optimum never gives costs +∞.
    @Test
    void answersOfNoProbabilityAreCounted() {
        ExactMetrics collapsed = ExactMetrics.of(answers(new double[] {1, 1, 0}, new double[] {1, 0, 0},
                new double[] {0.1, 0.1, 0.4}), EIGHTFOLD);
        ExactMetrics elsewhere = ExactMetrics.of(answers(new double[] {1, 1, 0}, new double[] {0.5, 0.5, 0},
                new double[] {0.1, 0, 0.4}), EIGHTFOLD);

        assertThat(collapsed.effectiveModes()).isEqualTo(1);
        assertThat(collapsed.hNorm()).isZero();
        assertThat(collapsed.klToOptimum()).isCloseTo(Math.log(2), ROUNDING);
        assertThat(elsewhere.klToOptimum()).isEqualTo(Double.POSITIVE_INFINITY);
    }

    @Test
    void figuresHaveNamesForTheLog() {
        ExactMetrics metrics = new ExactMetrics(1, 2, 3, 4, 5, 6, 7, 8, 9);

        assertThat(metrics.values()).containsEntry("exact/accuracy", 1.0).containsEntry("exact/well_formed_share", 2.0)
                .containsEntry("exact/modes", 3.0).containsEntry("exact/h_norm", 4.0)
                .containsEntry("exact/effective_modes", 5.0).containsEntry("exact/kl_to_optimum", 6.0)
                .containsEntry("exact/reference_accuracy", 7.0).containsEntry("exact/optimum_accuracy", 8.0)
                .containsEntry("exact/optimum_log_z", 9.0).hasSize(9);
        assertThat(ExactMetrics.mean(List.of(metrics, new ExactMetrics(3, 4, 5, 6, 7, 8, 9, 10, 11))))
                .isEqualTo(new ExactMetrics(2, 3, 4, 5, 6, 7, 8, 9, 10));
    }

    static Stream<Arguments> impossibleAnswers() {
        double[] fine = {0.25, 0.25, 0.25};
        return Stream.of(
                arguments(new double[] {0, 0, 0}, fine, fine, "at least one of 3 answers must be correct"),
                arguments(new double[] {1, 0, 0}, new double[] {0, 0.5, 0.5}, fine,
                        "the policy gives no correct answer any probability, at least one must have some"),
                arguments(new double[] {1, 0, 0}, fine, new double[] {1, 1, 0},
                        "probabilities of the reference add up to 2.0, they must be numbers and add up to 1 at "
                                + "the most"),
                arguments(new double[] {1, 0, 0}, new double[] {Double.NaN, 0, 0}, fine,
                        "probabilities of the policy add up to NaN, they must be numbers and add up to 1 at the most"));
    }

    @ParameterizedTest
    @MethodSource("impossibleAnswers")
    void impossibleAnswersAreRefused(double[] rewards, double[] policy, double[] reference, String message) {
        assertThatThrownBy(() -> ExactMetrics.of(answers(rewards, policy, reference), EIGHTFOLD))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("exact metrics: " + message);
    }

    /// Answers given by probabilities; those of positive reward are right.
    private static ExactMetrics.Answers answers(double[] rewards, double[] policy, double[] reference) {
        boolean[] correct = new boolean[rewards.length];
        for (int i = 0; i < correct.length; i++) {
            correct[i] = rewards[i] > 0;
        }
        return new ExactMetrics.Answers(rewards, correct, log(policy), log(reference));
    }

    /// Policy and reference even over the well-formed answers.
    private static ExactMetrics.Answers lattice(Problem problem) {
        Lattice task = new Lattice(8);
        List<Verdict> verdicts = task.wellFormedAnswers(problem).stream()
                .map(answer -> task.verifier().verify(problem, answer, true)).toList();
        double[] even = new double[verdicts.size()];
        Arrays.fill(even, 1.0 / even.length);
        return answers(verdicts.stream().mapToDouble(Verdict::reward).toArray(), even, even);
    }

    private static double[] log(double... probabilities) {
        return Arrays.stream(probabilities).map(Math::log).toArray();
    }

    private static void requireClose(ExactMetrics actual, ExactMetrics expected) {
        expected.values().forEach((name, value) ->
                assertThat(actual.values().get(name)).as(name).isCloseTo(value, ROUNDING));
    }
}
