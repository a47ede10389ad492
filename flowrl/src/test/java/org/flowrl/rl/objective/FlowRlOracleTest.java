package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The loss, its gradients and the log Z net against the authors' own functions in F64. Gradients at padding, which
/// packed responses do not have, are recorded as 0.
class FlowRlOracleTest {
    /// Rounding of some hundred F64 operations on losses up to a few hundred; the bar of the specification.
    private static final Offset<Double> ROUNDING = within(1e-9);
    private static final String RELEASED = "flowrl/flowrl-loss-vectors.json";
    private static final String VERL = "oracle/rl-losses.json";

    static Stream<JsonNode> releasedCases() {
        return stream(ReferenceVectors.read(RELEASED).get("cases"));
    }

    static Stream<JsonNode> verlCases() {
        return stream(ReferenceVectors.read(VERL).get("cases"));
    }

    static Stream<JsonNode> netCases() {
        return stream(ReferenceVectors.read(RELEASED).get("proj_z"));
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("releasedCases")
    void theReleasedLossOfTheFirstPublicCode(JsonNode test) {
        double[] logZ = ReferenceVectors.matrix(test.get("inputs").get("log_z"));
        requireSame(FlowRlSettings.released202509(), ReferenceVectors.released(test), logZ,
                test.get("compute_flowrl_objective"), "grad_logpf");
    }

    /// The functions of the first public code that have no weight: trajectory balance with β = 1, and FlowRL's residual
    /// beside PPO's clipped loss.
    @ParameterizedTest(name = "case {index}")
    @MethodSource("releasedCases")
    void trajectoryBalanceWithoutAWeightAndBesideAClippedLoss(JsonNode test) {
        Bench.Responses all = ReferenceVectors.released(test);
        double[] logZ = ReferenceVectors.matrix(test.get("inputs").get("log_z"));
        FlowRlSettings unweighted = FlowRlSettings.released202509().withWeight(new Weight.One());
        requireSame(unweighted.withBeta(1), all, logZ, test.get("compute_orignal_tb_loss"), "grad_logpf");
        requireSame(unweighted.withVariations(Variations.none().withPolicyTerm(test.get("clip_ratio").doubleValue())),
                all, logZ, test.get("compute_ppo_style_tb_loss"), "grad_logpf");
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("verlCases")
    void theReleasedAndThePapersWeight(JsonNode test) {
        double[] logZ = ReferenceVectors.numbers(test.get("inputs").get("log_z"));
        JsonNode losses = test.get("expected");
        Bench.Responses responses = ReferenceVectors.verl(test);
        requireSame(FlowRlSettings.released202509(), responses, logZ,
                losses.get("flowrl_released_code_unclipped_weight"), "grad_log_prob");
        requireSame(FlowRlSettings.paper(), responses, logZ, losses.get("flowrl_paper_clipped_weight_0.2"),
                "grad_log_prob");
    }

    @ParameterizedTest(name = "case {index}")
    @MethodSource("netCases")
    void theLogZNetAndItsGradients(JsonNode test) {
        int width = test.get("hidden").intValue();
        double[] x = ReferenceVectors.matrix(test.get("x"));
        int rows = test.get("x").size();
        try (Bench bench = new Bench(DType.F64)) {
            ParameterStore store = new ParameterStore(bench.backend(), bench.scope(), DType.F64);
            LogZ net = LogZ.declare(store.root(), width, test.get("num_layers").intValue(), 0.1);
            store.allocate();
            test.get("state_dict").properties().forEach(entry -> store.set(store.named(entry.getKey()),
                    values(entry.getValue())));
            store.repack();
            Tensor means = bench.tensor(x, rows, width);
            Tensor ranks = bench.tensor(IntStream.rangeClosed(1, rows).asDoubleStream().toArray(), rows);
            Gradients gradients = bench.gradients(List.of(store));

            Bench.Outcome outcome = bench.run((tape, in) -> Reductions.sum(Pointwise.multiply(
                    net.forward(in.getFirst(), Optional.empty()), tape.constant(ranks))), gradients, means);

            assertThat(net.estimate(bench.backend(), bench.scope(), means))
                    .containsExactly(ReferenceVectors.matrix(test.get("y")), ROUNDING);
            assertThat(outcome.inputs().getFirst())
                    .containsExactly(ReferenceVectors.matrix(test.get("grad_x")), ROUNDING);
            assertThat(store.parameters()).hasSize(test.get("grad").size());
            test.get("grad").properties().forEach(entry ->
                    assertThat(gradients.of(store.named(entry.getKey())).toDoubles()).as(entry.getKey())
                            .containsExactly(values(entry.getValue()), ROUNDING));
        }
    }

    private static void requireSame(FlowRlSettings settings, Bench.Responses responses, double[] logZ,
            JsonNode expected, String gradientName) {
        try (Bench bench = new Bench(DType.F64)) {
            Bench.Outcome outcome = bench.run((tape, in) ->
                    FlowRl.terms(settings, in.get(0), in.get(1), bench.batch(responses)).loss(),
                    bench.packed(responses.logProbs()), bench.tensor(logZ, logZ.length));

            assertThat(outcome.loss()).isCloseTo(expected.get("loss").doubleValue(), ROUNDING);
            double[][] gradient = ReferenceVectors.unpadded(expected.get(gradientName), responses.lengths());
            assertThat(outcome.inputs().get(0)).containsExactly(Bench.flat(gradient), ROUNDING);
            assertThat(outcome.inputs().get(1)).containsExactly(values(expected.get("grad_log_z")), ROUNDING);
        }
    }

    private static double[] values(JsonNode list) {
        return list.get(0).isArray() ? ReferenceVectors.matrix(list) : ReferenceVectors.numbers(list);
    }

    private static Stream<JsonNode> stream(JsonNode list) {
        return IntStream.range(0, list.size()).mapToObj(list::get);
    }
}
