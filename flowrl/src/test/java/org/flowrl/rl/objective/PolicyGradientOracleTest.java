package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.ops.Head;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.Var;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;
import org.flowrl.rl.Targets;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every advantage, return, policy loss, aggregation, penalty and value loss, with its gradient, against verl's
/// functions in F64, of 2025 (within FlowRL's first public code, 0.4.0) and of January 2026.
class PolicyGradientOracleTest {
    /// Rounding of F64, and the bar of the specification.
    private static final Offset<Double> ROUNDING = within(1e-9);
    /// Added to the number of tokens that a mean divides by in 0.4.0; later versions divide by the number, except in
    /// what they log.
    private static final double RELEASED_COUNT_EPSILON = 1e-8;
    /// Both versions were run with these, whatever a case's `clip_ratio` says: case 6 of the older, the only one in
    /// which a clip acts, agrees with them alone.
    private static final ClippedLoss CLIPPED = new ClippedLoss(0.2, 0.28, 3, 20);
    private static final String RELEASED = "flowrl/flowrl-loss-vectors.json";
    private static final String VERL = "oracle/rl-losses.json";

    static Stream<JsonNode> releasedCases() {
        return stream(ReferenceVectors.read(RELEASED).get("cases"));
    }

    static Stream<JsonNode> verlCases() {
        return stream(ReferenceVectors.read(VERL).get("cases"));
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("releasedCases")
    void advantagesOfTheFirstPublicCode(JsonNode test) {
        JsonNode inputs = test.get("inputs");
        double[][] rewards = terminal(inputs.get("scalar_reward"),
                ReferenceVectors.lengths(inputs.get("response_mask")));
        requireAdvantages(outcome(Advantages.GROUP_STD, false), rewards, inputs, test.get("grpo_advantage_std_norm"));
        requireAdvantages(outcome(Advantages.GROUP_MEAN, false), rewards, inputs,
                test.get("grpo_advantage_mean_only"));
        requireAdvantages(outcome(Advantages.LEAVE_ONE_OUT, false), rewards, inputs, test.get("rloo_advantage"));
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("verlCases")
    void advantagesOfVerlThatAreTheSameForAllTokens(JsonNode test) {
        JsonNode expected = test.get("expected").get("advantages");
        JsonNode inputs = test.get("inputs");
        double[][] rewards = terminal(inputs.get("reward"), ReferenceVectors.verl(test).lengths());
        requireAdvantages(outcome(Advantages.GROUP_STD, false), rewards, inputs, expected.get("grpo"));
        requireAdvantages(outcome(Advantages.GROUP_MEAN, false), rewards, inputs, expected.get("grpo_no_std"));
        requireAdvantages(outcome(Advantages.LEAVE_ONE_OUT, false), rewards, inputs, expected.get("rloo"));
        requireAdvantages(outcome(Advantages.GROUP_MEAN, true), rewards, inputs,
                expected.get("reinforce_pp_baseline"));
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("verlCases")
    void advantagesAndReturnsOfVerlWithAPenaltyInTheReward(JsonNode test) {
        JsonNode expected = test.get("expected");
        JsonNode inputs = test.get("inputs");
        Bench.Responses responses = ReferenceVectors.verl(test);
        double[][] rewards = penalised(inputs.get("reward"), responses);
        double[][] values = ReferenceVectors.unpadded(inputs.get("values"), responses.lengths());

        requireAdvantages(new Estimator.ReturnsToGo(1, true), rewards, inputs,
                expected.get("advantages").get("reinforce_pp_gamma1_kl0.01"));
        requireSame(new Estimator.ReturnsToGo(1, false).estimate(rewards, null, null).advantages(),
                expected.get("returns").get("reinforce_pp_gamma1_kl0.01"));
        Targets gae = new Estimator.Gae(0.99, 0.95, true, CriticSettings.defaults()).estimate(rewards, null, values);
        requireSame(gae.advantages(), expected.get("advantages").get("gae_gamma0.99_lam0.95_whitened"));
        requireSame(gae.returns(), expected.get("returns").get("gae_gamma0.99_lam0.95"));
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("releasedCases")
    void clippedLossOfTheFirstPublicCode(JsonNode test) {
        JsonNode expected = test.get("ppo_policy_loss_token_mean");
        requireLoss(CLIPPED, new Aggregation.TokenMean(RELEASED_COUNT_EPSILON), ReferenceVectors.released(test),
                new Expected(expected.get("pg_loss"), expected.get("grad"), expected.get("clipfrac"),
                        expected.get("ppo_kl"), expected.get("clipfrac_lower")));
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("verlCases")
    void policyLossesOfVerl(JsonNode test) {
        JsonNode losses = test.get("expected").get("policy_loss");
        Bench.Responses responses = ReferenceVectors.verl(test);
        // Padded rows, whose width is what verl divides by, are as long as the longest response.
        int width = Arrays.stream(responses.lengths()).max().orElseThrow();
        Map<String, Aggregation> aggregations = Map.of("token-mean", Aggregation.TOKEN_MEAN,
                "seq-mean-token-sum", new Aggregation.SeqMeanTokenSum(),
                "seq-mean-token-mean", new Aggregation.SeqMeanTokenMean(Aggregation.SeqMeanTokenMean.COUNT_EPSILON),
                "seq-mean-token-sum-norm", new Aggregation.SeqMeanTokenSumNorm(width, false));
        aggregations.forEach((name, aggregation) -> requireLoss(CLIPPED, aggregation, responses,
                Expected.of(losses.get("ppo_clip_0.2_0.28_dual3_" + name))));
        requireLoss(new PolicyLoss.Gspo(0.05, 0.08, 10), aggregations.get("seq-mean-token-mean"), responses,
                Expected.of(losses.get("gspo_0.05_0.08")));
        requireLoss(new PolicyLoss.Cispo(0.2, 0.28, 20), Aggregation.TOKEN_MEAN, responses,
                Expected.of(losses.get("cispo_0.2_0.28_token-mean")));
    }

    /// 0.4.0 does not bound q, which never comes near its bound here.
    @ParameterizedTest(name = "case {index}")
    @MethodSource("releasedCases")
    void penaltiesOfTheFirstPublicCode(JsonNode test) {
        Bench.Responses responses = ReferenceVectors.released(test);
        Map<String, KlEstimate> names = Map.of("kl", KlEstimate.K1, "abs", KlEstimate.ABS, "mse", KlEstimate.K2,
                "low_var_kl", KlEstimate.K3);
        try (Bench bench = new Bench(DType.F64)) {
            Batch batch = bench.batch(responses);
            names.forEach((name, estimate) -> {
                double[] expected = Bench.flat(
                        ReferenceVectors.unpadded(test.get("kl_penalty").get(name), responses.lengths()));
                bench.run((tape, in) -> {
                    Var penalty = estimate.perToken(in.getFirst(), batch.referenceLogProbs());
                    assertThat(penalty.value().toDoubles()).as(name).containsExactly(expected, ROUNDING);
                    return Reductions.sum(penalty);
                }, bench.packed(responses.logProbs()));
                double[] policy = Bench.flat(responses.logProbs());
                double[] reference = Bench.flat(responses.reference());
                assertThat(IntStream.range(0, policy.length)
                        .mapToDouble(i -> estimate.perToken(policy[i], reference[i])).toArray())
                        .as(name + " in the reward").containsExactly(expected, ROUNDING);
            });
        }
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("verlCases")
    void penaltiesOfVerl(JsonNode test) {
        Bench.Responses responses = ReferenceVectors.verl(test);
        Map<String, KlEstimate> names = Map.of("k1", KlEstimate.K1, "abs", KlEstimate.ABS, "k2", KlEstimate.K2, "k3",
                KlEstimate.K3);
        names.forEach((name, estimate) -> {
            JsonNode expected = test.get("expected").get("kl").get(name);
            // The loss of advantages 0 is the penalty alone.
            Bench.Responses still = responses.withAdvantages(Arrays.stream(responses.lengths())
                    .mapToObj(double[]::new).toArray(double[][]::new));
            PolicyGradientSettings settings = PolicyGradientSettings.grpo()
                    .withPenalty(ReferencePenalty.inLoss(estimate, 1));
            try (Bench bench = new Bench(DType.F64)) {
                Bench.Outcome outcome = run(bench, settings, still, new MetricSums());

                assertThat(outcome.loss()).as(name).isCloseTo(expected.get("loss").doubleValue(), ROUNDING);
                double[][] gradient = ReferenceVectors.unpadded(expected.get("grad_log_prob"), responses.lengths());
                assertThat(outcome.inputs().getFirst()).as(name).containsExactly(Bench.flat(gradient), ROUNDING);
            }
        });
    }

    /// The recorded numbers are aggregates of the log-probabilities themselves.
    @ParameterizedTest(name = "case {index}")
    @MethodSource("releasedCases")
    void aggregationsOfTheFirstPublicCode(JsonNode test) {
        Bench.Responses responses = ReferenceVectors.released(test);
        int width = test.get("T").intValue();
        Map<String, Aggregation> aggregations = Map.of(
                "token-mean", new Aggregation.TokenMean(RELEASED_COUNT_EPSILON),
                "seq-mean-token-sum", new Aggregation.SeqMeanTokenSum(),
                "seq-mean-token-mean", new Aggregation.SeqMeanTokenMean(0),
                "seq-mean-token-sum-norm", new Aggregation.SeqMeanTokenSumNorm(width, false));
        try (Bench bench = new Bench(DType.F64)) {
            aggregations.forEach((name, aggregation) -> {
                Bench.Outcome outcome = bench.run((tape, in) -> aggregation.apply(in.getFirst(),
                        bench.batch(responses)), bench.packed(responses.logProbs()));
                assertThat(outcome.loss()).as(name)
                        .isCloseTo(test.get("agg_loss").get(name).doubleValue(), ROUNDING);
            });
        }
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("verlCases")
    void valueLossOfVerl(JsonNode test) {
        JsonNode expected = test.get("expected").get("value_loss_clip0.2");
        JsonNode inputs = test.get("inputs");
        int[] lengths = ReferenceVectors.verl(test).lengths();
        double[][] returns = ReferenceVectors.unpadded(
                test.get("expected").get("returns").get("gae_gamma0.99_lam0.95"), lengths);
        MetricSums metrics = new MetricSums();
        try (Bench bench = new Bench(DType.F64)) {
            Batch shape = bench.batch(ReferenceVectors.verl(test));
            Batch batch = new Batch(shape.starts(), shape.lengths(), shape.rowIds(),
                    new Batch.Scores(null, null, null,
                            bench.packed(ReferenceVectors.unpadded(inputs.get("values"), lengths))),
                    new Batch.Aims(null, bench.packed(returns), null), shape.miniBatchRows(),
                    shape.miniBatchTokens(), Bench.MAX_TOKENS, shape.key());
            CriticSettings settings = new CriticSettings(10, 0.2, CriticSettings.FACTOR, 0);
            Bench.Outcome outcome = bench.run((tape, in) -> Critic.loss(settings, Aggregation.TOKEN_MEAN,
                            in.getFirst(), batch, metrics),
                    bench.packed(ReferenceVectors.unpadded(inputs.get("value_pred"), lengths)));

            assertThat(outcome.loss()).isCloseTo(expected.get("loss").doubleValue(), ROUNDING);
            assertThat(outcome.inputs().getFirst()).containsExactly(Bench.flat(
                    ReferenceVectors.unpadded(expected.get("grad_value_pred"), lengths)), ROUNDING);
            requireShare(metrics, "value/clip_share", expected.get("clipfrac"), Arrays.stream(lengths).sum());
        }
    }

    /// Logits are the hidden states of a head whose matrix is the identity.
    @ParameterizedTest(name = "case {index}")
    @MethodSource("releasedCases")
    void logProbabilitiesAndEntropiesOfTheFirstPublicCode(JsonNode test) {
        JsonNode small = test.get("logits_small");
        int rows = small.get("logits").size();
        int words = small.get("logits").get(0).size();
        try (Bench bench = new Bench(DType.F64)) {
            ParameterStore store = new ParameterStore(bench.backend(), bench.scope(), DType.F64);
            Parameter identity = store.root().matrix("weight", Initializer.zeros(), words, words);
            store.allocate();
            store.set(identity, IntStream.range(0, words * words)
                    .mapToDouble(i -> i % (words + 1) == 0 ? 1 : 0).toArray());
            store.repack();
            int[] labels = Arrays.stream(ReferenceVectors.numbers(small.get("labels"))).mapToInt(x -> (int) x)
                    .toArray();
            Tensor targets = bench.scope().of(labels, rows);
            Tensor logits = bench.tensor(ReferenceVectors.matrix(small.get("logits")), rows, words);
            bench.run((tape, in) -> {
                Head.LogProbs head = Head.logProbs(in.getFirst(), identity, targets, 1);
                assertThat(head.logProb().value().toDoubles())
                        .containsExactly(ReferenceVectors.numbers(small.get("logprob")), ROUNDING);
                assertThat(head.entropy().value().toDoubles())
                        .containsExactly(ReferenceVectors.numbers(small.get("entropy")), ROUNDING);
                return Reductions.sum(Pointwise.add(head.logProb(), head.entropy()));
            }, bench.gradients(List.of(store)), logits);
        }
    }

    /// What a policy loss gave.
    private record Expected(JsonNode loss, JsonNode gradient, JsonNode clipShare, JsonNode kl,
            JsonNode dualClipShare) {
        static Expected of(JsonNode node) {
            JsonNode metrics = node.get("metrics");
            return new Expected(node.get("loss"), node.get("grad_log_prob"), metrics.get("actor/pg_clipfrac"),
                    metrics.get("actor/ppo_kl"), metrics.get("actor/pg_clipfrac_lower"));
        }
    }

    private static void requireLoss(PolicyLoss loss, Aggregation aggregation, Bench.Responses responses,
            Expected expected) {
        PolicyGradientSettings settings = PolicyGradientSettings.grpo().withReferencePenalty(0).withLoss(loss)
                .withAggregation(aggregation);
        MetricSums metrics = new MetricSums();
        String name = loss + " " + aggregation;
        try (Bench bench = new Bench(DType.F64)) {
            Bench.Outcome outcome = run(bench, settings, responses, metrics);

            assertThat(outcome.loss()).as(name).isCloseTo(expected.loss().doubleValue(), ROUNDING);
            assertThat(outcome.inputs().getFirst()).as(name).containsExactly(
                    Bench.flat(ReferenceVectors.unpadded(expected.gradient(), responses.lengths())), ROUNDING);
            int tokens = Arrays.stream(responses.lengths()).sum();
            requireShare(metrics, "policy/clip_share", expected.clipShare(), tokens);
            requireShare(metrics, "policy/kl_to_old", expected.kl(), tokens);
            if (loss instanceof ClippedLoss) {
                requireShare(metrics, "policy/dual_clip_share", expected.dualClipShare(), tokens);
            }
        }
    }

    /// The reference's logged means divide by the number of tokens + 1e-8 in both versions.
    private static void requireShare(MetricSums metrics, String name, JsonNode expected, int tokens) {
        assertThat(metrics.values().get(name) / (1 + RELEASED_COUNT_EPSILON / tokens)).as(name)
                .isCloseTo(expected.doubleValue(), ROUNDING);
    }

    private static Bench.Outcome run(Bench bench, PolicyGradientSettings settings, Bench.Responses responses,
            MetricSums metrics) {
        PolicyGradient objective = settings.create(bench.context(1));
        return bench.run((tape, in) -> objective.loss(new PolicyOutput(in.getFirst(), null, null),
                bench.batch(responses), metrics), bench.packed(responses.logProbs()));
    }

    private static Estimator outcome(Advantages advantages, boolean whitened) {
        return new Estimator.Outcome(advantages, whitened);
    }

    /// A response's reward at its last token.
    private static double[][] terminal(JsonNode rewards, int[] lengths) {
        double[] values = ReferenceVectors.numbers(rewards);
        double[][] tokens = new double[lengths.length][];
        for (int i = 0; i < lengths.length; i++) {
            tokens[i] = new double[lengths[i]];
            tokens[i][lengths[i] - 1] = values[i];
        }
        return tokens;
    }

    /// As {@link #terminal}, less 0.01 · k1 of each token.
    private static double[][] penalised(JsonNode rewards, Bench.Responses responses) {
        double[][] tokens = terminal(rewards, responses.lengths());
        for (int i = 0; i < tokens.length; i++) {
            for (int t = 0; t < tokens[i].length; t++) {
                tokens[i][t] -= 0.01
                        * KlEstimate.K1.perToken(responses.old()[i][t], responses.reference()[i][t]);
            }
        }
        return tokens;
    }

    private static void requireAdvantages(Estimator estimator, double[][] rewards, JsonNode inputs,
            JsonNode expected) {
        requireSame(estimator.estimate(rewards, ReferenceVectors.groups(inputs.get("group")), null).advantages(),
                expected);
    }

    private static void requireSame(double[][] actual, JsonNode padded) {
        int[] lengths = Arrays.stream(actual).mapToInt(row -> row.length).toArray();
        double[][] expected = ReferenceVectors.unpadded(padded, lengths);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).as("response " + i).containsExactly(expected[i], ROUNDING);
        }
    }

    private static Stream<JsonNode> stream(JsonNode list) {
        return IntStream.range(0, list.size()).mapToObj(list::get);
    }
}
