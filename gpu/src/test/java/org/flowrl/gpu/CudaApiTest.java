package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What each binding owes, call by call, on the emulated card.
class CudaApiTest {
    private final Arena arena = Arena.ofConfined();

    @BeforeEach
    void useTheEmulatedCard() {
        EmulatedCuda.use();
    }

    @AfterEach
    void close() {
        arena.close();
    }

    private static CudaApi open(String binding) {
        CudaApi api = CudaBinding.open(binding);
        api.useContext(api.retainContext(0));
        return api;
    }

    private MemorySegment floats(float... values) {
        return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
    }

    private long onCard(CudaApi api, long stream, float... values) {
        long address = api.allocate(values.length * 4L);
        api.copyIn(floats(values).address(), address, values.length * 4L, stream);
        return address;
    }

    private float[] read(CudaApi api, long stream, long address, int count) {
        MemorySegment host = arena.allocate(count * 4L, 4);
        api.copyOut(address, host.address(), count * 4L, stream);
        api.synchronize(stream);
        return host.toArray(ValueLayout.JAVA_FLOAT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffm", "jcuda"})
    void aCardSaysWhatItIs(String binding) {
        try (CudaApi api = open(binding)) {
            assertThat(api.binding()).isEqualTo(binding);
            assertThat(api.driverVersion()).isEqualTo(13_000);
            assertThat(api.deviceCount()).isEqualTo(1);
            assertThat(api.deviceName(0)).isEqualTo("emulated card");
            assertThat(api.attribute(CudaApi.CAPABILITY_MAJOR, 0)).isEqualTo(8);
            assertThat(api.totalBytes(0)).isEqualTo(1L << 30);
            api.releaseContext(0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffm", "jcuda"})
    void memoryIsCopiedFilledAndGivenBack(String binding) {
        try (CudaApi api = open(binding)) {
            long before = api.freeBytes();
            long stream = api.createStream();
            long x = onCard(api, stream, 1, 2, 3, 4);
            long y = api.allocate(16);
            api.copy(x, y, 16, stream);
            api.fill(y + 8, (byte) 0, 4, stream);
            assertThat(read(api, stream, y, 4)).containsExactly(1, 2, 0, 4);
            long pinned = api.allocateHost(64);
            api.copyOut(x, pinned, 16, stream);
            api.freeHost(pinned);
            assertThat(before - api.freeBytes()).isEqualTo(32);
            api.free(x);
            api.free(y);
            assertThat(api.freeBytes()).isEqualTo(before);
            api.destroyStream(stream);
        }
    }

    /// Starts `ys = xs * scale + shift` over three numbers, as affine of elementwise.cu has it.
    private void affine(CudaApi api, long module, long stream, long x, float scale, float shift) {
        MemorySegment values = arena.allocate(5 * 8L, 8);
        MemorySegment addresses = arena.allocate(6 * 8L, 8);
        for (int i = 0; i < 5; i++) {
            addresses.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + 8L * i);
        }
        values.set(ValueLayout.JAVA_LONG, 0, x);
        values.set(ValueLayout.JAVA_FLOAT, 8, scale);
        values.set(ValueLayout.JAVA_FLOAT, 16, shift);
        values.set(ValueLayout.JAVA_LONG, 24, x);
        values.set(ValueLayout.JAVA_LONG, 32, 3);
        api.launch(api.function(module, "affine"), 1, 1, 32, 0, stream, addresses.address());
        // The driver has read the parameters: what becomes of them afterwards does not matter to a graph.
        values.fill((byte) 0);
    }

    private static long affineModule(CudaApi api) {
        return api.loadModule("""
                .version 7.8
                .entry affine(
                \0""".getBytes(StandardCharsets.US_ASCII));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffm", "jcuda"})
    void aCapturedGraphDoesItsWorkWheneverItIsStarted(String binding) {
        try (CudaApi api = open(binding)) {
            assertThat(api.capturesGraphs()).isTrue();
            long stream = api.createStream();
            long x = onCard(api, stream, 1, 2, 3);
            long module = affineModule(api);
            api.beginCapture(stream);
            affine(api, module, stream, x, 2, 1);
            long graph = api.endCapture(stream);
            assertThat(read(api, stream, x, 3)).as("while captured").containsExactly(1, 2, 3);
            long executable = api.instantiate(graph);
            api.destroyGraph(graph);
            api.launchGraph(executable, stream);
            api.launchGraph(executable, stream);
            // x = 2 (2 x + 1) + 1 = 4 x + 3
            assertThat(read(api, stream, x, 3)).containsExactly(7, 11, 15);
            api.destroyExecutable(executable);
            api.unloadModule(module);
            api.free(x);
            api.destroyStream(stream);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffm", "jcuda"})
    void aGraphHoldsCopiesFillsAndProductsInTheirOrder(String binding) {
        try (CudaApi api = open(binding)) {
            long stream = api.createStream();
            long blas = api.createBlas();
            api.blasStream(blas, stream);
            long module = affineModule(api);
            long x = onCard(api, stream, 1, 2, 3);
            long y = onCard(api, stream, 4, 5, 6);
            long z = onCard(api, stream, 7);
            api.beginCapture(stream);
            api.copy(x, y, 12, stream);
            api.fill(y + 4, (byte) 0, 4, stream);
            affine(api, module, stream, y, 1, 1);
            // z[1, 1] = x[1, 3] · y[3, 1]
            api.gemm(blas, false, false, 1, 1, 3, x, 1, y, 3, CudaApi.F32, 1, true, z, 1);
            long graph = api.endCapture(stream);
            assertThat(read(api, stream, y, 3)).as("while captured").containsExactly(4, 5, 6);
            long executable = api.instantiate(graph);
            api.launchGraph(executable, stream);
            assertThat(read(api, stream, y, 3)).containsExactly(2, 1, 4);
            // 7 + 1 · 2 + 2 · 1 + 3 · 4
            assertThat(read(api, stream, z, 1)).containsExactly(23);
            api.copyIn(floats(0, 0, 1).address(), x, 12, stream);
            api.launchGraph(executable, stream);
            // 23 + 0 · 1 + 0 · 1 + 1 · 2
            assertThat(read(api, stream, z, 1)).containsExactly(25);
            api.destroyExecutable(executable);
            api.destroyGraph(graph);
            api.unloadModule(module);
            api.free(x);
            api.free(y);
            api.free(z);
            api.destroyBlas(blas);
            api.destroyStream(stream);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffm", "jcuda"})
    void aCaptureThatIsWaitedForFails(String binding) {
        try (CudaApi api = open(binding)) {
            long stream = api.createStream();
            api.beginCapture(stream);
            assertThatThrownBy(() -> api.synchronize(stream)).isInstanceOf(CudaException.class)
                    .hasMessage("cuStreamSynchronize: 900 (CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED)");
            assertThatThrownBy(() -> api.endCapture(stream)).isInstanceOf(CudaException.class)
                    .hasMessage("cuStreamEndCapture: 901 (CUDA_ERROR_STREAM_CAPTURE_INVALIDATED)");
            api.synchronize(stream);
            api.destroyStream(stream);
        }
    }

    @Test
    void bothBindingsGiveTheSameProduct() {
        assertThat(products("ffm")).isEqualTo(products("jcuda"));
    }

    /// Products of two random matrices [5, 7] and [7, 3], turned every way and times 1 to 4.
    private float[] products(String binding) {
        SplittableRandom random = new SplittableRandom(3);
        float[] numbers = new float[70];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        try (CudaApi api = open(binding)) {
            long stream = api.createStream();
            long blas = api.createBlas();
            api.blasStream(blas, stream);
            api.blasMath(blas, CudaApi.EXACT_MATH);
            assertThat(api.blasVersion(blas)).isEqualTo(120_902);
            long x = onCard(api, stream, numbers);
            long y = onCard(api, stream, numbers);
            long z = onCard(api, stream, new float[60]);
            for (int turn = 0; turn < 4; turn++) {
                boolean turnA = turn % 2 == 1;
                boolean turnB = turn / 2 == 1;
                api.gemm(blas, turnA, turnB, 5, 3, 7, x, turnA ? 7 : 5, y, turnB ? 3 : 7, CudaApi.F32,
                        turn + 1, turn == 3, z + turn * 60L, 5);
            }
            float[] result = read(api, stream, z, 60);
            api.free(x);
            api.free(y);
            api.free(z);
            api.destroyBlas(blas);
            api.destroyStream(stream);
            // Element (0, 0) of the first product, of columns: Σ_l a[l · 5] · b[l], in order.
            float expected = 0;
            for (int l = 0; l < 7; l++) {
                expected += numbers[l * 5] * numbers[l];
            }
            assertThat(result[0]).isEqualTo(expected);
            return result;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ffm", "jcuda"})
    void aCallThatFailsIsNamedWithItsCode(String binding) {
        try (CudaApi api = open(binding)) {
            String suffix = binding.equals("ffm") ? "_v2" : "";
            assertThatThrownBy(() -> api.allocate(2L << 30)).isInstanceOf(CudaException.class)
                    .hasMessage("cuMemAlloc" + suffix + ": 2 (CUDA_ERROR_OUT_OF_MEMORY)");
            assertThatThrownBy(() -> api.loadModule(new byte[] {'x', 0})).isInstanceOf(CudaException.class)
                    .hasMessage("cuModuleLoadData: 200 (CUDA_ERROR_INVALID_IMAGE)");
            long blas = api.createBlas();
            assertThatThrownBy(() -> api.gemm(blas, false, false, 2, 2, 2, 1, 1, 1, 2, CudaApi.F32, 1, false, 1, 2))
                    .isInstanceOf(CudaException.class).hasMessage("cublasGemmEx: 7 (CUBLAS_STATUS_INVALID_VALUE)");
            api.destroyBlas(blas);
        }
    }

    @Test
    void aCardThatIsTooSmallSaysHowMuchWasAskedFor() {
        try (CudaBackend backend = new CudaBackend(CudaBinding.open("ffm"), 0);
                Scope scope = Scope.root("test", backend.memory())) {
            assertThatThrownBy(() -> scope.allocate(DType.F32, 1L << 29))
                    .isInstanceOf(CudaMemory.OutOfDeviceMemoryException.class)
                    .hasMessageStartingWith("cuda:0: 2,048 MiB more were asked for, ");
        }
    }
}
