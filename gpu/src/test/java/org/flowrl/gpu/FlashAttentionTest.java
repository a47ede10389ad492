package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Inputs;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention on tensor cores, on the emulated card or a real one, beside the reference backend's of the same operands,
/// which are rounded to BF16 before, so that only what is rounded within the call is between the two.
class FlashAttentionTest extends TwoCards {
    /// What rounding to BF16 changes a number by, relative to it: half of the spacing of 2^-7 between 1 and 2.
    static final double UNIT = 0x1p-8;
    /// Sums in F32 in another order, 2^x within two units of the last place of F32, and statistics through a logarithm:
    /// the contract's tolerance.
    static final double SUMS = 5e-5;

    /// Query heads, key heads, head size, lengths of sequences: both sides of tiles of 16, 64 and 128 tokens, sequences
    /// that begin and end within a tile and others that fill several, one to seven query heads of a key head.
    static Stream<Arguments> cases() {
        return Stream.of(of(1, 1, 64, 1), of(2, 2, 64, 15), of(2, 1, 64, 16), of(7, 1, 64, 17), of(1, 1, 64, 63),
                of(2, 1, 64, 64), of(2, 2, 64, 65), of(1, 1, 64, 127), of(2, 1, 64, 129), of(2, 1, 64, 300),
                of(2, 1, 64, 1, 3, 0, 30, 64, 100, 2), of(1, 1, 128, 1), of(2, 1, 128, 15), of(1, 1, 128, 16),
                of(7, 1, 128, 17), of(2, 2, 128, 63), of(1, 1, 128, 64), of(2, 1, 128, 65), of(1, 1, 128, 127),
                of(1, 1, 128, 129), of(1, 1, 128, 300), of(14, 2, 128, 5, 40), of(2, 1, 128, 130, 0, 1, 70, 3));
    }

    private static Arguments of(int heads, int groups, int size, int... lengths) {
        return Arguments.of(heads, groups, size, lengths);
    }

    /// Inputs and results of one call.
    private record Attention(Tensor q, Tensor k, Tensor v, Tensor dout, Tensor starts, double scale) {
        static Attention of(Inputs in, int heads, int groups, int size, int... lengths) {
            int[] starts = new int[lengths.length + 1];
            for (int b = 0; b < lengths.length; b++) {
                starts[b + 1] = starts[b] + lengths[b];
            }
            int n = starts[lengths.length];
            return new Attention(rounded(in.values(n, heads, size)), rounded(in.values(n, groups, size)),
                    rounded(in.values(n, groups, size)), rounded(in.values(n, heads, size)), in.integers(starts),
                    1 / Math.sqrt(size));
        }

        /// Out and statistics.
        List<Tensor> forward(Backend backend, Inputs in) {
            Tensor out = in.junk(q.dim(0), q.dim(1), q.dim(2));
            Tensor statistics = in.junk(q.dim(0), q.dim(1), 2);
            backend.attention().forward(q, k, v, starts, scale, out, statistics);
            return List.of(out, statistics);
        }

        /// dq, dk and dv after a forward pass that gave these numbers.
        List<Tensor> backward(Backend backend, Inputs in, float[] out, float[] statistics) {
            Tensor dq = in.junk(q.dim(0), q.dim(1), q.dim(2));
            Tensor dk = in.junk(k.dim(0), k.dim(1), k.dim(2));
            Tensor dv = in.junk(k.dim(0), k.dim(1), k.dim(2));
            backend.attention().backward(dout, q, k, v, in.floating(out, q.dim(0), q.dim(1), q.dim(2)),
                    in.floating(statistics, q.dim(0), q.dim(1), 2), starts, scale, dq, dk, dv);
            return List.of(dq, dk, dv);
        }
    }

    /// The numbers, rounded to BF16, as F32.
    static Tensor rounded(Tensor x) {
        float[] numbers = x.toFloats();
        for (int i = 0; i < numbers.length; i++) {
            int bits = Float.floatToRawIntBits(numbers[i]);
            numbers[i] = Float.intBitsToFloat((bits + 0x7fff + (bits >>> 16 & 1)) & 0xffff0000);
        }
        x.copyFrom(numbers);
        return x;
    }

    private static Inputs inputs(Scope scope) {
        return new Inputs(scope, DType.F32, Inputs.Range.NORMAL, 1);
    }

    /// Out, statistics, dq, dk and dv, the gradients from the reference's results of the forward pass.
    private List<float[]> results(Backend backend, List<float[]> given, int heads, int groups, int size,
            int... lengths) {
        try (Scope scope = Scope.root("test", backend.memory())) {
            Inputs in = inputs(scope);
            Attention attention = Attention.of(in, heads, groups, size, lengths);
            List<float[]> results = new ArrayList<>();
            attention.forward(backend, in).forEach(tensor -> results.add(tensor.toFloats()));
            List<float[]> forward = given.isEmpty() ? results : given;
            attention.backward(backend, in, forward.get(0), forward.get(1))
                    .forEach(tensor -> results.add(tensor.toFloats()));
            return results;
        }
    }

    @ParameterizedTest(name = "H {0} G {1} E {2} lengths {3}")
    @MethodSource("cases")
    void attentionIsTheReferencesUpToTheRoundingOfWeights(int heads, int groups, int size, int[] lengths) {
        List<float[]> expected = results(reference, List.of(), heads, groups, size, lengths);
        List<float[]> actual = results(card, expected, heads, groups, size, lengths);
        List<double[]> terms;
        try (Scope scope = Scope.root("host", reference.memory())) {
            Attention a = Attention.of(inputs(scope), heads, groups, size, lengths);
            terms = AttentionTerms.of(a.q, a.k, a.v, a.dout, lengths, a.scale);
        }
        String[] names = {"out", "statistics", "dq", "dk", "dv"};
        for (int t = 0; t < names.length; t++) {
            float[] wanted = expected.get(t);
            double largest = 1;
            for (float x : wanted) {
                largest = Math.max(largest, Math.abs(x));
            }
            for (int i = 0; i < wanted.length; i++) {
                double allowed = UNIT * terms.get(t)[i] + SUMS * largest;
                assertThat((double) actual.get(t)[i]).as("%s[%d]", names[t], i).isCloseTo(wanted[i], within(allowed));
            }
        }
    }

    @ParameterizedTest(name = "H {0} G {1} E {2} lengths {3}")
    @MethodSource("cases")
    void theOrderOfThreadsChangesNoBit(int heads, int groups, int size, int[] lengths) {
        List<float[]> expected = results(card, List.of(), heads, groups, size, lengths);
        List<float[]> actual = results(other, List.of(), heads, groups, size, lengths);
        for (int t = 0; t < expected.size(); t++) {
            assertThat(actual.get(t)).isEqualTo(expected.get(t));
        }
    }
}
