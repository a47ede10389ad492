package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The emulated card finds the mistakes that are planted in `planted.cu`.
class EmulatorTest {
    private static final int COUNT = 64;
    private static final long BYTES = COUNT * (long) Float.BYTES;
    /// The driver wants to see the kernels' names in the module's text.
    private static final String MODULE = """
            .version 7.8
            .entry plantedMissingBarrier(
            .entry plantedBarrier(
            .entry plantedWritePastTheEnd(
            .entry plantedDivergentBarrier(
            \0""";

    private final Arena arena = Arena.ofConfined();
    private CudaApi api;
    private long module;

    @BeforeEach
    void open() {
        EmulatedCuda.use();
        api = CudaBinding.open(FfmApi.NAME);
        api.useContext(api.retainContext(0));
        module = api.loadModule(MODULE.getBytes(StandardCharsets.US_ASCII));
    }

    @AfterEach
    void close() {
        if (api != null) {
            api.unloadModule(module);
            api.close();
        }
        arena.close();
    }

    @Test
    void aMissingBarrierGivesOtherNumbersInAnotherOrderOfThreads() {
        assertThat(turned("plantedBarrier")).as("with the barrier, on two streams").hasSize(1);
        assertThat(turned("plantedMissingBarrier")).as("without the barrier, on two streams").hasSize(2);
    }

    /// The different results of turning 0 … 63 around on two streams, whose threads run in opposite orders.
    private Set<String> turned(String kernel) {
        Set<String> results = new HashSet<>();
        MemorySegment numbers = arena.allocate(BYTES);
        for (int i = 0; i < COUNT; i++) {
            numbers.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
        }
        long x = api.allocate(BYTES);
        long y = api.allocate(BYTES);
        for (int i = 0; i < 2; i++) {
            long stream = api.createStream();
            api.copyIn(numbers.address(), x, BYTES, stream);
            launch(kernel, stream, x, y);
            MemorySegment result = arena.allocate(BYTES);
            api.copyOut(y, result.address(), BYTES, stream);
            results.add(Arrays.toString(result.toArray(ValueLayout.JAVA_FLOAT)));
            api.destroyStream(stream);
        }
        api.free(x);
        api.free(y);
        return results;
    }

    @Test
    void aWritePastTheEndFailsTheLaunch() {
        long y = api.allocate(BYTES);
        long stream = api.createStream();
        assertThatThrownBy(() -> launch("plantedWritePastTheEnd", stream, y, COUNT))
                .isInstanceOf(CudaException.class)
                .hasMessage("cuLaunchKernel: 700 (CUDA_ERROR_ILLEGAL_ADDRESS)");
        assertThatThrownBy(() -> api.free(y)).isInstanceOf(CudaException.class)
                .hasMessageContaining("700 (CUDA_ERROR_ILLEGAL_ADDRESS)");
        api.destroyStream(stream);
    }

    @Test
    void threadsThatWaitAtDifferentBarriersFailTheLaunch() {
        long y = api.allocate(BYTES);
        long stream = api.createStream();
        assertThatThrownBy(() -> launch("plantedDivergentBarrier", stream, y)).isInstanceOf(CudaException.class)
                .hasMessage("cuLaunchKernel: 719 (CUDA_ERROR_LAUNCH_FAILED)");
        api.destroyStream(stream);
        api.free(y);
    }

    @Test
    void aLaunchWithAMissingParameterIsRefused() {
        long stream = api.createStream();
        assertThatThrownBy(() -> launch("plantedBarrier", stream, 0)).isInstanceOf(CudaException.class)
                .hasMessage("cuLaunchKernel: 1 (CUDA_ERROR_INVALID_VALUE)");
        api.destroyStream(stream);
    }

    @Test
    void aKernelThatTheModuleDoesNotHaveIsNotFound() {
        assertThatThrownBy(() -> api.function(module, "rmsNorm")).isInstanceOf(CudaException.class)
                .hasMessage("cuModuleGetFunction: 500 (CUDA_ERROR_NOT_FOUND)");
    }

    private void launch(String kernel, long stream, long... values) {
        MemorySegment parameters = arena.allocate(8L * values.length, 8);
        MemorySegment addresses = arena.allocate(8L * (values.length + 1), 8);
        for (int i = 0; i < values.length; i++) {
            parameters.setAtIndex(ValueLayout.JAVA_LONG, i, values[i]);
            addresses.setAtIndex(ValueLayout.JAVA_LONG, i, parameters.address() + 8L * i);
        }
        api.launch(api.function(module, kernel), 1, 1, COUNT, 0, stream, addresses.address());
    }
}
