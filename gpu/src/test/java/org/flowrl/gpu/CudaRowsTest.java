package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels.Binary;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Kernels that go about large or oddly placed operands in another way than the contract's cases ask for.
class CudaRowsTest {
    /// Relative to numbers of about 1: sums of some thousand F32 products in two orders.
    private static final Offset<Float> ROUNDING = Offset.offset(2e-5f);
    private static final int ROWS = 3;

    private CudaBackend card;
    private Scope scope;

    @BeforeEach
    void open() {
        CudaContract.useCard();
        card = new CudaBackend(CudaBinding.open(FfmApi.NAME), 0);
        scope = Scope.root("test", card.memory());
    }

    @AfterEach
    void close() {
        scope.close();
        card.close();
    }

    private static float[] numbers(String name, int count) {
        RandomKey key = RandomKey.of(7).fold(name);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) key.normal(i);
        }
        return numbers;
    }

    /// y, 1/rms, dx and dweight of rows of `size`.
    private static List<float[]> norms(Backend backend, Scope scope, int size) {
        Tensor x = scope.of(numbers("x", ROWS * size), ROWS, size);
        Tensor weight = scope.of(numbers("weight", size), size);
        Tensor dy = scope.of(numbers("dy", ROWS * size), ROWS, size);
        Tensor y = scope.zeros(DType.F32, ROWS, size);
        Tensor inverse = scope.zeros(DType.F32, ROWS);
        Tensor dx = scope.zeros(DType.F32, ROWS, size);
        Tensor dweight = scope.zeros(DType.F32, size);
        backend.rows().rmsNorm(x, weight, 1e-6, y, inverse);
        backend.rows().rmsNormBackward(dy, x, weight, inverse, dx, dweight);
        return List.of(y.toFloats(), inverse.toFloats(), dx.toFloats(), dweight.toFloats());
    }

    /// A block for each row of 1,024 and 2,052 numbers, a warp for one of 2,050, which is no multiple of four.
    @ParameterizedTest
    @ValueSource(ints = {1024, 2050, 2052})
    void wideRowsAreNormalisedAsTheReferenceDoes(int size) {
        try (Backend reference = Backends.open("reference", 1).backend();
                Scope own = Scope.root("reference", reference.memory())) {
            List<float[]> expected = norms(reference, own, size);
            List<float[]> actual = norms(card, scope, size);
            for (int i = 0; i < expected.size(); i++) {
                assertThat(actual.get(i)).containsExactly(expected.get(i), ROUNDING);
            }
        }
    }

    /// A row more than blocks of 64 rows in all layers of a grid hold; a sum of ones is exact.
    @Test
    void moreRowsThanAGridHasBlocksForAreSummed() {
        int rows = 64 * (int) CudaRows.MOST_LAYERS + 1;
        Tensor ones = scope.zeros(DType.F32, rows, 1);
        card.elementwise().fill(ones, 1);
        Tensor sum = scope.zeros(DType.F32, 1);
        card.matmul().biasGradient(ones, sum);
        assertThat(sum.toFloats()).containsExactly(rows);
    }

    /// Words 0, 1 and 2 in turn but for one row of word 4: each word's rows are added one after the other.
    @Test
    void manyRowsOfAWordAreAddedInOrder() {
        int rows = 100;
        int size = 300;
        int[] ids = IntStream.range(0, rows).map(row -> row == 50 ? 4 : row % 3).toArray();
        float[] dout = numbers("dout", rows * size);
        float[] expected = numbers("table", 6 * size);
        Tensor table = scope.of(expected.clone(), 6, size);
        card.rows().scatterAdd(scope.of(dout, rows, size), scope.of(ids, rows), table);
        for (int row = 0; row < rows; row++) {
            for (int d = 0; d < size; d++) {
                expected[ids[row] * size + d] += dout[row * size + d];
            }
        }
        assertThat(table.toFloats()).isEqualTo(expected);
    }

    /// Four numbers at a time from the start of a tensor, and one at a time from its second number on.
    @Test
    void oddlyPlacedNumbersGiveTheSameBits() {
        int count = 23;
        Tensor a = scope.of(numbers("a", count + 1), count + 1);
        Tensor b = scope.of(numbers("b", count + 1), count + 1);
        Tensor sums = scope.zeros(DType.F32, count + 1);
        Tensor gated = scope.zeros(DType.F32, count + 1);
        Tensor rounded = scope.zeros(DType.BF16, count + 1);
        card.elementwise().binary(Binary.ADD, a, b, sums);
        card.elementwise().swiGlu(a, b, gated);
        card.elementwise().convert(a, rounded);
        Tensor odd = scope.zeros(DType.F32, count + 1).slice(1, count);
        card.elementwise().binary(Binary.ADD, a.slice(1, count), b.slice(1, count), odd);
        assertThat(odd.toFloats()).isEqualTo(sums.slice(1, count).toFloats());
        card.elementwise().swiGlu(a.slice(1, count), b.slice(1, count), odd);
        assertThat(odd.toFloats()).isEqualTo(gated.slice(1, count).toFloats());
        Tensor oddRounded = scope.zeros(DType.BF16, count);
        card.elementwise().convert(a.slice(1, count), oddRounded);
        Tensor wide = scope.zeros(DType.F32, count);
        Tensor oddWide = scope.zeros(DType.F32, count);
        card.elementwise().convert(rounded.slice(1, count), wide);
        card.elementwise().convert(oddRounded, oddWide);
        assertThat(oddWide.toFloats()).isEqualTo(wide.toFloats());
    }
}
