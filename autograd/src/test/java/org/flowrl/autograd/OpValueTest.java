package org.flowrl.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import org.flowrl.autograd.ops.Activations;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// What finite differences cannot see: which gradient an op chooses where it has two, and what dropout keeps.
class OpValueTest extends BackendFixture {
    /// The gradients of Σ op(a, b) for a = [−1, 0, 1] and b = [0, 0, 0], that of a first.
    private float[][] gradients(BinaryOperator<Var> op) {
        try (Tape tape = Tape.recording(backend, scope)) {
            Var a = tape.variable(scope.of(new float[] {-1, 0, 1}, 3));
            Var b = tape.variable(scope.zeros(DType.F32, 3));
            tape.backward(Reductions.sum(op.apply(a, b)), new Gradients(scope, List.of()));
            return new float[][] {tape.gradient(a).toFloats(), tape.gradient(b).toFloats()};
        }
    }

    @Test
    void theFirstOfTwoEqualOperandsHasTheGradient() {
        assertThat(gradients(Pointwise::minimum)).isDeepEqualTo(new float[][] {{1, 1, 0}, {0, 0, 1}});
        assertThat(gradients(Pointwise::maximum)).isDeepEqualTo(new float[][] {{0, 1, 1}, {1, 0, 0}});
    }

    @Test
    void theAbsoluteValueHasNoSlopeAtZero() {
        assertThat(gradients((a, b) -> Pointwise.absolute(a))[0]).containsExactly(-1, 0, 1);
    }

    @Test
    void aClampLetsTheGradientThroughUpToItsBounds() {
        assertThat(gradients((a, b) -> Pointwise.clamp(a, 0, 1))[0]).containsExactly(0, 1, 1);
        assertThat(gradients((a, b) -> Pointwise.clamp(a, -1, 0))[0]).containsExactly(1, 1, 0);
    }

    /// Of n = 10,000 ones 7,000 are kept, as 1 / 0.7; the standard deviation of their number is √(n · 0.7 · 0.3) = 46,
    /// and five of them are allowed. The gradient is the same mask.
    @Test
    void dropoutDropsTheAskedShareAndScalesTheOthersUp() {
        float[] ones = new float[10_000];
        Arrays.fill(ones, 1);
        try (Tape tape = Tape.recording(backend, scope)) {
            Var x = tape.variable(scope.of(ones, ones.length));
            Var y = Activations.dropout(x, 0.3, RandomKey.of(7));
            float[] values = y.value().toFloats();
            long kept = Arrays.stream(y.value().toDoubles()).filter(value -> value != 0).count();
            assertThat((double) kept).isCloseTo(7_000, within(5 * 46.0));
            for (float value : values) {
                assertThat(value).isIn(0f, (float) (1 / 0.7));
            }
            tape.backward(Reductions.sum(y), new Gradients(scope, List.of()));
            Tensor gradient = tape.gradient(x);
            assertThat(gradient.toFloats()).isEqualTo(values);
            assertThat(Activations.dropout(x, 0.3, RandomKey.of(8)).value().toFloats()).isNotEqualTo(values);
        }
    }
}
