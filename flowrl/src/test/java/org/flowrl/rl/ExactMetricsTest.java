package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
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
    private static final Optimum EIGHTFOLD = new Optimum(Math.log(2), true, 0);

    /// Answers 0 and 1 are right. Policy: .3 and .1 right, .2 wrong, .4 malformed. Reference: .1, .1, .4, and .4
    /// malformed. π*: Z = 8 · 0.2 + 0.8 = 2.4; both right answers alike. p_C = ¾, ¼: H = 2 ln 2 − ¾ ln 3, and against
    /// ½, ½ the divergence is ln 2 − H. Well-formed: π*_W = .4, .4, .2, p_W = ½, ⅙, ⅓ and ρ_W = ⅙, ⅙, ⅔.
    @Test
    void metricsOfThreeAnswersAreThoseWorkedOutByHand() {
        Measured metrics = of(answers(new double[] {1, 1, 0}, new double[] {0.3, 0.1, 0.2},
                new double[] {0.1, 0.1, 0.4}), EIGHTFOLD);
        double entropy = 2 * Math.log(2) - 0.75 * Math.log(3);

        requireClose(metrics.policy().values(), new ExactMetrics(0.4, 0.6, 2, entropy / Math.log(2),
                Math.exp(entropy), Math.exp(entropy) / 2, 0.4, 0.2, 0.5 * Math.log(3) - Math.log(2) / 3).values());
        requireClose(metrics.optimum().values(), new OptimumMetrics(Math.log(2) - entropy,
                0.5 * Math.log(1.25) + Math.log(5.0 / 12) / 6 + Math.log(5.0 / 3) / 3,
                0.4 * Math.log(4.0 / 3) + 0.4 * Math.log(4), 1.6 / 2.4, 1.6 / 2.4, Math.log(2.4) / 3, 2).values());
    }

    /// Rewards 1 and ⅓ for right answers, −⅓ for a wrong one and −1 for malformed ones weigh 8, 2, ½ and ⅛:
    /// Z = 8 · 0.1 + 2 · 0.2 + 0.4 / 2 + 0.3 / 8 = 1.4375; given right, π* is ⅔ and ⅓ and π is ½ and ½; given
    /// well-formed, 4/7, 2/7, 1/7 and ½, ½, 0, so that the optimum keeps what the policy has lost; ρ is 1/7, 2/7, 4/7.
    /// The entropy of ⅔ and ⅓ is ln 3 − ⅔ · ln 2.
    @Test
    void gradedRewardsWeighAnswersByTheirExponentials() {
        Measured metrics = of(answers(new double[] {1, 1.0 / 3, -1.0 / 3},
                new double[] {0.25, 0.25, 0}, new double[] {0.1, 0.2, 0.4}),
                new Optimum(Math.log(2), true, -1));

        requireClose(metrics.policy().values(),
                new ExactMetrics(0.5, 0.5, 2, 1, 2, 1, 0.25 + 0.25 / 3 - 0.5, 0.3,
                        0.5 * Math.log(7.0 / 2) + 0.5 * Math.log(7.0 / 4)).values());
        requireClose(metrics.optimum().values(), new OptimumMetrics(0.5 * Math.log(9.0 / 8),
                0.5 * Math.log(7.0 / 8) + 0.5 * Math.log(7.0 / 4), Double.POSITIVE_INFINITY,
                1.2 / 1.4375, (0.8 + 0.4 / 3 - 0.2 / 3 - 0.0375) / 1.4375, Math.log(1.4375) / 3,
                3 / Math.pow(2, 2.0 / 3)).values());
    }

    @Test
    void oneCorrectAnswerIsAllThereIsToKeep() {
        Measured metrics = of(answers(new double[] {1, 0, 0}, new double[] {0.5, 0.25, 0.25},
                new double[] {0.25, 0.25, 0.25}), EIGHTFOLD);

        assertThat(metrics.policy().modes()).isEqualTo(1);
        assertThat(metrics.policy().hNorm()).isEqualTo(1);
        assertThat(metrics.policy().effectiveModes()).isEqualTo(1);
        assertThat(metrics.optimum().klToOptimum()).isZero();
    }

    /// h of an even reference over the 256 strings, for L = 8 and k = 9 · β.
    static Stream<Arguments> betas() {
        return Stream.of(arguments(0.0), arguments(1.0), arguments(15.0), arguments(1e4));
    }

    @ParameterizedTest
    @MethodSource("betas")
    void onTheLatticeLogZIsTheClosedFormAndTheEvenPolicyIsTheOptimumGivenThatItIsRight(double beta) {
        for (Problem problem : new Lattice(8).problems()) {
            Measured metrics = of(lattice(problem), new Optimum(beta, true, 0));
            double h = metrics.policy().modes() / 256;
            // ln(h·e^k + 1 − h) written around e^k, which overflows.
            double logZ = (9 * beta + Math.log(h + (1 - h) * Math.exp(-9 * beta))) / 9;

            assertThat(metrics.policy().accuracy()).isCloseTo(h, ROUNDING);
            assertThat(metrics.policy().referenceAccuracy()).isCloseTo(h, ROUNDING);
            assertThat(metrics.optimum().accuracy())
                    .isCloseTo(h / (h + (1 - h) * Math.exp(-9 * beta)), ROUNDING);
            assertThat(metrics.optimum().logZ()).isCloseTo(logZ, within(1e-12 * Math.max(1, beta)));
            assertThat(metrics.policy().hNorm()).isCloseTo(1, ROUNDING);
            // Eleven digits: e^H multiplies the rounding of H by up to 70, and logs of e^(k · r) lose digits to k.
            assertThat(metrics.policy().effectiveModes()).isCloseTo(metrics.policy().modes(), within(1e-10));
            assertThat(metrics.optimum().klToOptimum()).isCloseTo(0, within(1e-10));
        }
    }

    @Test
    void theMeanOverTheLatticesPromptsIs476ModesAndALogZOf080AtBeta1() {
        List<Measured> all = new Lattice(8).problems().stream()
                .map(problem -> of(lattice(problem), new Optimum(1, true, 0))).toList();
        ExactMetrics mean = ExactMetrics.mean(all.stream().map(Measured::policy).toList());
        OptimumMetrics optimum = OptimumMetrics.mean(all.stream().map(Measured::optimum).toList()).orElseThrow();

        assertThat(mean.modes()).isCloseTo(47.6, ROUNDING);
        assertThat(mean.effectiveModes()).isCloseTo(47.6, within(1e-10));
        assertThat(optimum.logZ()).isCloseTo(0.80, within(0.01));
        assertThat(optimum.accuracy()).isCloseTo(0.999, within(1e-3));
    }

    /// Log-probabilities of −3000 nats: their shares are still ¾ and ¼.
    @Test
    void aPolicyThatHardlyEverAnswersRightStillHasShares() {
        double[] policy = {Math.log(0.75) - 3000, Math.log(0.25) - 3000, Math.log(0.9)};
        Measured metrics = of(new ScoredAnswers(new double[] {1, 1, 0}, new boolean[] {true, true, false},
                new int[] {3, 3, 3}, policy, log(0.1, 0.1, 0.4)), EIGHTFOLD);

        assertThat(metrics.policy().accuracy()).isZero();
        assertThat(metrics.policy().effectiveModes()).isCloseTo(Math.exp(2 * Math.log(2) - 0.75 * Math.log(3)),
                ROUNDING);
    }

    /// A right answer that the policy never gives counts 0 · ln 0 = 0; one that the optimum never gives costs +∞.
    @Test
    void answersOfNoProbabilityAreCounted() {
        Measured collapsed = of(answers(new double[] {1, 1, 0}, new double[] {1, 0, 0},
                new double[] {0.1, 0.1, 0.4}), EIGHTFOLD);
        Measured elsewhere = of(answers(new double[] {1, 1, 0}, new double[] {0.5, 0.5, 0},
                new double[] {0.1, 0, 0.4}), EIGHTFOLD);

        assertThat(collapsed.policy().effectiveModes()).isEqualTo(1);
        assertThat(collapsed.policy().hNorm()).isZero();
        assertThat(collapsed.optimum().klToOptimum()).isCloseTo(Math.log(2), ROUNDING);
        assertThat(elsewhere.optimum().klToOptimum()).isEqualTo(Double.POSITIVE_INFINITY);
    }

    /// ρ = ¼, ¼ and ½ malformed, lengths 1 and 3 (2 on average), rewards 1 and 0, malformed −1, β = ln 2:
    /// e^-z / 2 + e^-3z / 4 + e^-2z / 8 = 1 for x = e^-z: x³ / 4 + x² / 8 + x / 2 = 1, whose root is near 1.08.
    @Test
    void answersOfUnequalLengthHaveALogZOfTheirOwn() {
        ScoredAnswers answers = new ScoredAnswers(new double[] {1, 0}, new boolean[] {true, false}, new int[] {1, 3},
                log(0.25, 0.25), log(0.25, 0.25));
        Optimum.Target target = new Optimum(Math.log(2), true, -1).on(answers);
        double x = Math.exp(-target.logZ());

        assertThat(x).isBetween(1.07, 1.09);
        assertThat(x * x * x / 4 + x * x / 8 + x / 2).isCloseTo(1, ROUNDING);
        assertThat(Math.exp(target.logProbs()[0])).isCloseTo(x / 2, ROUNDING);
        assertThat(Math.exp(target.logProbs()[1])).isCloseTo(x * x * x / 4, ROUNDING);
        assertThat(target.reward()).isCloseTo(x / 2 - x * x / 8, ROUNDING);
    }

    /// Sums instead of means: T is 1 for all, Z = 2 · ¼ + ¼ + ½ · ½ = 1.
    @Test
    void whereLogProbabilitiesAreSummedLengthsDoNotCount() {
        Optimum.Target target = new Optimum(Math.log(2), false, -1).on(new ScoredAnswers(new double[] {1, 0},
                new boolean[] {true, false}, new int[] {1, 3}, log(0.25, 0.25), log(0.25, 0.25)));

        assertThat(target.logZ()).isCloseTo(0, ROUNDING);
        assertThat(Math.exp(target.logProbs()[0])).isCloseTo(0.5, ROUNDING);
    }

    @Test
    void figuresHaveNamesForTheLog() {
        ExactMetrics metrics = new ExactMetrics(1, 2, 3, 4, 5, 6, 7, 8, 9);
        OptimumMetrics optimum = new OptimumMetrics(1, 2, 3, 4, 5, 6, 7);

        assertThat(metrics.values()).containsExactlyInAnyOrderEntriesOf(Map.of("accuracy", 1.0, "well_formed_share",
                2.0, "modes", 3.0, "h_norm", 4.0, "effective_modes", 5.0, "effective_share", 6.0, "reward", 7.0,
                "reference_accuracy", 8.0, "kl_to_reference", 9.0));
        assertThat(optimum.values()).containsExactlyInAnyOrderEntriesOf(Map.of("kl_to_optimum", 1.0,
                "kl_policy_to_optimum", 2.0, "kl_optimum_to_policy", 3.0, "optimum_accuracy", 4.0, "optimum_reward",
                5.0, "optimum_log_z", 6.0, "optimum_effective_modes", 7.0));
        assertThat(ExactMetrics.mean(List.of(metrics, new ExactMetrics(3, 4, 5, 6, 7, 8, 9, 10, 11))))
                .isEqualTo(new ExactMetrics(2, 3, 4, 5, 6, 7, 8, 9, 10));
        assertThat(OptimumMetrics.mean(List.of(optimum, new OptimumMetrics(3, 4, 5, 6, 7, 8, 9))))
                .contains(new OptimumMetrics(2, 3, 4, 5, 6, 7, 8));
        assertThat(OptimumMetrics.mean(List.of())).isEmpty();
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
        assertThatThrownBy(() -> of(answers(rewards, policy, reference), EIGHTFOLD))
                .isInstanceOf(IllegalArgumentException.class).hasMessage("exact metrics: " + message);
    }

    /// Answers given by probabilities; those of positive reward are right.
    private static ScoredAnswers answers(double[] rewards, double[] policy, double[] reference) {
        boolean[] correct = new boolean[rewards.length];
        for (int i = 0; i < correct.length; i++) {
            correct[i] = rewards[i] > 0;
        }
        return scored(rewards, correct, policy, reference, 3);
    }

    private static ScoredAnswers scored(double[] rewards, boolean[] correct, double[] policy, double[] reference,
            int tokens) {
        int[] lengths = new int[rewards.length];
        Arrays.fill(lengths, tokens);
        return new ScoredAnswers(rewards, correct, lengths, log(policy), log(reference));
    }

    /// A policy's figures, and how far it is from an optimum.
    private record Measured(ExactMetrics policy, OptimumMetrics optimum) {
    }

    private static Measured of(ScoredAnswers answers, Optimum optimum) {
        return new Measured(ExactMetrics.of(answers, optimum.malformedReward()),
                OptimumMetrics.of(answers, optimum.on(answers)));
    }

    /// Policy and reference even over the well-formed answers.
    private static ScoredAnswers lattice(Problem problem) {
        Lattice task = new Lattice(8);
        List<Verdict> verdicts = task.enumeration().orElseThrow().answers(problem).stream()
                .map(answer -> task.verifier().verify(problem, answer, true)).toList();
        double[] even = new double[verdicts.size()];
        Arrays.fill(even, 1.0 / even.length);
        boolean[] correct = new boolean[even.length];
        for (int i = 0; i < correct.length; i++) {
            correct[i] = verdicts.get(i) instanceof Verdict.Correct;
        }
        return scored(verdicts.stream().mapToDouble(Verdict::reward).toArray(), correct, even, even, 9);
    }

    private static double[] log(double... probabilities) {
        return Arrays.stream(probabilities).map(Math::log).toArray();
    }

    private static void requireClose(Map<String, Double> actual, Map<String, Double> expected) {
        expected.forEach((name, value) -> {
            if (Double.isInfinite(value)) {
                assertThat(actual.get(name)).as(name).isEqualTo(value);
            } else {
                assertThat(actual.get(name)).as(name).isCloseTo(value, ROUNDING);
            }
        });
    }
}
