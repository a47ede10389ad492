package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The emulated tensor cores beside the formulas of the PTX ISA ("Matrix Fragments for mma.m16n8k16" with .bf16, and
/// ldmatrix), and the mistakes in their use that are planted in `tensorcore_test.cu`.
class TensorCoreTest {
    private static final int LANES = 32;
    private static final int ROWS = 16;
    private static final int COLUMNS = 8;
    private static final int INNER = 16;
    private static final int SHARED_BYTES = 8 << 10;

    private EmulatedModule module;
    private CudaApi api;
    private long stream;

    @BeforeEach
    void open() {
        module = new EmulatedModule("productOfFragments", "matricesOfRows", "plantedWait", "plantedMissingWait",
                "plantedBankConflict", "plantedUnalignedRow", "plantedUnalignedCopy");
        api = module.api();
        stream = api.createStream();
    }

    @AfterEach
    void close() {
        if (module != null) {
            api.destroyStream(stream);
            module.close();
        }
    }

    /// BF16 bits of a whole number of at most 256 in size, which BF16 has exactly.
    private static int bits(int number) {
        return Float.floatToRawIntBits(number) >>> 16;
    }

    /// Entries of two matrices with whole numbers, whose products and sums are exact.
    private static int a(int row, int k) {
        return (row * 7 + k * 3) % 11 - 5;
    }

    private static int b(int k, int column) {
        return (k * 5 + column * 13) % 17 - 8;
    }

    /// By the ISA, with groupID = lane / 4 and threadID = lane % 4:
    /// ```
    /// A: row = groupID where i < 2 or 4 ≤ i < 6, else groupID + 8    column = threadID · 2 + (i & 1), + 8 where i ≥ 4
    /// B: row = threadID · 2 + (i & 1), + 8 where i ≥ 2               column = groupID
    /// C: row = groupID where i < 2, else groupID + 8                 column = threadID · 2 + (i & 1)
    /// ```
    @Test
    void aProductHasTheFragmentsOfTheIsa() {
        int[] as = new int[LANES * 4];
        int[] bs = new int[LANES * 2];
        float[] cs = new float[LANES * 4];
        float[] expected = new float[LANES * 4];
        for (int lane = 0; lane < LANES; lane++) {
            int group = lane / 4;
            int thread = lane % 4;
            for (int i = 0; i < 8; i++) {
                int row = i < 2 || i >= 4 && i < 6 ? group : group + 8;
                int column = thread * 2 + (i & 1) + (i >= 4 ? 8 : 0);
                as[lane * 4 + i / 2] |= bits(a(row, column)) << 16 * (i & 1);
            }
            for (int i = 0; i < 4; i++) {
                int row = thread * 2 + (i & 1) + (i >= 2 ? 8 : 0);
                bs[lane * 2 + i / 2] |= bits(b(row, group)) << 16 * (i & 1);
            }
            for (int i = 0; i < 4; i++) {
                int row = i < 2 ? group : group + 8;
                int column = thread * 2 + (i & 1);
                assertThat(row).isLessThan(ROWS);
                assertThat(column).isLessThan(COLUMNS);
                cs[lane * 4 + i] = i;
                expected[lane * 4 + i] = i;
                for (int k = 0; k < INNER; k++) {
                    expected[lane * 4 + i] += a(row, k) * b(k, column);
                }
            }
        }
        long c = toDevice(MemorySegment.ofArray(cs));
        launch("productOfFragments", toDevice(MemorySegment.ofArray(as)), toDevice(MemorySegment.ofArray(bs)), c);
        assertThat(fromDevice(c, LANES * 4).toArray(ValueLayout.JAVA_FLOAT)).isEqualTo(expected);
    }

    /// By the ISA thread t takes of matrix i the elements 2 · (t % 4) and the next of row t / 4, whose address thread
    /// 8 · i + t / 4 gave; with .trans, row and column the other way round.
    @Test
    void matricesAreLoadedAsTheIsaSaysAndTransposed() {
        short[] x = new short[LANES * 8];
        for (int i = 0; i < x.length; i++) {
            x[i] = (short) i;
        }
        int[] expected = new int[2 * LANES * 4];
        for (int lane = 0; lane < LANES; lane++) {
            for (int i = 0; i < 4; i++) {
                int row = lane / 4;
                int column = lane % 4 * 2;
                expected[lane * 4 + i] = i * 64 + row * 8 + column | i * 64 + row * 8 + column + 1 << 16;
                expected[(LANES + lane) * 4 + i] = i * 64 + column * 8 + row | i * 64 + (column + 1) * 8 + row << 16;
            }
        }
        long fragments = api.allocate(expected.length * (long) Integer.BYTES);
        launch("matricesOfRows", toDevice(MemorySegment.ofArray(x)), fragments);
        assertThat(fromDevice(fragments, expected.length).toArray(ValueLayout.JAVA_INT)).isEqualTo(expected);
    }

    @Test
    void whatIsCopiedIsThereAfterAWaitAndReadsAsNaNWithoutOne() {
        float[] numbers = new float[LANES];
        float[] turned = new float[LANES];
        for (int i = 0; i < LANES; i++) {
            numbers[i] = i + 1;
            turned[LANES - 1 - i] = i == LANES - 1 ? 0 : i + 1;
        }
        long x = toDevice(MemorySegment.ofArray(numbers));
        long y = api.allocate(LANES * (long) Float.BYTES);
        launch("plantedWait", x, y);
        assertThat(fromDevice(y, LANES).toArray(ValueLayout.JAVA_FLOAT)).isEqualTo(turned);
        launch("plantedMissingWait", x, y);
        assertThat(fromDevice(y, LANES).toArray(ValueLayout.JAVA_FLOAT)).containsOnly(Float.NaN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"plantedBankConflict", "plantedUnalignedRow"})
    void rowsOfAMatrixThatACardIsSlowAtOrRefusesFailTheLaunch(String kernel) {
        long y = api.allocate(LANES * (long) Float.BYTES);
        assertFails(kernel, y);
    }

    @Test
    void aCopyThatIsNotAlignedToItsSizeFailsTheLaunch() {
        long x = api.allocate(LANES * (long) Float.BYTES);
        assertFails("plantedUnalignedCopy", x, x);
    }

    private void assertFails(String kernel, long... values) {
        assertThatThrownBy(() -> launch(kernel, values)).isInstanceOf(CudaException.class)
                .hasMessage("cuLaunchKernel: 719 (CUDA_ERROR_LAUNCH_FAILED)");
    }

    private long toDevice(MemorySegment values) {
        return module.toDevice(values, stream);
    }

    private MemorySegment fromDevice(long address, int words) {
        return module.fromDevice(address, words, stream);
    }

    private void launch(String kernel, long... values) {
        module.launch(kernel, LANES, SHARED_BYTES, stream, values);
    }
}
