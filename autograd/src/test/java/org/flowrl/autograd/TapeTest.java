package org.flowrl.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.flowrl.autograd.ops.Activations;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Products;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// All expected values are small integers, exact in F32, and follow from the formula in the row or the comment.
class TapeTest extends BackendFixture {
    /// A function of x = [1, 2, 3] and y = [4, 5, 6] and the gradients of its sum.
    record Graph(String formula, Function function, float[] dx, float[] dy) {
        interface Function {
            Var of(Var x, Var y);
        }

        @Override
        public String toString() {
            return formula;
        }
    }

    /// Shapes in which pullbacks share one gradient tensor between variables that later get more contributions.
    static Stream<Graph> graphs() {
        float[] zeros = {0, 0, 0};
        float[] ones = {1, 1, 1};
        return Stream.of(
                new Graph("x", (x, y) -> x, ones, zeros),
                new Graph("x + x", (x, y) -> Pointwise.add(x, x), new float[] {2, 2, 2}, zeros),
                new Graph("x + y", Pointwise::add, ones, ones),
                new Graph("x − x", (x, y) -> Pointwise.subtract(x, x), zeros, zeros),
                // d/dx = 2x + y, d/dy = x
                new Graph("(x + y) · x", (x, y) -> Pointwise.multiply(Pointwise.add(x, y), x),
                        new float[] {6, 9, 12}, new float[] {1, 2, 3}),
                // d/dx = x + (x + y): the order in which the two arrive is the other one
                new Graph("x · (x + y)", (x, y) -> Pointwise.multiply(x, Pointwise.add(x, y)),
                        new float[] {6, 9, 12}, new float[] {1, 2, 3}),
                // the residual's gradient is passed to both, then x · y adds to x and to y
                new Graph("(x + y) + x · y", (x, y) -> Pointwise.add(Pointwise.add(x, y), Pointwise.multiply(x, y)),
                        new float[] {5, 6, 7}, new float[] {2, 3, 4}),
                new Graph("x · y + (x + y)", (x, y) -> Pointwise.add(Pointwise.multiply(x, y), Pointwise.add(x, y)),
                        new float[] {5, 6, 7}, new float[] {2, 3, 4}),
                // s = x + y; s · s + s: d/dx = d/dy = 2s + 1
                new Graph("diamond over a sum", (x, y) -> {
                    Var s = Pointwise.add(x, y);
                    return Pointwise.add(Pointwise.multiply(s, s), s);
                }, new float[] {11, 15, 19}, new float[] {11, 15, 19}),
                // a = x + y, b = a + x, c = a + y; b + c = 3x + 3y
                new Graph("a ladder of residuals", (x, y) -> {
                    Var a = Pointwise.add(x, y);
                    return Pointwise.add(Pointwise.add(a, x), Pointwise.add(a, y));
                }, new float[] {3, 3, 3}, new float[] {3, 3, 3}),
                // the view's gradient shares memory with the sum's; x² adds to x afterwards: 2x + 1
                new Graph("a reshaped branch", (x, y) -> Pointwise.add(Pointwise.square(x),
                        Rows.reshape(Rows.reshape(x, 3, 1), 3)), new float[] {3, 5, 7}, zeros),
                new Graph("a reshaped branch first", (x, y) -> Pointwise.add(
                        Rows.reshape(Rows.reshape(x, 3, 1), 3), Pointwise.square(x)), new float[] {3, 5, 7}, zeros));
    }

    @ParameterizedTest
    @MethodSource("graphs")
    void contributionsAddUpWithoutTouchingEachOther(Graph graph) {
        try (Tape tape = Tape.recording(backend, scope)) {
            Var x = tape.variable(scope.of(new float[] {1, 2, 3}, 3));
            Var y = tape.variable(scope.of(new float[] {4, 5, 6}, 3));
            tape.backward(Reductions.sum(graph.function().of(x, y)), noGradients());
            assertThat(tape.gradient(x).toFloats()).containsExactly(graph.dx());
            assertThat(tape.gradient(y).toFloats()).containsExactly(graph.dy());
        }
    }

