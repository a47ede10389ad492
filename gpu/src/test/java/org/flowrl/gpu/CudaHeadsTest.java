package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.ProductPrecision;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How the head of a language model is computed in parts.
class CudaHeadsTest {
    private static final int ROWS = 7;
    private static final int SIZE = 8;
    /// Logarithms are rounded to F32 and back, which moves a sum of 10,000 weights by up to 1e-7 of itself, 0.004: a
    /// threshold that close to a word's end may draw its neighbour.
    private static final int ROUNDED_WORDS = 1;

    /// Log-probabilities and gradients of seven rows.
    private record Results(float[] logProbs, float[] dhidden, float[] dweight) {
    }

    /// Ranges of five rows, or logits of three whole ones and gradients of five, or all at once: sums over rows have
    /// other brackets. Numbers of words that are multiples of eight or four are read so many at a time, others one at a
    /// time.
    @ParameterizedTest
    @CsvSource({"F32, 40", "BF16, 40", "F32, 41", "BF16, 41", "F32, 44", "BF16, 44"})
    void partsChangeNothingButBrackets(DType storage, int words) {
        CudaContract.useCard();
        try (CudaBackend backend = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
                Scope scope = Scope.root("test", backend.memory())) {
            Card card = backend.card();
            Products products = new Products(card, ProductPrecision.F32);
            Results whole = results(new CudaHeads(card, products), backend, scope, storage, words);
            Results parts = results(new CudaHeads(card, products, new CudaHeads.Room(5, 1, 3L * words * Float.BYTES,
                    5L * words * DType.BF16.bytes())), backend, scope, storage, words);
            assertThat(parts.logProbs).isEqualTo(whole.logProbs).isNotEqualTo(new float[ROWS]);
            assertThat(parts.dhidden).isEqualTo(whole.dhidden).isNotEqualTo(new float[ROWS * SIZE]);
            // A few additions of numbers below 1, each rounded by 2^-24 of itself at most.
            assertThat(parts.dweight).containsExactly(whole.dweight, Offset.offset(1e-6f));
        }
    }

    private static Results results(CudaHeads heads, CudaBackend backend, Scope scope, DType storage, int words) {
        Tensor hidden = numbers(scope, "hidden", ROWS, SIZE);
        PackedMatrix weight = backend.matmul().pack(numbers(scope, "weight", words, SIZE), storage, scope);
        Tensor targets = scope.of(IntStream.range(0, ROWS).map(row -> 5 * row).toArray(), ROWS);
        Tensor logProbs = scope.zeros(DType.F32, ROWS);
        Tensor entropies = scope.zeros(DType.F32, ROWS);
        Tensor lses = scope.zeros(DType.F32, ROWS);
        heads.logProbs(hidden, weight, targets, 0.9, logProbs, entropies, lses);
        Tensor dhidden = scope.zeros(DType.F32, ROWS, SIZE);
        Tensor dweight = scope.zeros(DType.F32, words, SIZE);
        heads.logProbsBackward(hidden, weight, targets, 0.9, entropies, lses, numbers(scope, "dLogProb", ROWS, 1)
                .reshape(ROWS), numbers(scope, "dEntropy", ROWS, 1).reshape(ROWS), dhidden, dweight);
        return new Results(logProbs.toFloats(), dhidden.toFloats(), dweight.toFloats());
    }

    private static Tensor numbers(Scope scope, String name, int rows, int columns) {
        RandomKey key = RandomKey.of(3).fold(name);
        float[] numbers = new float[rows * columns];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) (0.3 * key.normal(i));
        }
        return scope.of(numbers, rows, columns);
    }

    /// Of 10,000 words, in three parts, word v has weight v mod 7 + 1: the first word at which the sum of weights
    /// exceeds the uniform number's share of all is drawn. Words 5,000 on of the second row, and all but one of the
    /// third have none.
    @Test
    void drawsOverSeveralPartsAreThoseOfTheWholeDistribution() {
        CudaContract.useCard();
        int words = 10_000;
        double[] uniforms = {0, 0.1, 0.409, 0.41, 0.5, 0.8192, 0.9999, 1 - 0x1p-53};
        try (CudaBackend backend = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
                Scope scope = Scope.root("test", backend.memory())) {
            double[][] weights = new double[3][words];
            float[] logits = new float[3 * words];
            for (int v = 0; v < words; v++) {
                weights[0][v] = v % 7 + 1;
                weights[1][v] = v < 5000 ? v % 7 + 1 : 0;
                weights[2][v] = v == 9_000 ? 1 : 0;
                for (int row = 0; row < 3; row++) {
                    logits[3 * v + row] = (float) Math.log(weights[row][v]);
                }
            }
            // Hidden state r picks column r of the weight [V, 3], in which -infinity would be NaN: a huge logit does.
            for (int i = 0; i < logits.length; i++) {
                logits[i] = Math.max(logits[i], -1e30f);
            }
            PackedMatrix weight = backend.matmul().pack(scope.of(logits, words, 3), DType.F32, scope);
            for (int row = 0; row < 3; row++) {
                float[] hidden = new float[uniforms.length * 3];
                for (int i = 0; i < uniforms.length; i++) {
                    hidden[3 * i + row] = 1;
                }
                Tensor tokens = scope.zeros(DType.I32, uniforms.length);
                Tensor logProbs = scope.zeros(DType.F32, uniforms.length);
                backend.heads().sample(scope.of(hidden, uniforms.length, 3), weight, SamplingLaw.ofTemperature(1),
                        scope.of(uniforms, uniforms.length), tokens, logProbs);
                double total = Arrays.stream(weights[row]).sum();
                for (int i = 0; i < uniforms.length; i++) {
                    int expected = drawn(weights[row], uniforms[i] * total);
                    assertThat(tokens.toInts()[i]).as("row %d, uniform %s", row, uniforms[i])
                            .isCloseTo(expected, Offset.offset(ROUNDED_WORDS));
                    assertThat(weights[row][tokens.toInts()[i]]).isPositive();
                    assertThat(logProbs.toFloats()[i]).isCloseTo(
                            (float) Math.log(weights[row][tokens.toInts()[i]] / total), Offset.offset(2e-6f));
                }
            }
        }
    }

    private static int drawn(double[] weights, double threshold) {
        double sum = 0;
        int last = 0;
        for (int v = 0; v < weights.length && sum <= threshold; v++) {
            last = weights[v] > 0 ? v : last;
            sum += weights[v];
        }
        return last;
    }

    /// cuBLAS's kernels compute 128 rows at a time, and a part of 129 rows costs as much as one of 256.
    @Test
    void aPartIsWholeTilesWhereNotAllRowsFit() {
        assertThat(LogitParts.heldRows(441, 2048)).isEqualTo(384);
        assertThat(LogitParts.heldRows(441, 300)).isEqualTo(300);
        assertThat(LogitParts.heldRows(100, 300)).isEqualTo(100);
        assertThat(LogitParts.heldRows(0, 300)).isOne();
    }
}
