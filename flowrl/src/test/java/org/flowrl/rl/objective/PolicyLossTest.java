package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;
import org.flowrl.rl.Response;
import org.flowrl.rl.Rollout;
import org.flowrl.rl.ScoredRollout;
import org.flowrl.rl.Targets;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Losses, aggregations and penalties beside GRPO's own, by hand (checklist point 16).
class PolicyLossTest {
    private static final Offset<Double> ROUNDING = within(1e-12);
    private static final double[][] LOSSES = {{1}, {5, 2, 4}};

    /// Responses of 1 and 3 tokens, sums 1 and 11, length limit 16.
    static Stream<Arguments> aggregations() {
        return Stream.of(arguments(Aggregation.TOKEN_MEAN, 12 / 4.0, List.of(0.25, 0.25)),
                arguments(new Aggregation.SeqMeanTokenSum(), 12 / 2.0, List.of(0.5, 0.5)),
                arguments(new Aggregation.SeqMeanTokenMean(0), (1 + 11 / 3.0) / 2, List.of(0.5, 1 / 6.0)),
                arguments(new Aggregation.SeqMeanTokenSumNorm(0, true), 12 / 32.0, List.of(1 / 32.0, 1 / 32.0)),
                arguments(new Aggregation.SeqMeanTokenSumNorm(4, false), 12 / 4.0, List.of(0.25, 0.25)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("aggregations")
    void aggregationsOfRaggedResponses(Aggregation aggregation, double loss, List<Double> gradients) {
        Bench.Responses shape = new Bench.Responses(LOSSES, LOSSES, LOSSES, LOSSES);
        try (Bench bench = new Bench(DType.F64)) {
            Bench.Outcome outcome = bench.run((tape, in) -> aggregation.apply(in.getFirst(), bench.batch(shape)),
                    bench.packed(LOSSES));
            assertThat(outcome.loss()).isCloseTo(loss, ROUNDING);
            double longer = gradients.get(1);
            assertThat(outcome.inputs().getFirst()).containsExactly(
                    new double[] {gradients.get(0), longer, longer, longer}, ROUNDING);
        }
    }

    /// The responses of {@link #aggregationsOfRaggedResponses}, a batch each: their losses add up to that of both.
    @ParameterizedTest(name = "{0}")
    @MethodSource("aggregations")
    void aggregationsOfPartsAddUp(Aggregation aggregation, double loss) {
        Bench.Responses both = new Bench.Responses(LOSSES, LOSSES, LOSSES, LOSSES);
        try (Bench bench = new Bench(DType.F64)) {
            double sum = 0;
            for (int row = 0; row < LOSSES.length; row++) {
                Bench.Responses own = both.slice(row, row + 1);
                Batch batch = bench.batch(own, row, LOSSES.length, 4);
                sum += bench.run((tape, in) -> aggregation.apply(in.getFirst(), batch), bench.packed(own.logProbs()))
                        .loss();
            }
            assertThat(sum).isCloseTo(loss, ROUNDING);
        }
    }

    /// Log-ratios 0.3 and −0.1: s = e^0.1. With A = 1 and ε = 0.05 the response is clipped, with A = −1 it is not and
    /// each token's gradient is −A · s.
    @Test
    void gspoClipsTheRatioOfTheWholeResponse() {
        PolicyLoss gspo = new PolicyLoss.Gspo(0.05, 0.05, 10);
        double s = Math.exp(0.1);
        Bench.Outcome good = run(gspo, pair(1));
        assertThat(good.loss()).isCloseTo(-1.05, ROUNDING);
        assertThat(good.inputs().getFirst()).matches(Bench::isZero);
        Bench.Outcome bad = run(gspo, pair(-1));
        assertThat(bad.loss()).isCloseTo(s, ROUNDING);
        assertThat(bad.inputs().getFirst()).containsExactly(new double[] {s / 2, s / 2}, ROUNDING);
    }

    /// Log-probabilities −1 and −2; ratios e^0.3, clipped at 1.2, and e^−0.1.
    @Test
    void cispoKeepsTheGradientOfClippedTokens() {
        Bench.Outcome outcome = run(new PolicyLoss.Cispo(0.2, 0.2, 20), pair(2));
        double second = Math.exp(-0.1);
        assertThat(outcome.loss()).isCloseTo((-1.2 * 2 * -1 - second * 2 * -2) / 2, ROUNDING);
        assertThat(outcome.inputs().getFirst()).containsExactly(new double[] {-1.2, -second}, ROUNDING);
    }

    @Test
    void reinforceIsTheAdvantageTimesTheLogProbability() {
        Bench.Outcome outcome = run(new PolicyLoss.Reinforce(), pair(2));
        assertThat(outcome.loss()).isCloseTo(3, ROUNDING);
        assertThat(outcome.inputs().getFirst()).containsExactly(-1, -1);
    }

    @Test
    void theEntropyBonusIsTakenFromTheLoss() {
        PolicyGradient objective = new PolicyGradient(PolicyGradientSettings.grpo().withReferencePenalty(0)
                .withEntropyCoefficient(0.5), Optional.empty());
        try (Bench bench = new Bench(DType.F64)) {
            Bench.Outcome outcome = bench.run((tape, in) -> objective.loss(
                    new PolicyOutput(in.get(0), in.get(1), null), bench.batch(pair(0)), new MetricSums()),
                    bench.packed(pair(0).logProbs()), bench.tensor(new double[] {3, 1}, 2));
            assertThat(outcome.loss()).isCloseTo(-0.5 * 2, ROUNDING);
            assertThat(outcome.inputs().get(1)).containsExactly(-0.25, -0.25);
        }
    }

    /// Two responses to a prompt: k1 of the first is 0.5 and −0.25 (float log-probabilities, exact), of the second 0.
    @Test
    void aPenaltyInTheRewardIsTakenFromEachTokenAndItsCoefficientFollowsTheDivergence() {
        ReferencePenalty penalty = new ReferencePenalty(KlEstimate.K1, ReferencePenalty.Place.REWARD, 0.5,
                new KlControl.Adaptive(0.05, 100));
        PolicyGradient objective = new PolicyGradient(PolicyGradientSettings.grpo().withPenalty(penalty)
                .withEstimator(new Estimator.ReturnsToGo(1, false)), Optional.empty());
        Rollout rollout = new Rollout(List.of(response(0, 2, 1), response(1, 1, 0)), 1);
        List<float[]> old = List.of(new float[] {-1, -2}, new float[] {-1});
        List<float[]> reference = List.of(new float[] {-1.5f, -1.75f}, new float[] {-1});
        ScoredRollout scored = new ScoredRollout(rollout, List.of(), old, old, reference, null);
        MetricSums metrics = new MetricSums();

        Targets targets = objective.targets(scored, RandomKey.of(1), metrics);

        assertThat(targets.advantages()).isDeepEqualTo(new double[][] {{1 + 0.125 - 0.25, 1 + 0.125}, {0}});
        // Mean of 0.125 and 0 is 0.0625, a quarter above the target and bounded at 0.2: 0.5 · (1 + 0.2 · 2 / 100).
        assertThat(metrics.values()).containsEntry("penalty/kl", 0.0625).containsEntry("penalty/coefficient", 0.5);
        assertThat(Double.parseDouble(objective.state())).isCloseTo(0.502, ROUNDING);
        objective.restore("0.25");
        assertThat(objective.state()).isEqualTo("0.25");
    }

    /// Returns 1, 1 and 0 of variance 2/9, values 1, 1/2 and 0: errors 0, 1/2 and 0 of variance 1/12 − 1/36 = 1/18.
    @Test
    void whatACriticExplainsIsTheShareOfTheReturnsVarianceThatItsErrorsLeave() {
        PolicyGradient objective = new PolicyGradient(PolicyGradientSettings.ppo().withEstimator(
                new Estimator.Gae(1, 1, false, CriticSettings.defaults())), Optional.empty());
        Rollout rollout = new Rollout(List.of(response(0, 2, 1), response(1, 1, 0)), 1);
        List<float[]> zeros = List.of(new float[2], new float[1]);
        List<float[]> values = List.of(new float[] {1, 0.5f}, new float[] {0});
        MetricSums metrics = new MetricSums();
        Targets targets = objective.targets(new ScoredRollout(rollout, List.of(), zeros, zeros, null, values),
                RandomKey.of(1), metrics);
        assertThat(targets.returns()).isDeepEqualTo(new double[][] {{1, 1}, {0}});
        assertThat(metrics.values().get("value/explained_variance")).isCloseTo(0.75, ROUNDING);
    }

    @Test
    void impossibleCombinationsAreRefused() {
        PolicyGradientSettings ppo = PolicyGradientSettings.ppo();
        Map<String, Runnable> wrong = Map.of(
                "reference penalty: estimate k3 has no place in the reward", () -> new ReferencePenalty(KlEstimate.K3,
                        ReferencePenalty.Place.REWARD, 1, new KlControl.Fixed()),
                "reference penalty: control adaptive needs place reward", () -> new ReferencePenalty(KlEstimate.K1,
                        ReferencePenalty.Place.LOSS, 1, new KlControl.Adaptive(0.1, 10)),
                "policy gradient: loss gspo needs an estimator with one", () -> ppo.withLoss(
                        PolicyLoss.Gspo.defaults()),
                "policy gradient: entropyCoefficient -1.0", () -> ppo.withEntropyCoefficient(-1),
                "cispo loss: clipLow 0.0", () -> new PolicyLoss.Cispo(0, 0.2, 20),
                "critic: learningRateFactor 0.0", () -> new CriticSettings(0, 0.5, 0.5, 0),
                "critic: the context must have a policy", () -> {
                    try (Bench bench = new Bench(DType.F32)) {
                        ppo.create(bench.context(4));
                    }
                });
        wrong.forEach((message, action) -> assertThatThrownBy(action::run)
                .isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith(message));
    }

    /// One response of log-probabilities −1 and −2 and log-ratios 0.3 and −0.1.
    private static Bench.Responses pair(double advantage) {
        double[][] logProbs = {{-1, -2}};
        return new Bench.Responses(logProbs, new double[][] {{-1.3, -1.9}}, logProbs,
                new double[][] {{advantage, advantage}});
    }

    private static Bench.Outcome run(PolicyLoss loss, Bench.Responses responses) {
        try (Bench bench = new Bench(DType.F64)) {
            Batch batch = bench.batch(responses);
            return bench.run((tape, in) -> Aggregation.TOKEN_MEAN.apply(
                    loss.perToken(in.getFirst(), batch, new MetricSums()), batch), bench.packed(responses.logProbs()));
        }
    }

    private static Response response(int sample, int length, double reward) {
        return new Response(0, sample, new int[] {1}, new int[length], new float[length], true, "",
                new Verdict.Correct(reward));
    }
}
