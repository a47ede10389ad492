package org.flowrl.autograd.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.flowrl.autograd.BackendFixture;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.ops.Products;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// In F64 on the reference backend. 1e-14 allows for the kernel's fused multiply-adds, which the loops here do not use.
class AdamWTest extends BackendFixture {
    private static final double ROUNDING = 1e-14;
    private static final AdamW.Settings UNCLIPPED = new AdamW.Settings(0.9, 0.999, 1e-8, 0, Double.POSITIVE_INFINITY);

    @Test
    void threeStepsAreThoseOfALoopByHand() {
        AdamW.Settings settings = new AdamW.Settings(0.8, 0.95, 1e-6, 0.1, 2);
        ParameterStore store = store(1, -2, 0.5);
        AdamW adam = new AdamW(settings, List.of(new AdamW.Group(store, 1)), scope);
        Gradients gradients = new Gradients(scope, List.of(store));
        double[] w = {1, -2, 0.5};
        double[] m = new double[3];
        double[] v = new double[3];
        // Joint norms √14 ≈ 3.7 (clipped to 2), 0.37 and 1.1 (not clipped).
        double[][] steps = {{1, 2, -3}, {0.1, -0.2, 0.3}, {-0.5, 0, 1}};
        for (int t = 1; t <= 3; t++) {
            double[] g = steps[t - 1];
            gradients.of(store.named("w")).copyFrom(g);
            AdamW.Result result = adam.step(gradients, 0.01 * t);
            double norm = Math.sqrt(g[0] * g[0] + g[1] * g[1] + g[2] * g[2]);
            double clip = Math.min(1, 2 / (norm + 1e-6));
            for (int i = 0; i < 3; i++) {
                double clipped = g[i] * clip;
                m[i] = 0.8 * m[i] + 0.2 * clipped;
                v[i] = 0.95 * v[i] + 0.05 * clipped * clipped;
                double mHat = m[i] / (1 - Math.pow(0.8, t));
                double vHat = v[i] / (1 - Math.pow(0.95, t));
                w[i] = w[i] - 0.01 * t * 0.1 * w[i] - 0.01 * t * mHat / (Math.sqrt(vHat) + 1e-6);
            }
            assertThat(result.gradientNorm()).isCloseTo(norm, within(ROUNDING));
            assertThat(result.applied()).isTrue();
            assertThat(values(store)).containsExactly(w, within(ROUNDING));
            assertThat(first(adam, store)).containsExactly(m, within(ROUNDING));
            assertThat(gradients.arena(store).toDoubles()).containsOnly(0);
        }
        assertThat(adam.steps()).isEqualTo(3);
    }

    @Test
    void theNormIsJointOverAllStores() {
        ParameterStore one = store(1, 1);
        ParameterStore two = store(1);
        AdamW adam = new AdamW(AdamW.Settings.defaults(), List.of(new AdamW.Group(one, 1), new AdamW.Group(two, 1)),
                scope);
        Gradients gradients = new Gradients(scope, List.of(one, two));
        gradients.of(one.named("w")).copyFrom(new double[] {3, 0});
        gradients.of(two.named("w")).copyFrom(new double[] {4});
        assertThat(adam.step(gradients, 0.1).gradientNorm()).isEqualTo(5);
        // (1 − beta1) · g / (5 + 1e-6)
        assertThat(first(adam, one)[0]).isCloseTo(0.1 * 3 / 5.000001, within(ROUNDING));
        assertThat(first(adam, two)[0]).isCloseTo(0.1 * 4 / 5.000001, within(ROUNDING));
    }

