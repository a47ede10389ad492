package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.Stream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.contract.Inputs;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Prompts over the paged cache on tensor cores, beside the reference backend's of the same operands, rounded to BF16
/// before. What no token was written to in the cache is NaN.
class FlashPagedTest extends TwoCards {
    private static final double SCALE = 0.2;
    private static final int SPARE_PAGES = 2;

    /// Heads, tokens in the cache before, and new tokens of each sequence: within a page and a tile of 64 keys and
    /// beyond, one sequence in a block and several, the tokens of sequences beside each other or in turn.
    static Stream<Arguments> cases() {
        return Stream.of(of(2, 1, 64, false, new int[] {0}, 16), of(7, 1, 64, false, new int[] {0}, 65),
                of(2, 2, 64, false, new int[] {3, 60, 0}, 17, 40, 90), of(2, 1, 64, true, new int[] {0, 5}, 20, 20),
                of(2, 1, 128, false, new int[] {0}, 129), of(4, 2, 128, false, new int[] {70, 0, 1}, 30, 64, 5));
    }

    private static Arguments of(int heads, int groups, int size, boolean inTurn, int[] before, int... news) {
        return Arguments.of(heads, groups, size, inTurn, before, news);
    }

    /// Arguments of one call; the q of new tokens [N, H, E].
    private record Prompts(Tensor q, Tensor keys, Tensor values, Tensor positions, Tensor sequences, Tensor table) {
        static Prompts of(Inputs in, int heads, int groups, int size, boolean inTurn, int[] before, int[] news) {
            int n = Arrays.stream(news).sum();
            int width = 0;
            int written = 0;
            for (int b = 0; b < news.length; b++) {
                int pages = Math.ceilDiv(before[b] + news[b], Backend.LANES);
                width = Math.max(width, pages);
                written += pages;
            }
            int pages = written + SPARE_PAGES;
            int[] order = in.permutation(pages);
            int[] table = new int[news.length * width];
            int[] positions = new int[n];
            int[] sequences = new int[n];
            float[] keys = in.values(pages, groups, size, Backend.LANES).toFloats();
            float[] values = in.values(pages, groups, Backend.LANES, size).toFloats();
            int next = 0;
            int row = 0;
            for (int b = 0; b < news.length; b++) {
                int end = before[b] + news[b];
                for (int page = 0; page * Backend.LANES < end; page++) {
                    table[b * width + page] = order[next++];
                    for (int lane = Math.min(Backend.LANES, end - page * Backend.LANES); lane < Backend.LANES; lane++) {
                        spoil(keys, values, table[b * width + page], lane, groups, size);
                    }
                }
                for (int i = 0; i < news[b]; i++) {
                    int at = inTurn ? i * news.length + b : row++;
                    positions[at] = before[b] + i;
                    sequences[at] = b;
                }
            }
            return new Prompts(FlashAttentionTest.rounded(in.values(n, heads, size)),
                    FlashAttentionTest.rounded(in.floating(keys, pages, groups, size, Backend.LANES)),
                    FlashAttentionTest.rounded(in.floating(values, pages, groups, Backend.LANES, size)),
                    in.integers(positions), in.integers(sequences), in.integers(table).reshape(news.length, width));
        }

        /// Nothing was written to this lane of a page.
        private static void spoil(float[] keys, float[] values, int page, int lane, int groups, int size) {
            for (int head = page * groups; head < (page + 1) * groups; head++) {
                for (int e = 0; e < size; e++) {
                    keys[(head * size + e) * Backend.LANES + lane] = Float.NaN;
                    values[(head * Backend.LANES + lane) * size + e] = Float.NaN;
                }
            }
        }

        float[] attend(Backend backend, Inputs in) {
            Tensor out = in.junk(q.dim(0), q.dim(1), q.dim(2));
            backend.attention().forwardPaged(q, keys, values, positions, sequences, table, SCALE, out);
            return out.toFloats();
        }

        /// The same with the sizes of the values.
        Prompts ofSizes() {
            float[] sizes = values.toFloats();
            for (int i = 0; i < sizes.length; i++) {
                sizes[i] = Math.abs(sizes[i]);
            }
            values.copyFrom(sizes);
            return this;
        }
    }

    private interface Run {
        float[] of(Prompts prompts, Inputs in);
    }

    private static float[] on(Backend backend, Run run, int heads, int groups, int size, boolean inTurn, int[] before,
            int[] news) {
        try (Scope scope = Scope.root("test", backend.memory())) {
            Inputs in = new Inputs(scope, DType.F32, Inputs.Range.NORMAL, 1);
            return run.of(Prompts.of(in, heads, groups, size, inTurn, before, news), in);
        }
    }

    /// Rounding the weights of a row changes it by at most UNIT times what the same weights give of sizes of values.
    @ParameterizedTest(name = "H {0} G {1} E {2} in turn {3} cached {4} new {5}")
    @MethodSource("cases")
    void promptsAreTheReferencesUpToTheRoundingOfWeights(int heads, int groups, int size, boolean inTurn, int[] before,
            int[] news) {
        float[] expected = on(reference, (prompts, in) -> prompts.attend(reference, in), heads, groups, size, inTurn,
                before, news);
        float[] terms = on(reference, (prompts, in) -> prompts.ofSizes().attend(reference, in), heads, groups, size,
                inTurn, before, news);
        float[] actual = on(card, (prompts, in) -> prompts.attend(card, in), heads, groups, size, inTurn, before,
                news);
        double largest = 1;
        for (float x : expected) {
            largest = Math.max(largest, Math.abs(x));
        }
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) actual[i]).as("out[%d]", i).isCloseTo(expected[i],
                    within(FlashAttentionTest.UNIT * terms[i] + FlashAttentionTest.SUMS * largest));
        }
        assertThat(actual).as("in another order of threads").isEqualTo(on(other,
                (prompts, in) -> prompts.attend(other, in), heads, groups, size, inTurn, before, news));
        assertThat(actual).as("rounded, so not the bits of the F32 kernels").isNotEqualTo(expected);
    }
}