    /// A kernel that adds into the gradient (gather's) must copy one that is shared: here with the other summand's and
    /// with the gradient that the caller gave.
    @Test
    void addingIntoASharedGradientLeavesTheOthersAlone() {
        try (Tape tape = Tape.recording(backend, scope)) {
            Var x = tape.variable(scope.of(new float[] {1, 2, 3, 4}, 2, 2));
            Var y = tape.variable(scope.of(new float[] {5, 6, 7, 8}, 2, 2));
            Var gathered = Rows.gather(x, scope.of(new int[] {1, 1}, 2));
            Var sum = Pointwise.add(Pointwise.add(x, y), gathered);
            Tensor given = scope.of(new float[] {1, 10, 100, 1000}, 2, 2);
            tape.backward(sum, given, noGradients());
            // Row 1 of x gets its own gradient and those of both gathered rows.
            assertThat(tape.gradient(x).toFloats()).containsExactly(1, 10, 201, 2010);
            assertThat(tape.gradient(y).toFloats()).containsExactly(1, 10, 100, 1000);
            assertThat(given.toFloats()).containsExactly(1, 10, 100, 1000);
        }
    }

    @Test
    void parameterGradientsAddUpOverUsesAndMicroBatches() {
        ParameterStore store = store(1, 2);
        Parameter w = store.named("w");
        Gradients gradients = new Gradients(scope, List.of(store));
        for (float[] rows : new float[][] {{1, 2}, {10, 20}}) {
            try (Tape tape = Tape.recording(backend, scope)) {
                Var x = tape.constant(scope.of(rows, 1, 2));
                Var once = Products.linear(x, w, null);
                // w is used three times: Σ = 2 · x · wᵀ + x · wᵀ
                Var again = Products.linear(Pointwise.scale(x, 2), w, null);
                tape.backward(Reductions.sum(Pointwise.add(once, again)), gradients);
            }
        }
        assertThat(gradients.of(w).toFloats()).containsExactly(33, 66);
        gradients.zero();
        assertThat(gradients.of(w).toFloats()).containsExactly(0, 0);
    }

    @Test
    void aParameterCanBeAnOperandLikeAnyOther() {
        ParameterStore store = store(1, 2);
        Parameter w = store.named("w");
        store.set(w, new double[] {3, 5});
        Gradients gradients = new Gradients(scope, List.of(store));
        try (Tape tape = Tape.recording(backend, scope)) {
            Var v = tape.parameter(w);
            // Σ w² + w: 2w + 1, through add (multiply) and pass (add)
            tape.backward(Reductions.sum(Pointwise.add(Pointwise.multiply(v, v), tape.parameter(w))), gradients);
        }
        assertThat(gradients.of(w).toFloats()).containsExactly(7, 11);
    }

    @Test
    void aFrozenStoreGetsNoGradientButLetsItThrough() {
        ParameterStore frozen = store(1, 2);
        frozen.set(frozen.named("w"), new double[] {3, 5});
        frozen.repack();
        frozen.freeze();
        Gradients gradients = new Gradients(scope, List.of(frozen));
        try (Tape tape = Tape.recording(backend, scope)) {
            Var x = tape.variable(scope.of(new float[] {1, 2}, 1, 2));
            Var y = Products.linear(x, frozen.named("w"), null);
            tape.backward(Reductions.sum(y), gradients);
            assertThat(tape.gradient(x).toFloats()).containsExactly(3, 5);
        }
        assertThat(gradients.arena(frozen).toFloats()).containsOnly(0);
        try (Tape tape = Tape.recording(backend, scope)) {
            Var y = Products.linear(tape.constant(scope.of(new float[] {1, 2}, 1, 2)), frozen.named("w"), null);
            assertThat(y.needsGradient()).isFalse();
            assertThat(tape.toString()).startsWith("Tape of 0 ops");
        }
    }

    @Test
    void aGradientWithoutAPlaceToGoIsRefused() {
        ParameterStore store = store(1, 2);
        try (Tape tape = Tape.recording(backend, scope)) {
            Var y = Products.linear(tape.constant(scope.of(new float[] {1, 2}, 1, 2)), store.named("w"), null);
            assertThatThrownBy(() -> tape.backward(y, noGradients()))
                    .hasMessage("gradients: parameter w has no gradient here");
        }
    }