    @Test
    void gradientsBelowTheLimitAreNotScaled() {
        ParameterStore store = store(1);
        AdamW adam = new AdamW(AdamW.Settings.defaults(), List.of(new AdamW.Group(store, 1)), scope);
        Gradients gradients = new Gradients(scope, List.of(store));
        gradients.of(store.named("w")).copyFrom(new double[] {0.5});
        adam.step(gradients, 0.1);
        assertThat(first(adam, store)[0]).isCloseTo(0.05, within(ROUNDING));
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void aGradientThatIsNotFiniteChangesNothingButIsDropped(double bad) {
        ParameterStore one = store(1, 2);
        ParameterStore two = store(3);
        AdamW adam = new AdamW(AdamW.Settings.defaults().withWeightDecay(0.1),
                List.of(new AdamW.Group(one, 1), new AdamW.Group(two, 1)), scope);
        Gradients gradients = new Gradients(scope, List.of(one, two));
        gradients.of(one.named("w")).copyFrom(new double[] {0.1, 0.2});
        adam.step(gradients, 0.01);
        double[] weights = values(one);
        double[] moment = first(adam, one);
        gradients.of(one.named("w")).copyFrom(new double[] {1, 1});
        gradients.of(two.named("w")).copyFrom(new double[] {bad});
        AdamW.Result result = adam.step(gradients, 0.01);
        assertThat(result.applied()).isFalse();
        assertThat(Double.isFinite(result.gradientNorm())).isFalse();
        assertThat(adam.steps()).isEqualTo(1);
        assertThat(values(one)).isEqualTo(weights);
        assertThat(first(adam, one)).isEqualTo(moment);
        assertThat(gradients.arena(one).toDoubles()).containsOnly(0);
        assertThat(gradients.arena(two).toDoubles()).containsOnly(0);
    }

    @Test
    void decayIsDecoupledFromTheGradient() {
        ParameterStore store = store(2, -4);
        AdamW adam = new AdamW(UNCLIPPED.withWeightDecay(0.1), List.of(new AdamW.Group(store, 1)), scope);
        // Without a gradient w shrinks by the factor 1 − 0.5 · 0.1 and no moment arises.
        adam.step(new Gradients(scope, List.of(store)), 0.5);
        assertThat(values(store)).containsExactly(new double[] {1.9, -3.8}, within(ROUNDING));
        assertThat(first(adam, store)).containsOnly(0);
    }

    @Test
    void theFactorOfAGroupMultipliesItsLearningRateAndDecay() {
        ParameterStore slow = store(1);
        ParameterStore fast = store(1);
        AdamW adam = new AdamW(UNCLIPPED.withWeightDecay(0.1),
                List.of(new AdamW.Group(slow, 1), new AdamW.Group(fast, 10)), scope);
        Gradients gradients = new Gradients(scope, List.of(slow, fast));
        gradients.of(slow.named("w")).copyFrom(new double[] {0.5});
        gradients.of(fast.named("w")).copyFrom(new double[] {0.5});
        adam.step(gradients, 0.01);
        // The first step is rate · g / (|g| + epsilon) after the decay 1 − rate · 0.1.
        double unit = 0.5 / (0.5 + 1e-8);
        assertThat(values(slow)[0]).isCloseTo(1 - 0.001 - 0.01 * unit, within(ROUNDING));
        assertThat(values(fast)[0]).isCloseTo(1 - 0.01 - 0.1 * unit, within(ROUNDING));
    }

    @Test
    void productsReadTheUpdatedWeights() {
        ParameterStore store = new ParameterStore(backend, scope, DType.F64);
        Parameter w = store.root().matrix("w", Initializer.ones(), 1, 1);
        store.allocate();
        store.initialize(RandomKey.of(1));
        Gradients gradients = new Gradients(scope, List.of(store));
        gradients.of(w).copyFrom(new double[] {0.5});
        new AdamW(UNCLIPPED, List.of(new AdamW.Group(store, 1)), scope).step(gradients, 0.25);
        try (Tape tape = Tape.inference(backend, scope)) {
            Tensor one = scope.of(new double[] {1}, 1, 1);
            assertThat(Products.linear(tape.constant(one), w, null).value().item()).isEqualTo(w.value().item())
                    .isCloseTo(0.75, within(1e-7));
        }
    }

    @Test
    void aRunIsContinuedByStepAndMoments() {
        ParameterStore straight = store(1, -2);
        AdamW whole = new AdamW(UNCLIPPED, List.of(new AdamW.Group(straight, 1)), scope);
        ParameterStore broken = store(1, -2);
        AdamW before = new AdamW(UNCLIPPED, List.of(new AdamW.Group(broken, 1)), scope);
        for (int t = 0; t < 2; t++) {
            step(whole, straight, t);
            step(before, broken, t);
        }
        AdamW after = new AdamW(UNCLIPPED, List.of(new AdamW.Group(broken, 1)), scope);
        after.firstMoment(broken).copyFrom(before.firstMoment(broken));
        after.secondMoment(broken).copyFrom(before.secondMoment(broken));
        after.resume(before.steps());
        step(whole, straight, 2);
        step(after, broken, 2);
        assertThat(values(broken)).isEqualTo(values(straight));
    }

    @Test
    void settingsOutsideTheirRangesAreRefused() {
        assertThatThrownBy(() -> new AdamW.Settings(1, 0.999, 1e-8, 0, 1)).hasMessageContaining("beta1 1.0");
        assertThatThrownBy(() -> new AdamW.Settings(0.9, 0.999, 0, 0, 1)).hasMessageContaining("epsilon 0.0");
        assertThatThrownBy(() -> new AdamW.Settings(0.9, 0.999, 1e-8, -1, 1)).hasMessageContaining("weightDecay -1.0");
        assertThatThrownBy(() -> new AdamW.Settings(0.9, 0.999, 1e-8, 0, Double.NaN))
                .hasMessageContaining("maxGradientNorm NaN");
        assertThatThrownBy(() -> new AdamW.Settings(0.9, 0.999, 1e-8, 0, 1, DType.F16))
                .hasMessage("AdamW: moments F16 must be F32 or BF16");
    }

    @Test
    void groupsThatMakeNoSenseAreRefused() {
        ParameterStore store = store(1, -2);
        AdamW.Group group = new AdamW.Group(store, 1);
        assertThatThrownBy(() -> new AdamW(UNCLIPPED, List.of(group, new AdamW.Group(store, 0.1)), scope))
                .hasMessageStartingWith("AdamW: a store is in two groups");
        assertThatThrownBy(() -> new AdamW.Group(store, -1))
                .hasMessage("AdamW: learningRateFactor -1.0 must be at least 0 and finite");
        assertThatThrownBy(() -> new AdamW(UNCLIPPED, List.of(group), scope).resume(-1))
                .hasMessage("AdamW: resume after -1 steps, which must be 0 or more");
    }

    private void step(AdamW adam, ParameterStore store, int t) {
        Gradients gradients = new Gradients(scope, List.of(store));
        gradients.of(store.named("w")).copyFrom(new double[] {0.3 * t - 0.2, 1.0 / (t + 1)});
        adam.step(gradients, 0.01);
    }

    private ParameterStore store(double... values) {
        ParameterStore store = new ParameterStore(backend, scope, DType.F64);
        Parameter w = store.root().declare("w", Initializer.zeros(), values.length);
        store.allocate();
        store.set(w, values);
        return store;
    }

    private static double[] values(ParameterStore store) {
        return store.named("w").value().toDoubles();
    }

    /// The first moments of `w`, which is the arena's first parameter.
    private static double[] first(AdamW adam, ParameterStore store) {
        return adam.firstMoment(store).slice(0, store.parameterCount()).toDoubles();
    }
}
