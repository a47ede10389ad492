package org.flowrl.autograd.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.flowrl.autograd.BackendFixture;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.StochasticRounding;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// AdamW with moments in BF16. Statistics are over {@link #COUNT} elements, whose lots are independent.
class NarrowMomentsTest extends BackendFixture {
    private static final int COUNT = 4096;
    private static final AdamW.Settings WIDE = new AdamW.Settings(0.9, 0.999, 1e-8, 0, Double.POSITIVE_INFINITY);
    private static final AdamW.Settings NARROW =
            new AdamW.Settings(0.9, 0.999, 1e-8, 0, Double.POSITIVE_INFINITY, DType.BF16);

    @Override
    protected String device() {
        return "cpu";
    }

    /// Without gradients the second moment falls to 0.999^1000 = 0.368 of itself, though each step is a quarter of
    /// BF16's last digit at 1 and rounding to nearest would leave it where it is. A lot of chance f scatters by at most
    /// √(f(1−f)) of a digit; 1,000 lots of at most 1/4 and digits of at most 2^-8 by 0.053, the mean of 4,096 by
    /// 0.0009; five are allowed.
    @Test
    void theSecondMomentFallsAsItShould() {
        assertThat(DType.fromBfloat16(DType.toBfloat16(0.999f))).isEqualTo(1f);
        ParameterStore store = store();
        AdamW adam = optimizer(NARROW, store);
        Tensor ones = scope.zeros(DType.F32, store.elements());
        backend.elementwise().fill(ones, 1);
        backend.elementwise().convert(ones, adam.secondMoment(store));
        Gradients gradients = new Gradients(scope, List.of(store));
        for (int step = 0; step < 1000; step++) {
            adam.step(gradients, 1e-3);
        }
        assertThat(mean(wide(adam.secondMoment(store)))).isCloseTo(Math.pow(0.999, 1000), within(0.0045));
        assertThat(wide(adam.firstMoment(store))).containsOnly(0);
    }

