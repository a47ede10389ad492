package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How the head of a language model is computed in parts.
class CudaHeadsTest {
    private static final int ROWS = 7;
    private static final int SIZE = 8;

    /// Log-probabilities and gradients of seven rows.
    private record Results(float[] logProbs, float[] dhidden, float[] dweight) {
    }

    /// Logits of three rows are held at a time, and gradients of five, or of all: sums over rows have other brackets.
    /// Numbers of words that are multiples of four are read four at a time, others one at a time.
    @ParameterizedTest
    @CsvSource({"F32, 40", "BF16, 40", "F32, 41", "BF16, 41"})
    void partsChangeNothingButBrackets(DType storage, int words) {
        CudaContract.useCard();
        try (CudaBackend backend = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
                Scope scope = Scope.root("test", backend.memory())) {
            Card card = backend.card();
            Products products = new Products(card);
            Results whole = results(new CudaHeads(card, products), backend, scope, storage, words);
            Results parts = results(new CudaHeads(card, products, 3L * words * Float.BYTES,
                    5L * words * DType.BF16.bytes()), backend, scope, storage, words);
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

    /// cuBLAS's kernels compute 128 rows at a time, and a part of 129 rows costs as much as one of 256.
    @Test
    void aPartIsWholeTilesWhereNotAllRowsFit() {
        assertThat(CudaHeads.heldRows(441, 2048)).isEqualTo(384);
        assertThat(CudaHeads.heldRows(441, 300)).isEqualTo(300);
        assertThat(CudaHeads.heldRows(100, 300)).isEqualTo(100);
        assertThat(CudaHeads.heldRows(0, 300)).isOne();
    }
}
