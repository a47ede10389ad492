package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.flowrl.autograd.GradCheck;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;
import org.flowrl.rl.Response;
import org.flowrl.rl.Rollout;
import org.flowrl.rl.ScoredRollout;
import org.flowrl.rl.objective.Objective.PromptStates;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FlowRlTest {
    /// Rounding of F64; the bar of the specification's hand case.
    private static final Offset<Double> ROUNDING = within(1e-10);
    private static final int WIDTH = 4;

    /// Two responses of 3 and 5 tokens; log W is 2.6, beyond every bound, and −0.3, below the paper's ln 0.8.
    private static final Bench.Responses HAND_CASE = new Bench.Responses(
            new double[][] {{-0.5, -1.25, -0.75}, {-2, -0.25, -1, -0.5, -0.125}},
            new double[][] {{-1.5, -2.25, -1.35}, {-1.9, -0.25, -1, -0.2, -0.225}},
            new double[][] {{-0.6, -1.5, -0.25}, {-1.5, -0.5, -1.75, -0.4, -0.25}},
            new double[][] {{0.9, 0.9, 0.9}, {-0.4, -0.4, -0.4, -0.4, -0.4}});
    private static final double[] HAND_LOG_Z = {0.7, -0.4};

    /// One response of 2 tokens with log-ratios to the reference 0.2 and 0.4 and to the sampler 1 and 2, one of 1 token
    /// with −0.9 and 0.
    private static final Bench.Responses TWO = new Bench.Responses(new double[][] {{-1, -2}, {-1}},
            new double[][] {{-2, -4}, {-1}}, new double[][] {{-1.2, -2.4}, {-0.1}}, new double[][] {{1, 1}, {0}});

    static Stream<FlowRlSettings> variants() {
        return FlowRlSettings.VARIANTS.stream().map(FlowRlSettings::variant);
    }

    /// The formulas in plain arithmetic. The gradients are those for constant weights, reference and rewards, so no
    /// gradient goes through them; a response has gradients for its own tokens and there is no padding.
    @ParameterizedTest
    @MethodSource("variants")
    void lossAndGradientsAreThoseOfTheFormulas(FlowRlSettings settings) {
        double loss = 0;
        double[][] tokenGradients = new double[2][];
        double[] logZGradients = new double[2];
        for (int i = 0; i < 2; i++) {
            double[] logProbs = HAND_CASE.logProbs()[i];
            double n = logProbs.length + 1e-8;
            double mean = Arrays.stream(logProbs).sum() / n;
            double referenceMean = Arrays.stream(HAND_CASE.reference()[i]).sum() / n;
            double reward = HAND_CASE.advantages()[i][0] * logProbs.length / n;
            double residual = HAND_LOG_Z[i] + mean - 15 * reward - referenceMean;
            double ratio = Math.exp(Arrays.stream(logProbs).sum() - Arrays.stream(HAND_CASE.old()[i]).sum());
            double weight = switch (settings.variant()) {
                case "paper" -> Math.min(Math.max(ratio, 0.8), 1.2);
                case "released-2025-09" -> ratio;
                default -> Math.min(ratio, 10);
            };
            loss += weight * residual * residual / 2;
            tokenGradients[i] = new double[logProbs.length];
            Arrays.fill(tokenGradients[i], weight * residual / n);
            logZGradients[i] = weight * residual;
        }
        try (Bench bench = new Bench(DType.F64)) {
            Bench.Outcome outcome = terms(bench, settings, HAND_CASE, HAND_LOG_Z);

            assertThat(outcome.loss()).isCloseTo(loss, ROUNDING);
            assertThat(outcome.inputs().get(0)).containsExactly(Bench.flat(tokenGradients), ROUNDING);
            assertThat(outcome.inputs().get(1)).containsExactly(logZGradients, ROUNDING);
        }
    }

    @Test
    void withoutLengthNormalisationLogProbabilitiesAreSummedAndRewardsAreNot() {
        FlowRlSettings settings = FlowRlSettings.recipe202512().withLengthNormalised(false).withWeight(weightOne());
        double loss = 0;
        for (int i = 0; i < 2; i++) {
            double residual = HAND_LOG_Z[i] + Arrays.stream(HAND_CASE.logProbs()[i]).sum()
                    - 15 * HAND_CASE.advantages()[i][0] - Arrays.stream(HAND_CASE.reference()[i]).sum();
            loss += residual * residual / 2;
        }
        try (Bench bench = new Bench(DType.F64)) {
            // 1e-8 / 3 of β · R = 15 moves a residual by 5e-8.
            assertThat(terms(bench, settings, HAND_CASE, HAND_LOG_Z).loss()).isCloseTo(loss, within(1e-5));
        }
    }

    /// β = 15 on standardised rewards of a policy that equals its reference and its sampler: the log-ratios are 0 and
    /// the weights 1, and as advantages of a group sum to 0 and log Z is the group's own, mixed terms cancel.
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "F64"})
    void firstLossIs225TimesTheMeanSquaredAdvantagePlusTheMeanSquaredLogZ(DType dtype) {
        int[] successes = {1, 3, 4, 7};
        int rows = 8 * successes.length;
        double[] rewards = IntStream.range(0, rows).mapToDouble(i -> i % 8 < successes[i / 8] ? 1 : 0).toArray();
        int[] groups = IntStream.range(0, rows).map(i -> i / 8).toArray();
        double[] advantages = Advantages.GROUP_STD.perResponse(rewards, groups);
        Bench.Responses start = onPolicy(advantages);
        try (Bench bench = new Bench(dtype)) {
            FlowRl flowRl = FlowRlSettings.recipe202512().withDropout(0).create(bench.context(WIDTH));
            Tensor means = bench.tensor(IntStream.range(0, rows * WIDTH)
                    .mapToDouble(i -> RandomKey.of(i / WIDTH / 8).normal(i % WIDTH)).toArray(), rows, WIDTH);
            double[] logZ = flowRl.net().orElseThrow().estimate(bench.backend(), bench.scope(), means);

            double loss = loss(bench, flowRl, start, means, new MetricSums()).loss();

            double expected = 225 * meanSquare(advantages) + meanSquare(logZ);
            assertThat(loss).isCloseTo(expected, within(1e-5 * expected));
            // The 1e-6 beside the deviation, which is at least 0.35, lowers squares by at most 6e-6 of themselves.
            assertThat(loss).isCloseTo(196.875 + meanSquare(logZ), within(2e-5 * 196.875));
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "F64"})
    void ratiosOfAnUnchangedPolicyAreExactly1(DType dtype) {
        MetricSums metrics = new MetricSums();
        try (Bench bench = new Bench(dtype)) {
            FlowRl flowRl = FlowRlSettings.released202509().create(bench.context(WIDTH));
            loss(bench, flowRl, onPolicy(1, 0, -1), means(bench, 3), metrics);

            assertThat(metrics.values()).containsEntry("ratio/mean", 1.0).containsEntry("ratio/max", 1.0)
                    .containsEntry("ratio/clipped_share", 0.0).containsEntry("policy/kl_to_reference", 0.0)
                    .containsEntry("flowrl/attained_log_ratio", 0.0);
        }
    }

    static Stream<Arguments> detachment() {
        return Stream.of(arguments(false, PromptStates.ALL), arguments(false, PromptStates.WITHOUT_LAST),
                arguments(true, PromptStates.ALL));
    }

    @ParameterizedTest
    @MethodSource("detachment")
    void logZReachesThePolicyThroughThePromptUnlessDetached(boolean detached, PromptStates states) {
        FlowRlSettings settings = FlowRlSettings.paper()
                .withLogZ(new LogZSettings.Learned(states, detached, 3, 0, 1));
        try (Bench bench = new Bench(DType.F64)) {
            FlowRl flowRl = settings.create(bench.context(WIDTH));
            Bench.Outcome outcome = loss(bench, flowRl, HAND_CASE, means(bench, 2), new MetricSums());

            assertThat(flowRl.promptStates()).isEqualTo(states);
            assertThat(Arrays.stream(outcome.inputs().get(1)).anyMatch(x -> x != 0)).isEqualTo(!detached);
            assertThat(outcome.inputs().get(0)).matches(Bench::hasNoZero);
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1.5})
    void aConstantLogZNeedsNoNetAndNoPromptStates(double value) {
        FlowRlSettings settings = FlowRlSettings.paper().withLogZ(new LogZSettings.Constant(value));
        try (Bench bench = new Bench(DType.F64)) {
            FlowRl flowRl = settings.create(bench.context(WIDTH));
            double loss = bench.run((tape, in) -> flowRl.loss(new PolicyOutput(in.getFirst(), null, null),
                    bench.batch(HAND_CASE), new MetricSums()), bench.packed(HAND_CASE.logProbs())).loss();

            assertThat(flowRl.promptStates()).isEqualTo(PromptStates.NONE);
            assertThat(Bench.stores(flowRl)).isEmpty();
            assertThat(loss).isEqualTo(terms(bench, settings, HAND_CASE, value, value).loss());
        }
    }

    /// A group of equal rewards has advantages 0, yet is pulled to the reference and log Z to 0.
    @Test
    void aGroupOfEqualRewardsStillHasGradientsWhereThePolicyLeftTheReferenceOrLogZIsNotZero() {
        Bench.Responses away = HAND_CASE.withAdvantages(new double[][] {new double[3], new double[5]});
        try (Bench bench = new Bench(DType.F64)) {
            assertThat(terms(bench, FlowRlSettings.paper(), away, 0, 0).inputs().get(0)).matches(Bench::hasNoZero);
            assertThat(terms(bench, FlowRlSettings.paper(), onPolicy(0, 0), 0.5, 0.5).inputs().get(0))
                    .matches(Bench::hasNoZero);
            assertThat(terms(bench, FlowRlSettings.paper(), onPolicy(0, 0), 0, 0).inputs().get(0))
                    .matches(Bench::isZero);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void partsOfAMiniBatchAddUpToItsLossAndGradientsHoweverItIsCut(int parts) {
        Bench.Responses all = Bench.Responses.random(2, 3, 9, 1, 5, 2, 7, 4, 6);
        try (Bench bench = new Bench(DType.F32)) {
            FlowRl flowRl = FlowRlSettings.recipe202512().create(bench.context(WIDTH));
            double[] whole = inParts(bench, flowRl, all, 1);
            double[] cut = inParts(bench, flowRl, all, parts);

            double largest = Arrays.stream(whole).map(Math::abs).max().orElseThrow();
            assertThat(cut).containsExactly(whole, within(1e-6 * largest));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void residualAndLossAgreeWithFiniteDifferences(boolean lengthNormalised) {
        FlowRlSettings settings =
                FlowRlSettings.paper().withWeight(weightOne()).withLengthNormalised(lengthNormalised);
        try (Bench bench = new Bench(DType.F64); GradCheck check = GradCheck.open()) {
            Batch batch = bench.batch(HAND_CASE);
            double[] logProbs = Bench.flat(HAND_CASE.logProbs());
            Tensor policy = check.scope().of(logProbs, logProbs.length);
            Tensor logZ = check.scope().of(HAND_LOG_Z, 2);

            check.check((tape, in) -> FlowRl.terms(settings, in.get(0), in.get(1), batch).residual(), policy, logZ)
                    .requireBelow(1e-6);
            check.check((tape, in) -> FlowRl.terms(settings, in.get(0), in.get(1), batch).loss(), policy, logZ)
                    .requireBelow(1e-6);
        }
    }

    /// The weight is constant for the tape and not for differences, so it is held at 1.
    @Test
    void theLossWithItsNetAgreesWithFiniteDifferences() {
        FlowRlSettings settings = FlowRlSettings.paper().withWeight(weightOne()).withDropout(0.3);
        try (Bench bench = new Bench(DType.F64); GradCheck check = GradCheck.open()) {
            FlowRl flowRl = settings.create(new ObjectiveSettings.Context(check.backend(), check.scope(), DType.F64,
                    WIDTH, RandomKey.of(4)));
            Batch batch = bench.batch(HAND_CASE);
            double[] logProbs = Bench.flat(HAND_CASE.logProbs());

            check.check((tape, in) -> flowRl.loss(new PolicyOutput(in.get(0), null, in.get(1)), batch,
                            new MetricSums()), Bench.stores(flowRl), check.scope().of(logProbs, logProbs.length),
                    check.scope().of(means(bench, 2).toDoubles(), 2, WIDTH)).requireBelow(1e-6);
        }
    }

    /// {@link #TWO} with β = 2, R = 1 and 0, log Z = 0.5.
    @Test
    void metricsAreThoseOfTheBatch() {
        FlowRlSettings settings = FlowRlSettings.recipe202512().withBeta(2)
                .withLogZ(new LogZSettings.Constant(0.5));
        MetricSums metrics = new MetricSums();
        try (Bench bench = new Bench(DType.F64)) {
            FlowRl flowRl = settings.create(bench.context(WIDTH));
            bench.run((tape, in) -> flowRl.loss(new PolicyOutput(in.getFirst(), null, null), bench.batch(TWO),
                    metrics), bench.packed(TWO.logProbs()));
        }
        double ratio = Math.exp(3);
        // δ = 0.5 + 0.3 − 2 = −1.2 and 0.5 − 0.9 = −0.4.
        Map<String, Double> expected = Map.ofEntries(Map.entry("flowrl/log_z", 0.5), Map.entry("flowrl/log_z_std", 0.0),
                Map.entry("flowrl/residual_mean", -0.8), Map.entry("flowrl/residual_std", 0.4),
                Map.entry("flowrl/attained_log_ratio", (0.3 + 0.9) / 2),
                Map.entry("flowrl/demanded_log_ratio", (1.5 + 0.5) / 2),
                Map.entry("policy/kl_to_old", -3.0 / 3),
                Map.entry("policy/kl_to_reference", (0.2 + 0.4 - 0.9) / 3), Map.entry("ratio/mean", (ratio + 1) / 2),
                Map.entry("ratio/max", ratio), Map.entry("ratio/clipped_share", 0.5));
        assertThat(metrics.values()).containsOnlyKeys(expected.keySet());
        // 1e-8 beside the counts.
        expected.forEach((name, value) -> assertThat(metrics.values().get(name)).as(name)
                .isCloseTo(value, within(1e-7)));
    }

    /// log W is 2.6 and −0.3, the bounds are ±0.2 around 1.
    @Test
    void aRatioBelowThePapersLowerBoundCountsAsClippedToo() {
        MetricSums metrics = new MetricSums();
        try (Bench bench = new Bench(DType.F64)) {
            FlowRl flowRl = FlowRlSettings.paper().withDropout(0).create(bench.context(WIDTH));
            loss(bench, flowRl, HAND_CASE, means(bench, 2), metrics);
        }
        assertThat(metrics.values()).containsEntry("ratio/clipped_share", 1.0);
    }

    /// Sums of 0.6 and −0.9 over 2 tokens and 1, demands of 2 · 1 − 0.5 and −0.5: reported per token as ever.
    @Test
    void withoutLengthNormalisationLogRatiosAreReportedPerToken() {
        FlowRlSettings settings = FlowRlSettings.recipe202512().withBeta(2).withLengthNormalised(false)
                .withLogZ(new LogZSettings.Constant(0.5));
        MetricSums metrics = new MetricSums();
        try (Bench bench = new Bench(DType.F64)) {
            FlowRl flowRl = settings.create(bench.context(WIDTH));
            bench.run((tape, in) -> flowRl.loss(new PolicyOutput(in.getFirst(), null, null), bench.batch(TWO),
                    metrics), bench.packed(TWO.logProbs()));
        }
        // 1e-8 beside the count of R's tokens.
        assertThat(metrics.values().get("flowrl/attained_log_ratio")).isCloseTo((0.6 / 2 + 0.9) / 2, within(1e-7));
        assertThat(metrics.values().get("flowrl/demanded_log_ratio")).isCloseTo((1.5 / 2 + 0.5) / 2, within(1e-7));
    }

    /// Of 200 groups with mean 0.5 and deviation 2: the mean's own deviation is 0.14, the deviation's 0.1.
    @Test
    void aNoisyLogZIsDrawnForEachPromptAndSharedByItsResponses() {
        FlowRlSettings settings = FlowRlSettings.recipe202512().withLogZ(new LogZSettings.Noise(0.5, 2));
        List<Response> responses = IntStream.range(0, 400).mapToObj(i -> new Response(i / 2, i % 2, new int[] {1},
                new int[1], new float[1], true, "", new Verdict.Wrong(0))).toList();
        List<float[]> zeros = responses.stream().map(Response::logProbs).toList();
        ScoredRollout scored = new ScoredRollout(new Rollout(responses, 200), List.of(), zeros, zeros, zeros, null);
        try (Bench bench = new Bench(DType.F64)) {
            FlowRl flowRl = settings.create(bench.context(WIDTH));
            double[] logZ = flowRl.targets(scored, RandomKey.of(1), new MetricSums()).logZ();
            double[] ofGroups = IntStream.range(0, 200).mapToDouble(group -> logZ[2 * group]).toArray();
            assertThat(IntStream.range(0, 200).mapToDouble(group -> logZ[2 * group + 1])).containsExactly(
                    Arrays.stream(ofGroups).boxed().toArray(Double[]::new));
            double mean = Arrays.stream(ofGroups).average().orElseThrow();
            double variance = Arrays.stream(ofGroups).map(z -> (z - mean) * (z - mean)).average().orElseThrow();
            assertThat(mean).isCloseTo(0.5, within(0.7));
            assertThat(Math.sqrt(variance)).isCloseTo(2, within(0.5));
            assertThat(flowRl.targets(scored, RandomKey.of(2), new MetricSums()).logZ()).isNotEqualTo(logZ);
        }
    }

    @Test
    void aBatchWithoutReferenceIsRefused() {
        try (Bench bench = new Bench(DType.F64); Tape tape = Tape.inference(bench.backend(), bench.scope())) {
            Batch full = bench.batch(HAND_CASE);
            Batch batch = new Batch(full.starts(), full.lengths(), full.rowIds(),
                    new Batch.Scores(full.oldLogProbs(), full.oldLogProbs(), null, null), full.aims(), 2, 8, 16,
                    full.key());
            Var logProbs = tape.constant(bench.packed(HAND_CASE.logProbs()));
            Var logZ = tape.constant(bench.tensor(HAND_LOG_Z, 2));

            assertThatThrownBy(() -> FlowRl.terms(FlowRlSettings.paper(), logProbs, logZ, batch))
                    .hasMessage("flowrl: batch of 2 responses must have referenceLogProbs");
        }
    }

    /// exp(clamp(log W, 0, 0)).
    private static Weight weightOne() {
        return new Weight.Clip(1, 1);
    }

    private static Bench.Outcome terms(Bench bench, FlowRlSettings settings, Bench.Responses responses,
            double... logZ) {
        return bench.run((tape, in) -> FlowRl.terms(settings, in.get(0), in.get(1), bench.batch(responses)).loss(),
                bench.packed(responses.logProbs()), bench.tensor(logZ, logZ.length));
    }

    private static Bench.Outcome loss(Bench bench, FlowRl flowRl, Bench.Responses responses, Tensor means,
            MetricSums metrics) {
        return bench.run((tape, in) -> flowRl.loss(new PolicyOutput(in.get(0), null, in.get(1)),
                bench.batch(responses), metrics), bench.gradients(Bench.stores(flowRl)),
                bench.packed(responses.logProbs()), means);
    }

    /// Loss, gradients of the net's parameters, of the log-probabilities and of the prompt means of a mini-batch of
    /// eight that is computed in `parts` batches.
    private static double[] inParts(Bench bench, FlowRl flowRl, Bench.Responses all, int parts) {
        Gradients gradients = bench.gradients(Bench.stores(flowRl));
        Tensor means = means(bench, all.rows());
        long tokens = Arrays.stream(all.lengths()).sum();
        int size = all.rows() / parts;
        double loss = 0;
        double[][] towardsLogProbs = new double[parts][];
        double[][] towardsMeans = new double[parts][];
        for (int part = 0; part < parts; part++) {
            int from = part * size;
            Bench.Responses own = all.slice(from, from + size);
            Batch batch = bench.batch(own, from, all.rows(), tokens);
            Bench.Outcome outcome = bench.run((tape, in) -> flowRl.loss(new PolicyOutput(in.get(0), null, in.get(1)),
                    batch, new MetricSums()), gradients, bench.packed(own.logProbs()), means.slice(from, size));
            loss += outcome.loss();
            towardsLogProbs[part] = outcome.inputs().get(0);
            towardsMeans[part] = outcome.inputs().get(1);
        }
        return Bench.flat(new double[][] {{loss}, gradients.arena(Bench.stores(flowRl).getFirst()).toDoubles(),
            Bench.flat(towardsLogProbs), Bench.flat(towardsMeans)});
    }

    /// Responses of 9 tokens and these advantages, of a policy that is its own reference and sampler.
    private static Bench.Responses onPolicy(double... advantages) {
        double[][] logProbs = new double[advantages.length][9];
        double[][] broadcast = new double[advantages.length][9];
        for (int i = 0; i < advantages.length; i++) {
            for (int t = 0; t < 9; t++) {
                logProbs[i][t] = -2 * RandomKey.of(i).uniform(t);
            }
            Arrays.fill(broadcast[i], advantages[i]);
        }
        return new Bench.Responses(logProbs, logProbs, logProbs, broadcast);
    }

    private static Tensor means(Bench bench, int rows) {
        return bench.tensor(IntStream.range(0, rows * WIDTH).mapToDouble(RandomKey.of(8)::normal).toArray(), rows,
                WIDTH);
    }

    private static double meanSquare(double[] values) {
        return Arrays.stream(values).map(x -> x * x).average().orElseThrow();
    }
}
