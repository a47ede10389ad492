package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;
import org.flowrl.rl.objective.Bench.Responses;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Gradients of every loss, aggregation, penalty and version of FlowRL against finite differences of {@link Surrogate},
/// in which what is stopped stands still (checklist point 6). F64 on the reference backend.
class StoppedGradientTest {
    /// Of GradCheck: relative to the gradient, but for gradients below 1e-5 of the loss, where rounding of the
    /// differences (3e-13 of the loss) would count.
    private static final double TOLERANCE = 1e-6;
    private static final double FLOOR = 1e-5;
    /// Log-ratios of some tenths on either side of every bound below, and none within 0.02 of one: the seed was
    /// searched.
    private static final Responses CASE = responses();
    private static final double[] LOG_PROBS = Bench.flat(CASE.logProbs());
    private static final double[] ENTROPIES = Arrays.stream(LOG_PROBS).map(x -> 1 - x).toArray();
    private static final double[] LOG_Z = {0.4, -0.7, 0.15, 1.1, -0.2, 0.3};
    private static final Surrogate SURROGATE = new Surrogate(CASE, moved(CASE.old(), 0.15));

    private static Responses responses() {
        Responses seeded = Responses.random(139, 3, 5, 1, 4, 2, 6);
        return new Responses(seeded.logProbs(), moved(seeded.logProbs(), 0.4), seeded.reference(),
                IntStream.range(0, 6).mapToObj(i -> {
                    double[] row = new double[seeded.lengths()[i]];
                    Arrays.fill(row, new double[] {1.5, -1, 0.5, -2, 1, -0.5}[i]);
                    return row;
                }).toArray(double[][]::new));
    }

    private static double[][] moved(double[][] rows, double deviation) {
        RandomKey key = RandomKey.of(139);
        return IntStream.range(0, rows.length).mapToObj(i -> IntStream.range(0, rows[i].length)
                .mapToDouble(t -> rows[i][t] + deviation * key.fold(i).normal(t)).toArray()).toArray(double[][]::new);
    }

    static Stream<PolicyGradientSettings> policyGradients() {
        List<PolicyLoss> losses = List.of(ClippedLoss.defaults().withClipHigh(0.28),
                new ClippedLoss(0.2, 0.2, 1.25, 20), new PolicyLoss.Gspo(0.05, 0.06, 10),
                new PolicyLoss.Cispo(0.2, 0.28, 20), new PolicyLoss.Reinforce());
        List<Aggregation> aggregations = List.of(Aggregation.TOKEN_MEAN, new Aggregation.TokenMean(1e-8),
                new Aggregation.SeqMeanTokenSum(), new Aggregation.SeqMeanTokenMean(1e-8),
                new Aggregation.SeqMeanTokenSumNorm(0, true), new Aggregation.SeqMeanTokenSumNorm(7, false));
        List<ReferencePenalty> penalties = new ArrayList<>(List.of(ReferencePenalty.none()));
        for (KlEstimate estimate : KlEstimate.values()) {
            penalties.add(ReferencePenalty.inLoss(estimate, 0.3));
        }
        return losses.stream().flatMap(loss -> aggregations.stream().flatMap(aggregation -> penalties.stream()
                .map(penalty -> PolicyGradientSettings.grpo().withLoss(loss).withAggregation(aggregation)
                        .withPenalty(penalty).withEntropyCoefficient(0.1))));
    }

    @ParameterizedTest
    @MethodSource("policyGradients")
    void aPolicyGradientIsThatOfTheLossWithItsStoppedPartsHeldStill(PolicyGradientSettings settings) {
        try (Bench bench = new Bench(DType.F64)) {
            Bench.Outcome outcome = run(bench, settings);
            requireSame(outcome.loss(), outcome.inputs().get(0), SURROGATE.policyGradient(settings, LOG_PROBS,
                    ENTROPIES), Surrogate.differences(x -> SURROGATE.policyGradient(settings, x, ENTROPIES),
                            LOG_PROBS));
            requireSame(outcome.loss(), outcome.inputs().get(1), outcome.loss(),
                    Surrogate.differences(h -> SURROGATE.policyGradient(settings, LOG_PROBS, h), ENTROPIES));
        }
    }