    @Test
    void anInferenceTapeKeepsNothingAndGivesTheSameValue() {
        ParameterStore store = store(1, 2);
        store.set(store.named("w"), new double[] {3, 5});
        store.repack();
        UnaryOperator<Var> function = x -> Pointwise.exp(Products.linear(x, store.named("w"), null));
        Tensor input = scope.of(new float[] {0.1f, 0.2f}, 1, 2);
        try (Tape inference = Tape.inference(backend, scope)) {
            Var y = function.apply(inference.variable(input));
            assertThat(y.needsGradient()).isFalse();
            assertThat(inference.toString()).startsWith("Tape of 0 ops");
            assertThatThrownBy(() -> inference.backward(y, noGradients())).isInstanceOf(IllegalStateException.class)
                    .hasMessage("backward: this tape is for inference and records nothing");
            try (Tape recording = Tape.recording(backend, scope)) {
                assertThat(function.apply(recording.variable(input)).value().toFloats())
                        .isEqualTo(y.value().toFloats());
                assertThat(recording.toString()).startsWith("Tape of 2 ops");
            }
        }
    }

    @Test
    void closingATapeFreesItsActivations() {
        Tensor input = scope.of(new float[] {1, 2}, 2);
        long before = backend.memory().bytesInUse();
        Tape tape = Tape.recording(backend, scope);
        Var x = tape.variable(input);
        Var y = Pointwise.square(x);
        tape.backward(Reductions.sum(y), noGradients());
        Tensor dx = tape.gradient(x);
        assertThat(backend.memory().bytesInUse()).isGreaterThan(before);
        tape.close();
        assertThat(backend.memory().bytesInUse()).isEqualTo(before);
        assertThat(input.toFloats()).containsExactly(1, 2);
        for (Tensor ended : List.of(y.value(), dx)) {
            assertThatThrownBy(ended::toFloats).isInstanceOf(IllegalStateException.class)
                    .hasMessage("tensor F32[2] was used after the end of its scope 'test/tape'");
        }
    }

