package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.flowrl.autograd.Var;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;
import org.flowrl.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Advantages, clipped loss, penalty and aggregation against verl's functions in F64, of 2025 (within FlowRL's first
/// public code, 0.4.0) and of January 2026.
class GrpoOracleTest {
    /// Rounding of F64, and the bar of the specification.
    private static final Offset<Double> ROUNDING = within(1e-9);
    /// Added to the number of tokens that a mean divides by in 0.4.0; later versions divide by the number.
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
        int[] lengths = ReferenceVectors.lengths(inputs.get("response_mask"));
        requireAdvantages(Advantages.GROUP_STD, inputs, "scalar_reward", lengths, test.get("grpo_advantage_std_norm"));
        requireAdvantages(Advantages.GROUP_MEAN, inputs, "scalar_reward", lengths,
                test.get("grpo_advantage_mean_only"));
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("verlCases")
    void advantagesOfVerl(JsonNode test) {
        JsonNode expected = test.get("expected").get("advantages");
        int[] lengths = ReferenceVectors.verl(test).lengths();
        requireAdvantages(Advantages.GROUP_STD, test.get("inputs"), "reward", lengths, expected.get("grpo"));
        requireAdvantages(Advantages.GROUP_MEAN, test.get("inputs"), "reward", lengths, expected.get("grpo_no_std"));
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("releasedCases")
    void clippedLossOfTheFirstPublicCode(JsonNode test) {
        JsonNode expected = test.get("ppo_policy_loss_token_mean");
        requireLoss(ReferenceVectors.released(test), RELEASED_COUNT_EPSILON, expected.get("pg_loss"),
                expected.get("grad"), expected.get("clipfrac"));
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("verlCases")
    void clippedLossOfVerl(JsonNode test) {
        JsonNode expected = test.get("expected").get("policy_loss").get("ppo_clip_0.2_0.28_dual3_token-mean");
        requireLoss(ReferenceVectors.verl(test), 0, expected.get("loss"), expected.get("grad_log_prob"),
                expected.get("metrics").get("actor/pg_clipfrac"));
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("releasedCases")
    void penaltyOfTheFirstPublicCode(JsonNode test) {
        Bench.Responses responses = ReferenceVectors.released(test);
        double[][] expected =
                ReferenceVectors.unpadded(test.get("kl_penalty").get("low_var_kl"), responses.lengths());
        try (Bench bench = new Bench(DType.F64)) {
            Batch batch = bench.batch(responses);
            bench.run((tape, in) -> {
                Var penalty = ReferencePenalty.defaults().perToken(in.getFirst(), batch);
                assertThat(penalty.value().toDoubles()).containsExactly(Bench.flat(expected), ROUNDING);
                return Aggregation.TOKEN_MEAN.apply(penalty, batch);
            }, bench.packed(responses.logProbs()));
        }
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("verlCases")
    void penaltyOfVerl(JsonNode test) {
        Bench.Responses responses = ReferenceVectors.verl(test);
        JsonNode expected = test.get("expected").get("kl").get("k3");
        try (Bench bench = new Bench(DType.F64)) {
            Batch batch = bench.batch(responses);
            Bench.Outcome outcome = bench.run((tape, in) -> Aggregation.TOKEN_MEAN.apply(
                    ReferencePenalty.defaults().perToken(in.getFirst(), batch), batch),
                    bench.packed(responses.logProbs()));

            assertThat(outcome.loss()).isCloseTo(expected.get("loss").doubleValue(), ROUNDING);
            double[][] gradient = ReferenceVectors.unpadded(expected.get("grad_log_prob"), responses.lengths());
            assertThat(outcome.inputs().getFirst()).containsExactly(Bench.flat(gradient), ROUNDING);
        }
    }

    /// The recorded numbers are means of the log-probabilities themselves.
    @ParameterizedTest(name = "case {index}")
    @MethodSource("releasedCases")
    void tokenMeanOfTheFirstPublicCode(JsonNode test) {
        Bench.Responses responses = ReferenceVectors.released(test);
        try (Bench bench = new Bench(DType.F64)) {
            Bench.Outcome outcome = bench.run((tape, in) -> Aggregation.TOKEN_MEAN.apply(in.getFirst(),
                    bench.batch(responses)), bench.packed(responses.logProbs()));

            double expected = test.get("agg_loss").get("token-mean").doubleValue();
            assertThat(outcome.loss() / enlarged(responses, RELEASED_COUNT_EPSILON)).isCloseTo(expected, ROUNDING);
        }
    }

    private static void requireAdvantages(Advantages estimator, JsonNode inputs, String rewardName, int[] lengths,
            JsonNode expected) {
        double[] values = estimator.perResponse(ReferenceVectors.numbers(inputs.get(rewardName)),
                ReferenceVectors.groups(inputs.get("group")));
        double[][] tokens = ReferenceVectors.unpadded(expected, lengths);
        for (int i = 0; i < values.length; i++) {
            double[] broadcast = new double[lengths[i]];
            Arrays.fill(broadcast, values[i]);
            assertThat(tokens[i]).as(estimator + " of response " + i).containsExactly(broadcast, ROUNDING);
        }
    }

    private static void requireLoss(Bench.Responses responses, double countEpsilon, JsonNode loss, JsonNode gradient,
            JsonNode clipShare) {
        GrpoSettings settings = new GrpoSettings(Advantages.GROUP_STD, CLIPPED, Aggregation.TOKEN_MEAN,
                ReferencePenalty.defaults()).withPenaltyCoefficient(0);
        MetricSums metrics = new MetricSums();
        try (Bench bench = new Bench(DType.F64)) {
            Grpo grpo = settings.create(bench.context(1));
            Bench.Outcome outcome = bench.run((tape, in) -> grpo.loss(new PolicyOutput(in.getFirst(), null, null),
                    bench.batch(responses), metrics), bench.packed(responses.logProbs()));

            assertThat(outcome.loss() / enlarged(responses, countEpsilon)).isCloseTo(loss.doubleValue(), ROUNDING);
            assertThat(outcome.inputs().getFirst()).containsExactly(
                    Bench.flat(ReferenceVectors.unpadded(gradient, responses.lengths())), ROUNDING);
            // The reference's share divides by the number of tokens + 1e-8 in both versions.
            assertThat(metrics.values().get("policy/clip_share") / enlarged(responses, RELEASED_COUNT_EPSILON))
                    .isCloseTo(clipShare.doubleValue(), ROUNDING);
        }
    }

    /// (n + epsilon) / n, of n tokens.
    private static double enlarged(Bench.Responses responses, double epsilon) {
        return 1 + epsilon / Arrays.stream(responses.lengths()).sum();
    }

    private static Stream<JsonNode> stream(JsonNode list) {
        return IntStream.range(0, list.size()).mapToObj(list::get);
    }
}
