package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.flowrl.autograd.GradCheck;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.Policy;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.Qwen.Activations;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CriticTest {
    private static final List<Policy.Row> ROWS = List.of(new Policy.Row(new int[] {1, 2}, new int[] {3, 4, 5}),
            new Policy.Row(new int[] {6}, new int[] {7}));

    @Test
    void aCriticStartsAsThePolicyWithAHeadOfItsOwn() {
        try (Bench bench = new Bench(DType.F32)) {
            Policy policy = policy(bench.backend(), bench.scope(), DType.F32);
            Critic critic = critic(policy, bench.scope());
            List<AdamW.Group> modules = critic.modules();
            assertThat(modules.getFirst().store().arena().toDoubles())
                    .isEqualTo(policy.parameters().arena().toDoubles());
            assertThat(modules.getLast().store().parameters()).extracting(Object::toString)
                    .containsExactly("score.weight [1, 64]", "score.bias [1]");
            assertThat(modules).extracting(AdamW.Group::learningRateFactor).containsOnly(10.0);
        }
    }

    @Test
    void theValueBeforeATokenDependsOnTheTokensBeforeItAlone() {
        try (Bench bench = new Bench(DType.F32)) {
            Critic critic = critic(policy(bench.backend(), bench.scope(), DType.F32), bench.scope());
            float[] values = critic.score(bench.scope(), ROWS, 100).getFirst();
            float[] lastChanged = values(bench, critic, 3, 4, 6);
            float[] firstChanged = values(bench, critic, 6, 4, 5);
            assertThat(values).hasSize(3);
            assertThat(lastChanged).isEqualTo(values);
            assertThat(firstChanged[0]).isEqualTo(values[0]);
            assertThat(firstChanged[1]).isNotEqualTo(values[1]);
            assertThat(critic.score(bench.scope(), ROWS, 1).getFirst()).isEqualTo(values);
        }
    }

    /// V_old = 0 and clip ½: the loss is half of the larger of (V − R)² and (clamp(V, ±½) − R)²; where the clipped side
    /// is the larger, no gradient is left.
    @ParameterizedTest
    @CsvSource({"1, 2, 1.125, 0", "0.25, 2, 1.53125, -1.75", "-1, 2, 4.5, -3", "1, 0, 0.5, 1"})
    void aValueThatMovedFarTowardsItsReturnEarnsNothingMore(double value, double target, double loss,
            double gradient) {
        try (Bench bench = new Bench(DType.F64)) {
            Batch batch = batch(bench, new double[][] {{target}}, new double[][] {{0}});
            Bench.Outcome outcome = bench.run((tape, in) -> Critic.loss(CriticSettings.defaults(),
                    Aggregation.TOKEN_MEAN, in.getFirst(), batch, new MetricSums()), bench.packed(
                    new double[][] {{value}}));
            assertThat(outcome.loss()).isCloseTo(loss, within(1e-12));
            assertThat(outcome.inputs().getFirst()).containsExactly(new double[] {gradient}, within(1e-12));
        }
    }

    /// Towards the head's weights; the model's own gradients have their tests.
    @Test
    void theLossAgreesWithFiniteDifferences() {
        try (Bench bench = new Bench(DType.F64); GradCheck check = GradCheck.open()) {
            Critic critic = critic(policy(check.backend(), check.scope(), DType.F64), check.scope());
            critic.modules().getFirst().store().freeze();
            ParameterStore head = critic.modules().getLast().store();
            Batch batch = batch(bench, new double[][] {{1, 0.5, -1}, {0.25}}, new double[][] {{0.9, 0, 0}, {0}});
            check.check((tape, in) -> critic.loss(critic.values(tape, ROWS, Activations.KEPT), batch,
                    new MetricSums()), List.of(head)).requireBelow(1e-6);
        }
    }

    private static float[] values(Bench bench, Critic critic, int... response) {
        return critic.score(bench.scope(), List.of(new Policy.Row(new int[] {1, 2}, response)), 100).getFirst();
    }

    private static Batch batch(Bench bench, double[][] returns, double[][] old) {
        Batch shape = bench.batch(new Bench.Responses(returns, returns, returns, returns));
        return new Batch(shape.starts(), shape.lengths(), shape.rowIds(),
                new Batch.Scores(null, null, null, bench.packed(old)),
                new Batch.Aims(null, bench.packed(returns), null), shape.miniBatchRows(), shape.miniBatchTokens(),
                Bench.MAX_TOKENS, shape.key());
    }

    private static Critic critic(Policy policy, Scope scope) {
        return Critic.create(CriticSettings.defaults(), Aggregation.TOKEN_MEAN,
                ObjectiveSettings.Context.of(policy, scope, RandomKey.of(4)));
    }

    private static Policy policy(Backend backend, Scope scope, DType dtype) {
        ParameterStore store = new ParameterStore(backend, scope, dtype);
        Qwen model = Qwen.declare(store.root(), QwenConfig.tiny(8, 64, 1, 16));
        store.allocate();
        store.initialize(RandomKey.of(1));
        return new Policy(backend, model, store);
    }
}