    /// A chain of n ops over 1 KiB holds n values; going back needs the gradients of an op's value and of its input,
    /// not those of the whole chain.
    @Test
    void theGradientOfAnOpsValueIsFreedWhenTheOpHasBeenRunInReverse() {
        int ops = 10;
        Tensor input = scope.zeros(DType.F32, 256);
        try (Tape tape = Tape.recording(backend, scope)) {
            Var x = tape.variable(input);
            Var y = x;
            for (int i = 0; i < ops; i++) {
                y = Pointwise.add(Pointwise.negate(y), x);
            }
            Var last = y;
            backend.memory().resetHighWater();
            long before = backend.memory().bytesInUse();
            tape.backward(y, scope.zeros(DType.F32, 256), noGradients());
            // The caller's gradient, that of y and x, and a contribution on its way.
            assertThat(backend.memory().highWaterBytes() - before).isLessThanOrEqualTo(5 * input.bytes());
            assertThat(backend.memory().bytesInUse() - before).isEqualTo(2 * input.bytes());
            assertThatThrownBy(() -> tape.gradient(last)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("gradient: F32[256] is an op's value, whose gradient was freed when the op was run in "
                            + "reverse");
        }
    }

    /// SwiGLU's pullback makes both gradients whoever asks for them; that of a constant is gone when the pass is over.
    @Test
    void whatAPullbackGivesToAConstantIsFreedAtOnce() {
        Tensor input = scope.zeros(DType.F32, 256);
        try (Tape tape = Tape.recording(backend, scope)) {
            Var x = tape.variable(input);
            Var y = Activations.swiGlu(x, tape.constant(input));
            Tensor outputGradient = scope.zeros(DType.F32, 256);
            long before = backend.memory().bytesInUse();
            tape.backward(y, outputGradient, noGradients());
            assertThat(backend.memory().bytesInUse() - before).isEqualTo(input.bytes());
        }
    }

    @Test
    void stepsReuseTheMemoryOfTheStepBefore() {
        Tensor input = scope.of(new float[] {1, 2}, 2);
        long warm = 0;
        for (int step = 0; step < 3; step++) {
            try (Tape tape = Tape.recording(backend, scope)) {
                Var x = tape.variable(input);
                tape.backward(Reductions.sum(Pointwise.square(x)), new Gradients(tape.scope(), List.of()));
            }
            if (step == 0) {
                warm = backend.memory().systemAllocations();
            }
        }
        assertThat(backend.memory().systemAllocations()).isEqualTo(warm);
    }

    @Test
    void backwardTwiceIsRefused() {
        try (Tape tape = Tape.recording(backend, scope)) {
            Var loss = Reductions.sum(tape.variable(scope.of(new float[] {1, 2}, 2)));
            tape.backward(loss, noGradients());
            assertThatThrownBy(() -> tape.backward(loss, noGradients())).isInstanceOf(IllegalStateException.class)
                    .hasMessage("backward: this tape has been run in reverse before");
        }
    }

    @Test
    void aLossOfSeveralElementsIsRefused() {
        try (Tape tape = Tape.recording(backend, scope)) {
            Var x = tape.variable(scope.of(new float[] {1, 2}, 2));
            assertThatThrownBy(() -> tape.backward(x, noGradients()))
                    .hasMessage("backward: loss F32[2] must have one element");
            assertThatThrownBy(() -> tape.backward(x, scope.of(new float[] {1}, 1), noGradients()))
                    .hasMessage("backward: gradient F32[1] must have the shape of F32[2]");
        }
    }

    @Test
    void variablesOfAnotherTapeAreRefused() {
        try (Tape tape = Tape.recording(backend, scope); Tape other = Tape.recording(backend, scope)) {
            Var mine = tape.variable(scope.of(new float[] {1}, 1));
            Var foreign = other.variable(scope.of(new float[] {2}, 1));
            assertThatThrownBy(() -> Pointwise.add(mine, foreign))
                    .hasMessage("record: input F32[1] belongs to another tape");
            assertThatThrownBy(() -> tape.backward(foreign, noGradients()))
                    .hasMessage("backward: output F32[1] belongs to another tape");
            tape.backward(mine, noGradients());
            assertThatThrownBy(() -> tape.gradient(foreign))
                    .hasMessage("gradient: variable F32[1] belongs to another tape");
        }
    }

    @Test
    void onlyVariablesHaveAGradientOnTheTape() {
        ParameterStore store = store(1, 1);
        Gradients gradients = new Gradients(scope, List.of(store));
        try (Tape tape = Tape.recording(backend, scope)) {
            Var unused = tape.variable(scope.of(new float[] {1, 2}, 2));
            Var constant = tape.constant(scope.of(new float[] {1}, 1));
            Var w = tape.parameter(store.named("w"));
            assertThatThrownBy(() -> tape.gradient(unused)).hasMessage("gradient: backward has not been run");
            tape.backward(w, gradients);
            assertThat(tape.gradient(unused).toFloats()).containsExactly(0, 0);
            assertThatThrownBy(() -> tape.gradient(constant))
                    .hasMessage("gradient: F32[1] is a constant and has no gradient");
            assertThatThrownBy(() -> tape.gradient(w))
                    .hasMessage("gradient: w F32[1, 1] is a parameter, its gradient is in Gradients");
        }
    }

    @Test
    void aValueTakenOffTheTapeStopsTheGradient() {
        try (Tape tape = Tape.recording(backend, scope)) {
            Var x = tape.variable(scope.of(new float[] {3}, 1));
            // x · stop(x²): the gradient is x² = 9, not 3x² = 27
            Var stopped = tape.constant(Pointwise.square(x).value());
            tape.backward(Pointwise.multiply(x, stopped), noGradients());
            assertThat(tape.gradient(x).toFloats()).containsExactly(9);
        }
    }

    private Gradients noGradients() {
        return new Gradients(scope, List.of());
    }

    /// A store with one matrix `w` of zeros.
    private ParameterStore store(long rows, long columns) {
        ParameterStore store = new ParameterStore(backend, scope, DType.F32);
        store.root().matrix("w", Initializer.zeros(), rows, columns);
        store.allocate();
        store.repack();
        return store;
    }
}