    static Stream<Arguments> versionsOfFlowRl() {
        Stream<Arguments> named = Algorithms.NAMES.stream()
                .filter(name -> Algorithms.onTask(name, 1.5) instanceof FlowRlSettings)
                .map(name -> arguments(name, Algorithms.onTask(name, 1.5)));
        Variations none = Variations.none();
        FlowRlSettings base = FlowRlSettings.recipe202512().withBeta(1.5).withWeight(Weight.unbounded());
        Stream<Arguments> combined = Stream.of(
                arguments("sums, weight bounded at 1.05", base.withLengthNormalised(false)
                        .withWeight(new Weight.Max(1.05))),
                arguments("sums, masked, clipped gap", base.withLengthNormalised(false).withVariations(none
                        .withTokenMask(new TokenMask.Cispo(0.1, 0.1)).withGapClip(new GapClip(-0.5, 0.4)))),
                arguments("masked, clipped by GSPO, capped, beside a policy term", base.withVariations(none
                        .withTokenMask(new TokenMask.Cispo(0.2, 0.28)).withSequenceClip(new SequenceClip.Gspo(0.03,
                                0.03))
                        .withSamplerCap(1.1).withPolicyTerm(0.2))),
                arguments("the sampling policy, clipped, micro-batches equal", base.withVariations(none
                        .withAnchor(Variations.Anchor.OLD).withSequenceClip(new SequenceClip.Clamp(0.05, 0.05))
                        .withEqualMicroBatchWeight())),
                arguments("nothing, beside a policy term", base.withVariations(none
                        .withAnchor(Variations.Anchor.NONE).withPolicyTerm(0.1))),
                arguments("tokens from the reference", base.withVariations(none
                        .withLevel(Variations.Level.TOKEN))));
        return Stream.concat(named, combined);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("versionsOfFlowRl")
    void aVersionOfFlowRlHasTheGradientOfItsLossWithItsStoppedPartsHeldStill(String name, FlowRlSettings settings) {
        try (Bench bench = new Bench(DType.F64)) {
            Bench.Outcome outcome = run(bench, settings);
            requireSame(outcome.loss(), outcome.inputs().get(0), SURROGATE.flowRl(settings, LOG_PROBS, LOG_Z, LOG_Z),
                    Surrogate.differences(x -> SURROGATE.flowRl(settings, x, LOG_Z, LOG_Z), LOG_PROBS));
            requireSame(outcome.loss(), outcome.inputs().get(1), outcome.loss(),
                    Surrogate.differences(z -> SURROGATE.flowRl(settings, LOG_PROBS, z, LOG_Z), LOG_Z));
        }
    }

    /// Were a stopped part to move with the rest, the gradient would be another: the tables above can tell. GSPO's
    /// would not: it stops a mean so that each token has the gradient of that mean.
    @ParameterizedTest
    @ValueSource(strings = {"cispo", "flowrl", "flowrl-ppo", "flowrl-cispo", "flowrl-token"})
    void withNothingHeldStillTheGradientIsAnother(String name) {
        try (Bench bench = new Bench(DType.F64)) {
            double[] stopped;
            double[] full;
            switch (Algorithms.onTask(name, 1.5)) {
                case PolicyGradientSettings settings -> {
                    stopped = run(bench, settings).inputs().getFirst();
                    full = Surrogate.differences(x -> at(x).policyGradient(settings, x, ENTROPIES), LOG_PROBS);
                }
                case FlowRlSettings settings -> {
                    stopped = run(bench, settings).inputs().getFirst();
                    full = Surrogate.differences(x -> at(x).flowRl(settings, x, LOG_Z, LOG_Z), LOG_PROBS);
                }
                case ObjectiveSettings settings -> throw new AssertionError(settings);
            }
            double distance = IntStream.range(0, full.length).mapToDouble(i -> Math.abs(full[i] - stopped[i])).max()
                    .orElseThrow();
            double largest = Arrays.stream(stopped).map(Math::abs).max().orElseThrow();
            assertThat(distance).isGreaterThan(0.01 * largest);
        }
    }

    /// The losses of the policy with log-probabilities x, stopped parts included.
    private static Surrogate at(double[] x) {
        int[] lengths = CASE.lengths();
        double[][] rows = new double[lengths.length][];
        int from = 0;
        for (int i = 0; i < rows.length; i++) {
            rows[i] = Arrays.copyOfRange(x, from, from += lengths[i]);
        }
        return new Surrogate(new Responses(rows, CASE.old(), CASE.reference(), CASE.advantages()),
                SURROGATE.sampler());
    }

    private static Bench.Outcome run(Bench bench, PolicyGradientSettings settings) {
        PolicyGradient objective = new PolicyGradient(settings, Optional.empty());
        return bench.run((tape, in) -> objective.loss(new PolicyOutput(in.get(0), in.get(1), null), batch(bench),
                new MetricSums()), bench.tensor(LOG_PROBS, LOG_PROBS.length), bench.tensor(ENTROPIES,
                        ENTROPIES.length));
    }

    private static Bench.Outcome run(Bench bench, FlowRlSettings settings) {
        return bench.run((tape, in) -> FlowRl.terms(settings, in.get(0), in.get(1), batch(bench)).loss(),
                bench.tensor(LOG_PROBS, LOG_PROBS.length), bench.tensor(LOG_Z, LOG_Z.length));
    }

    private static Batch batch(Bench bench) {
        Batch plain = bench.batch(CASE);
        return new Batch(plain.starts(), plain.lengths(), plain.rowIds(), new Batch.Scores(plain.oldLogProbs(),
                bench.packed(SURROGATE.sampler()), plain.referenceLogProbs(), null), plain.aims(),
                plain.miniBatchRows(), plain.miniBatchTokens(), plain.maxTokens(), plain.key());
    }

    private static void requireSame(double loss, double[] gradient, double expectedLoss, double[] expected) {
        assertThat(loss).isCloseTo(expectedLoss, within(1e-12 * Math.max(1, Math.abs(loss))));
        assertThat(gradient).hasSameSizeAs(expected);
        assertThat(Arrays.stream(gradient).anyMatch(slope -> slope != 0)).isTrue();
        for (int i = 0; i < gradient.length; i++) {
            double size = Math.max(Math.max(Math.abs(gradient[i]), Math.abs(expected[i])),
                    FLOOR * Math.max(1, Math.abs(loss)));
            assertThat(gradient[i]).as("element " + i).isCloseTo(expected[i], within(TOLERANCE * size));
        }
    }
}
