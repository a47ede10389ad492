package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

    private EmulatedModule module;
    private CudaApi api;

    @BeforeEach
    void open() {
        module = new EmulatedModule("plantedMissingBarrier", "plantedBarrier", "plantedWritePastTheEnd",
                "plantedDivergentBarrier");
        api = module.api();
    }

    @AfterEach
    void close() {
        if (module != null) {
            module.close();
        }
    }

    @Test
    void aMissingBarrierGivesOtherNumbersInAnotherOrderOfThreads() {
        assertThat(turned("plantedBarrier")).as("with the barrier, on two streams").hasSize(1);
        assertThat(turned("plantedMissingBarrier")).as("without the barrier, on two streams").hasSize(2);
    }

    /// The different results of turning 0 … 63 around on two streams, whose threads run in opposite orders.
    private Set<String> turned(String kernel) {
        Set<String> results = new HashSet<>();
        float[] numbers = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            numbers[i] = i;
        }
        long y = api.allocate(BYTES);
        for (int i = 0; i < 2; i++) {
            long stream = api.createStream();
            long x = module.toDevice(MemorySegment.ofArray(numbers), stream);
            launch(kernel, stream, x, y);
            results.add(Arrays.toString(module.fromDevice(y, COUNT, stream).toArray(ValueLayout.JAVA_FLOAT)));
            api.destroyStream(stream);
            api.free(x);
        }
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
        assertThatThrownBy(() -> module.function("rmsNorm")).isInstanceOf(CudaException.class)
                .hasMessage("cuModuleGetFunction: 500 (CUDA_ERROR_NOT_FOUND)");
    }

    private void launch(String kernel, long stream, long... values) {
        module.launch(kernel, COUNT, 0, stream, values);
    }
}