    /// A first step from 0 leaves m = 0.1 · g and v = 0.001 · g² in F32. Each is rounded by its own 16 of the element's
    /// 32 bits: what is cut off carries where the lot lifts it over.
    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void theUpperBitsRoundTheFirstMomentAndTheLowerOnesTheSecond(String device) {
        float[] g = new float[COUNT];
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < COUNT; i++) {
            g[i] = (float) random.nextGaussian();
        }
        RandomKey lots = RandomKey.of(6);
        Tensor m = scope.zeros(DType.BF16, COUNT);
        Tensor v = scope.zeros(DType.BF16, COUNT);
        try (Backend own = Backends.open(device, 1).backend()) {
            own.optimizer().adamW(scope.zeros(DType.F32, COUNT), scope.of(g, COUNT), m, v,
                    new OptimizerKernels.AdamW(1e-3, 0.9, 0.999, 1e-8, 0, 1, 1, lots));
        }
        double[] expectedFirst = new double[COUNT];
        double[] expectedSecond = new double[COUNT];
        for (int i = 0; i < COUNT; i++) {
            int bits = StochasticRounding.bits(lots, i);
            float mean = Math.fma(g[i], (float) (1 - 0.9), 0f);
            float square = Math.fma(g[i] * g[i], (float) (1 - 0.999), 0f);
            expectedFirst[i] = Float.intBitsToFloat(Float.floatToRawIntBits(mean) + (bits >>> 16) & 0xffff0000);
            expectedSecond[i] = Float.intBitsToFloat(Float.floatToRawIntBits(square) + (bits & 0xffff) & 0xffff0000);
        }
        assertThat(wide(m)).containsExactly(expectedFirst);
        assertThat(wide(v)).containsExactly(expectedSecond);
    }

    /// Normal gradients for two thousand steps, with F32 moments and BF16 ones. Single elements scatter by what the
    /// settings' documentation says; of the first moment by 0.5 % of its own deviation √(0.1 / 1.9) = 0.23, less than
    /// its last digit. The means over 4,096 elements scatter by a 64th of that; five times as much is allowed.
    @Test
    void momentsFollowThoseOfF32() {
        ParameterStore exact = store();
        ParameterStore narrow = store();
        AdamW one = optimizer(WIDE, exact);
        AdamW two = optimizer(NARROW, narrow);
        Gradients gradients = new Gradients(scope, List.of(exact, narrow));
        SplittableRandom random = new SplittableRandom(3);
        float[] g = new float[COUNT];
        for (int step = 0; step < 2000; step++) {
            for (int i = 0; i < COUNT; i++) {
                g[i] = (float) random.nextGaussian();
            }
            gradients.of(exact.named("w")).copyFrom(g);
            one.step(gradients, 1e-4);
            gradients.of(narrow.named("w")).copyFrom(g);
            two.step(gradients, 1e-4);
        }
        double[] firstDifference = differences(one.firstMoment(exact), wide(two.firstMoment(narrow)));
        double[] v = wide(one.secondMoment(exact));
        double[] secondDifference = differences(one.secondMoment(exact), wide(two.secondMoment(narrow)));
        double[] relative = new double[COUNT];
        for (int i = 0; i < COUNT; i++) {
            relative[i] = secondDifference[i] / v[i];
        }
        assertThat(mean(relative)).isCloseTo(0, within(0.0028));
        assertThat(deviation(relative)).isCloseTo(0.035, within(0.002));
        assertThat(mean(firstDifference)).isCloseTo(0, within(1e-4));
        assertThat(deviation(firstDifference)).isCloseTo(0.00124, within(1e-4));
    }

    @Test
    void aRunIsContinuedToTheBit() {
        ParameterStore straight = store();
        AdamW whole = optimizer(NARROW, straight);
        ParameterStore broken = store();
        AdamW before = optimizer(NARROW, broken);
        for (int t = 0; t < 2; t++) {
            step(whole, straight, t);
            step(before, broken, t);
        }
        AdamW after = optimizer(NARROW, broken);
        after.firstMoment(broken).copyFrom(before.firstMoment(broken));
        after.secondMoment(broken).copyFrom(before.secondMoment(broken));
        after.resume(before.steps());
        step(whole, straight, 2);
        step(after, broken, 2);
        assertThat(broken.arena().toDoubles()).isEqualTo(straight.arena().toDoubles());
        assertThat(wide(after.secondMoment(broken))).isEqualTo(wide(whole.secondMoment(straight)));
    }

    /// Stores of one optimizer, runs of other keys and successive steps draw other lots.
    @Test
    void lotsAreDrawnForEachStoreKeyAndStep() {
        ParameterStore one = store();
        ParameterStore two = store();
        AdamW adam = new AdamW(NARROW, List.of(new AdamW.Group(one, 1), new AdamW.Group(two, 1)), scope,
                RandomKey.of(1));
        Gradients gradients = new Gradients(scope, List.of(one, two));
        backend.elementwise().fill(gradients.arena(one), 1);
        backend.elementwise().fill(gradients.arena(two), 1);
        adam.step(gradients, 1e-3);
        ParameterStore three = store();
        AdamW other = new AdamW(NARROW, List.of(new AdamW.Group(three, 1)), scope, RandomKey.of(2));
        step(other, three, 0);
        assertThat(wide(adam.secondMoment(one))).isNotEqualTo(wide(adam.secondMoment(two)))
                .isNotEqualTo(wide(other.secondMoment(three)));
    }

    @Test
    void parametersOfF64AreRefused() {
        Backend reference = Backends.open("reference", 1).backend();
        try (reference; Scope own = Scope.root("own", reference.memory())) {
            ParameterStore store = new ParameterStore(reference, own, DType.F64);
            store.root().declare("w", Initializer.zeros(), 3);
            store.allocate();
            assertThatThrownBy(() -> new AdamW(NARROW, List.of(new AdamW.Group(store, 1)), own))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("AdamW: moments BF16 need parameters of F32, not F64");
        }
    }

    private void step(AdamW adam, ParameterStore store, int t) {
        Gradients gradients = new Gradients(scope, List.of(store));
        backend.elementwise().fill(gradients.arena(store), 1.0 / (t + 1));
        adam.step(gradients, 0.01);
    }

    private ParameterStore store() {
        ParameterStore store = new ParameterStore(backend, scope, DType.F32);
        store.root().declare("w", Initializer.zeros(), COUNT);
        store.allocate();
        return store;
    }

    private AdamW optimizer(AdamW.Settings settings, ParameterStore store) {
        return new AdamW(settings, List.of(new AdamW.Group(store, 1)), scope);
    }

    private double[] wide(Tensor moment) {
        Tensor wide = scope.allocate(DType.F32, moment.elements());
        backend.elementwise().convert(moment, wide);
        return wide.toDoubles();
    }

    private static double[] differences(Tensor exact, double[] values) {
        double[] differences = exact.toDoubles();
        for (int i = 0; i < differences.length; i++) {
            differences[i] = values[i] - differences[i];
        }
        return differences;
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    private static double deviation(double[] values) {
        double mean = mean(values);
        return Math.sqrt(Arrays.stream(values).map(value -> (value - mean) * (value - mean)).average().orElseThrow());
    }
}
