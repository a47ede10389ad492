package org.flowrl.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import org.flowrl.autograd.ops.Activations;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Products;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels.Binary;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GradCheckTest {
    private GradCheck check;

    @BeforeEach
    void open() {
        check = GradCheck.open();
    }

    @AfterEach
    void close() {
        check.close();
    }

    @Test
    void theDocumentedExamplePasses() {
        ParameterStore store = check.store();
        Parameter weight = store.root().matrix("weight", Initializer.normal(1), 3, 2);
        store.allocate();
        store.initialize(RandomKey.of(1));
        Tensor x = check.scope().of(new double[] {0.5, -1, 2, 0.25}, 2, 2);
        check.check((tape, in) -> Activations.gelu(Products.linear(in.get(0), weight, null)), List.of(store), x)
                .requireBelow(1e-6);
    }

    /// A wrong pullback, and the tensor of which the checker must say that its gradient is wrong.
    record Plant(String mistake, GradCheck.Function op, String blamed) {
        @Override
        public String toString() {
            return mistake;
        }
    }

    static Stream<Plant> plants() {
        return Stream.of(
                new Plant("a − b passes +dy to b", (tape, in) -> {
                    Var a = in.get(0);
                    Var b = in.get(1);
                    return tape.record(Pointwise.subtract(a, b).value(), (dy, adjoints) -> {
                        adjoints.pass(a, dy);
                        adjoints.pass(b, dy);
                    }, a, b);
                }, "input 1"),
                new Plant("x² lacks the factor 2", (tape, in) -> {
                    Var x = in.get(0);
                    return tape.record(Pointwise.square(x).value(), (dy, adjoints) ->
                            adjoints.add(x, dx -> multiply(tape, dy, x.value(), dx)), x);
                }, "input 0"),
                new Plant("a · b forgets b", (tape, in) -> {
                    Var a = in.get(0);
                    Var b = in.get(1);
                    return tape.record(Pointwise.multiply(a, b).value(), (dy, adjoints) ->
                            adjoints.add(a, da -> multiply(tape, dy, b.value(), da)), a, b);
                }, "input 1"),
                new Plant("a · b does not name b as an input", (tape, in) -> {
                    Var b = tape.constant(in.get(1).value());
                    return Pointwise.multiply(in.get(0), b);
                }, "input 1"),
                new Plant("e^x ignores dy", (tape, in) -> {
                    Var x = in.get(0);
                    Tensor y = Pointwise.exp(x).value();
                    return tape.record(y, (dy, adjoints) -> adjoints.pass(x, y), x);
                }, "input 0"),
                new Plant("x + x contributes once", (tape, in) -> {
                    Var x = in.get(0);
                    return tape.record(Pointwise.add(x, x).value(), (dy, adjoints) -> adjoints.pass(x, dy), x);
                }, "input 0"),
                new Plant("3x is off by one in 1e5", (tape, in) -> {
                    Var x = in.get(0);
                    return tape.record(Pointwise.scale(x, 3).value(), (dy, adjoints) ->
                            adjoints.add(x, dx -> tape.backend().elementwise().affine(dy, 3 + 3e-5, 0, dx)), x);
                }, "input 0"),
                new Plant("−x errs in its last element", (tape, in) -> {
                    Var x = in.get(0);
                    return tape.record(Pointwise.negate(x).value(), (dy, adjoints) -> adjoints.add(x, dx -> {
                        tape.backend().elementwise().affine(dy, -1, 0, dx);
                        dx.set(dx.elements() - 1, 0);
                    }), x);
                }, "input 0"),
                new Plant("x has a gradient that is not a number, the last", (tape, in) -> {
                    Var x = in.get(0);
                    return tape.record(x.value(), (dy, adjoints) -> adjoints.add(x, dx -> {
                        dx.copyFrom(dy);
                        dx.set(dx.elements() - 1, Double.NaN);
                    }), x);
                }, "input 0"));
    }

    @ParameterizedTest
    @MethodSource("plants")
    void aWrongPullbackIsRefusedAndItsInputNamed(Plant plant) {
        Tensor a = check.scope().of(new double[] {0.5, -1.25, 2, 1}, 4);
        Tensor b = check.scope().of(new double[] {1.5, 0.75, -0.5, 3}, 4);
        GradCheck.Result result = check.check(plant.op(), a, b);
        assertThat(result.name()).isEqualTo(plant.blamed());
        assertThatThrownBy(() -> result.requireBelow(1e-6)).isInstanceOf(AssertionError.class)
                .hasMessageStartingWith("gradCheck: relative error").hasMessageContaining("must be below 1.0E-6")
                .hasMessageContaining("gradient of " + plant.blamed() + "[");
    }

    @Test
    void aWrongParameterGradientIsRefusedAndTheParameterNamed() {
        ParameterStore store = check.store();
        Parameter w = store.root().at("proj").matrix("weight", Initializer.normal(1), 3, 2);
        store.allocate();
        store.initialize(RandomKey.of(1));
        Tensor input = check.scope().of(new double[] {0.5, -1, 2, 0.25}, 2, 2);
        GradCheck.Result result = check.check((tape, in) -> {
            Var x = in.get(0);
            Var weight = tape.parameter(w);
            // The weight's gradient is overwritten by its last row of tokens instead of summed over rows.
            return tape.record(Products.linear(x, w, null).value(), (dy, adjoints) -> {
                adjoints.add(x, dx -> tape.backend().matmul().inputGradient(dy, w.packed(), dx, false));
                tape.backend().matmul().weightGradient(dy.slice(1, 1), x.value().slice(1, 1), adjoints.sum(weight));
            }, x, weight);
        }, List.of(store), input);
        assertThat(result.name()).isEqualTo("proj.weight");
        assertThatThrownBy(() -> result.requireBelow(1e-6)).hasMessageContaining("gradient of proj.weight[");
    }

    @Test
    void theResultHasBothGradientsOfTheWorstElement() {
        Tensor x = check.scope().of(new double[] {1, 2, 3}, 3);
        // Σ x², whose pullback says 2x but for element 1, where it says 5 instead of 4.
        GradCheck.Result result = check.check((tape, in) -> tape.record(
                Reductions.sum(Pointwise.square(in.get(0))).value(), (dy, adjoints) ->
                        adjoints.add(in.get(0), dx -> dx.copyFrom(new double[] {2, 5, 6})), in.get(0)), x);
        assertThat(result.index()).isEqualTo(1);
        assertThat(result.analytic()).isEqualTo(5);
        assertThat(result.numeric()).isCloseTo(4, within(1e-9));
        assertThat(result.relativeError()).isCloseTo(0.2, within(1e-9));
        assertThat(result.checked()).isEqualTo(3);
    }

    @Test
    void aFunctionThatChangesFromCallToCallIsRefused() {
        Tensor x = check.scope().of(new double[] {1, 2, 3}, 3);
        long[] calls = {0};
        GradCheck.Function function = (tape, in) -> Pointwise.scale(in.get(0), ++calls[0]);
        assertThatThrownBy(() -> check.check(function, x)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the function must not depend on anything else");
    }

    @Test
    void aLargeTensorIsSampledWithoutRepetition() {
        Tensor x = check.scope().zeros(DType.F64, 1000);
        assertThat(check.check((tape, in) -> Pointwise.exp(in.get(0)), x).checked())
                .isEqualTo(GradCheck.DEFAULT_LIMIT);
        try (GradCheck all = GradCheck.open(1000, RandomKey.of(1))) {
            Tensor y = all.scope().zeros(DType.F64, 1000);
            // One wrong element of a thousand is found when all are checked.
            GradCheck.Result result = all.check((tape, in) -> tape.record(Pointwise.exp(in.get(0)).value(),
                    (dy, adjoints) -> adjoints.add(in.get(0), dx -> {
                        dx.copyFrom(dy);
                        dx.set(617, 0);
                    }), in.get(0)), y);
            assertThat(result.index()).isEqualTo(617);
            assertThat(result.checked()).isEqualTo(1000);
        }
    }

    @Test
    void inputsAndParametersKeepTheirBits() {
        ParameterStore store = check.store();
        Parameter w = store.root().matrix("w", Initializer.normal(1), 3, 2);
        store.allocate();
        store.initialize(RandomKey.of(1));
        Tensor x = check.scope().of(new double[] {0.1, -0.7, 2.3, 1e-9}, 2, 2);
        double[] weights = w.value().toDoubles();
        check.check((tape, in) -> Products.linear(in.get(0), w, null), List.of(store), x);
        assertThat(w.value().toDoubles()).isEqualTo(weights);
        assertThat(x.toDoubles()).containsExactly(0.1, -0.7, 2.3, 1e-9);
    }

    @Test
    void gradientsThatAreZeroAreRight() {
        Tensor x = check.scope().of(new double[] {1, 2, 3}, 3);
        assertThatCode(() -> check.check((tape, in) -> Pointwise.subtract(in.get(0), in.get(0)), x)
                .requireBelow(1e-6)).doesNotThrowAnyException();
    }

    @Test
    void whatCannotBeCheckedIsRefused() {
        GradCheck.Function identity = (tape, in) -> in.get(0);
        assertThatThrownBy(() -> check.check(identity, check.scope().of(new float[] {1}, 1)))
                .hasMessage("gradCheck: input 0 F32[1] must be F64");
        assertThatThrownBy(() -> check.check((tape, in) -> tape.constant(check.scope().zeros(DType.F64, 1))))
                .hasMessage("gradCheck: the inputs and stores have no elements to check");
        ParameterStore frozen = check.store();
        frozen.root().declare("bias", Initializer.zeros(), 2);
        frozen.allocate();
        frozen.freeze();
        assertThatThrownBy(() -> check.check(identity, List.of(frozen), check.scope().zeros(DType.F64, 1)))
                .hasMessage("gradCheck: store of [bias [2]] is frozen, it must be F64 and not frozen");
        assertThatThrownBy(() -> GradCheck.open(0, RandomKey.of(1)))
                .hasMessage("gradCheck: limit 0 must be at least 1");
    }

    private static void multiply(Tape tape, Tensor a, Tensor b, Tensor y) {
        tape.backend().elementwise().binary(Binary.MULTIPLY, a, b, y);
    }
}
