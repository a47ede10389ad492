package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.flowrl.autograd.GradCheck;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;
import org.flowrl.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyGradientTest {
    private static final Offset<Double> ROUNDING = within(1e-12);

    /// ρ = e^Δ. Gradients towards log π are −A · ρ where the unclipped loss is taken, else 0.
    static Stream<Arguments> tokens() {
        double twice = Math.log(2);
        return Stream.of(
                arguments("inside the bounds", 1.5, 0.1, -1.5 * Math.exp(0.1), -1.5 * Math.exp(0.1)),
                arguments("a good token above is clipped", 1, twice, -1.2, 0),
                arguments("a good token below is not", 1, -twice, -0.5, -0.5),
                arguments("a bad token above is not", -1, twice, 2, 2),
                arguments("a bad token below is clipped", -1, -twice, 0.8, 0),
                arguments("a bad token far above is clipped at c", -2, 3, 6, 0),
                arguments("a good token far above as any", 2, 3, -2.4, 0),
                arguments("log-ratios are bounded", -1, 50, 3, 0),
                arguments("no advantage, no loss", 0, 0.1, 0, 0));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tokens")
    void theLossOfATokenIsClippedOnTheSideThatHelpsIt(String name, double advantage, double logRatio, double loss,
            double gradient) {
        Bench.Responses one = new Bench.Responses(new double[][] {{-1}}, new double[][] {{-1 - logRatio}},
                new double[][] {{-1}}, new double[][] {{advantage}});
        try (Bench bench = new Bench(DType.F64)) {
            Bench.Outcome outcome = run(bench, PolicyGradientSettings.grpo().withReferencePenalty(0), one);

            assertThat(outcome.loss()).isCloseTo(loss, ROUNDING);
            assertThat(outcome.inputs().getFirst()).containsExactly(new double[] {gradient}, ROUNDING);
        }
    }

    /// q = log π_ref − log π; k3 = e^q − q − 1, gradient towards log π 1 − e^q within the bounds.
    static Stream<Arguments> penalties() {
        return Stream.of(arguments(0.0, 0.0, 0.0), arguments(0.5, Math.exp(0.5) - 1.5, 1 - Math.exp(0.5)),
                arguments(-2, Math.exp(-2) + 1, 1 - Math.exp(-2)), arguments(4, 10, 0), arguments(30, 10, 0),
                arguments(-30, 10, 0));
    }

    @ParameterizedTest
    @MethodSource("penalties")
    void thePenaltyIsTheBoundedK3Estimate(double q, double penalty, double gradient) {
        Bench.Responses one = new Bench.Responses(new double[][] {{-1}}, new double[][] {{-1}},
                new double[][] {{-1 + q}}, new double[][] {{0}});
        try (Bench bench = new Bench(DType.F64)) {
            Bench.Outcome outcome = run(bench, PolicyGradientSettings.grpo().withReferencePenalty(0.1), one);

            assertThat(outcome.loss()).isCloseTo(0.1 * penalty, ROUNDING);
            assertThat(outcome.inputs().getFirst()).containsExactly(new double[] {0.1 * gradient}, ROUNDING);
        }
    }

    /// (1 + 5 + 2 + 4) / 4, where the mean of the responses' means would be 7/3.
    @Test
    void theTokenMeanCountsTokensAndNotResponses() {
        double[][] losses = {{1}, {5, 2, 4}};
        Bench.Responses shape = new Bench.Responses(losses, losses, losses, losses);
        try (Bench bench = new Bench(DType.F64)) {
            Bench.Outcome outcome = bench.run((tape, in) -> Aggregation.TOKEN_MEAN.apply(in.getFirst(),
                    bench.batch(shape)), bench.packed(losses));

            assertThat(outcome.loss()).isEqualTo(3);
            assertThat(outcome.inputs().getFirst()).containsExactly(0.25, 0.25, 0.25, 0.25);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void partsOfAMiniBatchAddUpToItsLossAndGradientsHoweverItIsCut(int parts) {
        Bench.Responses all = Bench.Responses.random(3, 3, 9, 1, 5, 2, 7, 4, 6);
        long tokens = Arrays.stream(all.lengths()).sum();
        PolicyGradient grpo = grpo(PolicyGradientSettings.grpo());
        try (Bench bench = new Bench(DType.F32)) {
            Bench.Outcome whole = run(bench, PolicyGradientSettings.grpo(), all);
            int size = all.rows() / parts;
            double loss = 0;
            double[][] gradients = new double[parts][];
            for (int part = 0; part < parts; part++) {
                Bench.Responses own = all.slice(part * size, (part + 1) * size);
                Batch batch = bench.batch(own, part * size, all.rows(), tokens);
                Bench.Outcome outcome = bench.run((tape, in) -> grpo.loss(new PolicyOutput(in.getFirst(), null, null),
                        batch, new MetricSums()), bench.packed(own.logProbs()));
                loss += outcome.loss();
                gradients[part] = outcome.inputs().getFirst();
            }
            assertThat(loss).isCloseTo(whole.loss(), within(1e-6 * Math.abs(whole.loss())));
            assertThat(Bench.flat(gradients)).containsExactly(whole.inputs().getFirst());
        }
    }

    @Test
    void aGroupOfEqualRewardsHasNoGradientWithoutThePenalty() {
        double[] advantages = Advantages.GROUP_STD.perResponse(new double[] {1, 1}, new int[2]);
        Bench.Responses responses = Bench.Responses.random(4, 3, 5).withAdvantages(new double[][] {
            {advantages[0], advantages[0], advantages[0]},
            {advantages[1], advantages[1], advantages[1], advantages[1], advantages[1]}});
        try (Bench bench = new Bench(DType.F32)) {
            assertThat(run(bench, PolicyGradientSettings.grpo().withReferencePenalty(0), responses).inputs().getFirst())
                    .matches(Bench::isZero);
            assertThat(run(bench, PolicyGradientSettings.grpo(), responses).inputs().getFirst())
                    .matches(Bench::hasNoZero);
        }
    }

    /// The log-ratios of the seeded responses keep away from the kinks at ln 0.8 and ln 1.2.
    @Test
    void theLossAgreesWithFiniteDifferences() {
        Bench.Responses responses = Bench.Responses.random(5, 3, 5);
        PolicyGradient grpo = grpo(PolicyGradientSettings.grpo().withReferencePenalty(0.5));
        double[] logProbs = Bench.flat(responses.logProbs());
        try (Bench bench = new Bench(DType.F64); GradCheck check = GradCheck.open()) {
            Batch batch = bench.batch(responses);

            check.check((tape, in) -> grpo.loss(new PolicyOutput(in.getFirst(), null, null), batch, new MetricSums()),
                    check.scope().of(logProbs, logProbs.length)).requireBelow(1e-6);
        }
    }

    /// By hand: a token clipped above, a bad token that is above and not clipped, one inside.
    @Test
    void metricsAreThoseOfTheTokens() {
        double twice = Math.log(2);
        Bench.Responses responses = new Bench.Responses(new double[][] {{-1, -1}, {-1}},
                new double[][] {{-1 - twice, -1 - twice}, {-1}}, new double[][] {{-1.5, -1}, {-1}},
                new double[][] {{1, -1}, {1}});
        MetricSums metrics = new MetricSums();
        try (Bench bench = new Bench(DType.F64)) {
            PolicyGradient grpo = grpo(PolicyGradientSettings.grpo());
            bench.run((tape, in) -> grpo.loss(new PolicyOutput(in.getFirst(), null, null), bench.batch(responses),
                    metrics), bench.packed(responses.logProbs()));
        }
        Map<String, Double> expected = Map.of("policy/dual_clip_share", 0.0,
                "policy/kl_to_old", -2 * twice / 3, "ratio/mean", 5.0 / 3, "ratio/max", 2.0,
                "ratio/clipped_share", 2.0 / 3,
                "policy/clip_share", 1.0 / 3, "policy/kl_to_reference", 0.5 / 3);
        assertThat(metrics.values()).containsOnlyKeys(expected.keySet());
        expected.forEach((name, value) -> assertThat(metrics.values().get(name)).as(name).isCloseTo(value, ROUNDING));
    }

    @Test
    void theReferenceIsNeededForThePenaltyAlone() {
        assertThat(grpo(PolicyGradientSettings.grpo()).needsReference()).isTrue();
        assertThat(grpo(PolicyGradientSettings.grpo().withReferencePenalty(0)).needsReference()).isFalse();
        assertThat(grpo(PolicyGradientSettings.grpo()).modules()).isEmpty();
    }

    @Test
    void impossibleSettingsAreRefused() {
        assertThatThrownBy(() -> new ClippedLoss(1, 0.2, 3, 20)).hasMessageContaining("clipLow 1.0");
        assertThatThrownBy(() -> new ClippedLoss(0.2, 0.2, 1, 20)).hasMessageContaining("dualClip 1.0");
        assertThatThrownBy(() -> new ClippedLoss(0.2, 0.2, 3, 0)).hasMessageContaining("maxLogRatio 0.0");
        assertThatThrownBy(() -> ReferencePenalty.inLoss(KlEstimate.K3, -1)).hasMessageContaining("coefficient -1.0");
    }

    private static PolicyGradient grpo(PolicyGradientSettings settings) {
        return new PolicyGradient(settings, Optional.empty());
    }

    private static Bench.Outcome run(Bench bench, PolicyGradientSettings settings, Bench.Responses responses) {
        return bench.run((tape, in) -> grpo(settings).loss(new PolicyOutput(in.getFirst(), null, null),
                bench.batch(responses), new MetricSums()), bench.packed(responses.logProbs()));
    }
}
