package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products at sizes that take the ways of their own of {@link VectorProduct}: rows that collide in the cache and are
/// copied, single rows that stream panels, and wide tiles on shorter vectors than theirs. (The contract's table has the
/// awkward small sizes.)
class VectorProductTest {
    @ParameterizedTest
    @CsvSource({"20, 40, 1024, F32", "7, 1024, 33, F32", "61, 1024, 1024, F32", "9, 2048, 300, BF16",
        "1, 200, 600, F32", "1, 200, 600, BF16", "300, 1024, 20, F32",
        // Weights of one whole panel, last panels of one to four vectors, rows of dy read in place and copied.
        "270, 64, 64, F32", "13, 10, 64, BF16", "65, 32, 48, F32", "40, 176, 90, F32", "66, 200, 120, F32",
        "7, 56, 16, F32"})
    void productsHaveTheReferencesBits(int tokens, int outputs, int inputs, DType storage) {
        assertSame(backend -> {
            Numbers in = new Numbers(backend);
            Tensor x = in.values(tokens, inputs);
            Tensor weight = in.values(outputs, inputs);
            PackedMatrix packed = backend.matmul().pack(weight, storage, in.scope);
            Tensor y = in.values(tokens, outputs);
            backend.matmul().forward(x, packed, in.values(outputs), y);
            Tensor dy = in.values(tokens, outputs);
            Tensor dx = in.values(tokens, inputs);
            Tensor dw = in.values(outputs, inputs);
            backend.matmul().inputGradient(dy, packed, dx, false);
            backend.matmul().weightGradient(dy, x, dw);
            return in.end(y, dx, dw);
        });
    }

    @Test
    void headsOverCollidingRowsHaveTheReferencesBits() {
        int rows = 70;
        int words = 50;
        assertSame(backend -> {
            Numbers in = new Numbers(backend);
            Tensor hidden = in.values(rows, 1024);
            PackedMatrix weight = backend.matmul().pack(in.values(words, 1024), DType.F32, in.scope);
            Tensor targets = in.scope.of(in.random.ints(rows, 0, words).toArray(), rows);
            Tensor logProb = in.values(rows);
            Tensor entropy = in.values(rows);
            Tensor lse = in.values(rows);
            backend.heads().logProbs(hidden, weight, targets, 3, logProb, entropy, lse);
            Tensor dhidden = in.values(rows, 1024);
            Tensor dweight = in.values(words, 1024);
            backend.heads().logProbsBackward(hidden, weight, targets, 3, entropy, lse, in.values(rows), in.values(rows),
                    dhidden, dweight);
            return in.end(logProb, entropy, lse, dhidden, dweight);
        });
    }

    @Test
    void wideTilesOnShorterVectorsGiveTheSameSums() {
        requireVectors();
        int chain = 37;
        int columns = VectorWideTile.VECTORS * VectorLanes.LENGTH;
        try (VectorBackend backend = new VectorBackend(1)) {
            Numbers in = new Numbers(backend);
            Tensor a = in.values(VectorTile.ROWS, chain);
            Tensor b = in.values(chain, columns);
            for (int rows = 1; rows <= VectorTile.ROWS; rows++) {
                Tensor c = in.values(rows, columns);
                VectorWideTile.run(rows, a.address(), chain * 4L, 4, b.address(), columns * 4L, chain, c.address(),
                        columns * 4L);
                for (int i = 0; i < rows * columns; i++) {
                    float sum = 0;
                    for (int k = 0; k < chain; k++) {
                        sum = Math.fma((float) a.get(i / columns * chain + k), (float) b.get(k * columns + i % columns),
                                sum);
                    }
                    assertThat((float) c.get(i)).isEqualTo(sum);
                }
            }
            in.end();
        }
    }

    @Test
    void blocksAreTransposedWithoutReadingBeyondTheLastRow() {
        requireVectors();
        int length = VectorLanes.LENGTH;
        try (VectorBackend backend = new VectorBackend(1)) {
            Numbers in = new Numbers(backend);
            Tensor from = in.values(length, length + 3);
            Tensor to = in.values(length, length + 5);
            for (int last = 0; last < length; last++) {
                VectorTranspose.block(from.address(), (length + 3) * 4L, last, to.address(), (length + 5) * 4L);
                for (int r = 0; r < length; r++) {
                    for (int c = 0; c < length; c++) {
                        double expected = from.get(Math.min(r, last) * (length + 3L) + c);
                        assertThat(to.get(c * (length + 5L) + r)).isEqualTo(expected);
                    }
                }
            }
            in.end();
        }
    }

    private static void assertSame(Function<Backend, List<float[]>> call) {
        requireVectors();
        List<float[]> expected = onBackend(new ReferenceBackend(), call);
        for (int threads = 1; threads <= 2; threads++) {
            List<float[]> actual = onBackend(new VectorBackend(threads), call);
            for (int i = 0; i < expected.size(); i++) {
                assertThat(actual.get(i)).as("output " + i + ", threads " + threads).isEqualTo(expected.get(i));
            }
        }
    }

    private static List<float[]> onBackend(Backend backend, Function<Backend, List<float[]>> call) {
        try (backend) {
            return call.apply(backend);
        }
    }

    private static void requireVectors() {
        BackendProvider.Candidate candidate = new VectorProvider().candidates().getFirst();
        assumeTrue(candidate.available(), candidate.reason());
    }

    /// Tensors of one call, the same numbers on every backend.
    private static final class Numbers {
        private final Scope scope;
        private final SplittableRandom random = new SplittableRandom(5);

        Numbers(Backend backend) {
            scope = Scope.root("test", backend.memory());
        }

        Tensor values(long... dims) {
            Tensor tensor = scope.allocate(DType.F32, dims);
            float[] numbers = new float[Math.toIntExact(tensor.elements())];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = (float) (2 * random.nextDouble() - 1);
            }
            tensor.copyFrom(numbers);
            return tensor;
        }

        List<float[]> end(Tensor... outputs) {
            List<float[]> values = java.util.Arrays.stream(outputs).map(Tensor::toFloats).toList();
            scope.close();
            return values;
        }
    }
}
