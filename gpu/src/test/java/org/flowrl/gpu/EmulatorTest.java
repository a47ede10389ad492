package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.THROWABLE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The emulated card finds the mistakes that are planted in `planted.cu`.
class EmulatorTest {
    private static final int COUNT = 64;
    private static final long BYTES = COUNT * (long) Float.BYTES;

    private EmulatedModule module;
    private CudaApi api;

    @BeforeEach
    void open() {
        module = new EmulatedModule("plantedMissingBarrier", "plantedBarrier", "plantedWritePastTheEnd",
                "plantedDivergentBarrier", "plantedUnalignedRead", "plantedUnalignedSharedRead", "plantedEndedLane",
                "plantedDivergentExchange", "plantedSharedNumber");
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

    /// Reads that are not aligned to their type, exchanges with lanes that have ended or are elsewhere.
    @ParameterizedTest
    @ValueSource(strings = {"plantedUnalignedRead", "plantedUnalignedSharedRead", "plantedEndedLane",
        "plantedDivergentExchange"})
    void whatARealCardDoesNotDoFailsTheLaunch(String kernel) {
        long x = api.allocate(BYTES);
        long y = api.allocate(BYTES);
        long stream = api.createStream();
        assertThatThrownBy(() -> launch(kernel, stream, x, y)).isInstanceOf(CudaException.class)
                .hasMessage("cuLaunchKernel: 719 (CUDA_ERROR_LAUNCH_FAILED)");
        api.destroyStream(stream);
        api.free(x);
        api.free(y);
    }

    /// 4 bytes of the kernel's own and 48 KiB of the launch are more than a kernel gets unasked, and 4 bytes with all
    /// that a block can have are more than it gets at all.
    @Test
    void sharedMemoryOfAllKindsCountsTogether() {
        long y = api.allocate(BYTES);
        long stream = api.createStream();
        int most = api.attribute(CudaApi.MOST_SHARED_BYTES, 0);
        module.launch("plantedSharedNumber", COUNT, (48 << 10) - 4, stream, y);
        assertThatThrownBy(() -> module.launch("plantedSharedNumber", COUNT, 48 << 10, stream, y))
                .isInstanceOf(CudaException.class);
        api.allowSharedBytes(module.function("plantedSharedNumber"), most);
        module.launch("plantedSharedNumber", COUNT, most - 4, stream, y);
        assertThatThrownBy(() -> module.launch("plantedSharedNumber", COUNT, most, stream, y))
                .isInstanceOf(CudaException.class);
        api.destroyStream(stream);
        api.free(y);
    }

    @Test
    void moreThreadsThanThePtxNamesAreRefused() {
        long named = api.loadModule("""
                .version 7.8
                .entry plantedBarrier(
                )
                .maxntid 32
                {
                }
                \0""".getBytes(StandardCharsets.US_ASCII));
        long stream = api.createStream();
        long x = api.allocate(BYTES);
        long function = api.function(named, "plantedBarrier");
        module.launch(function, Kernels.WARP, 0, stream, x, x);
        assertThatThrownBy(() -> module.launch(function, COUNT, 0, stream, x, x)).isInstanceOf(CudaException.class)
                .hasMessage("cuLaunchKernel: 1 (CUDA_ERROR_INVALID_VALUE)");
        api.unloadModule(named);
        api.destroyStream(stream);
        api.free(x);
    }

    @Test
    void workInTheDefaultStreamIsRefused() {
        long x = api.allocate(BYTES);
        assertThatThrownBy(() -> launch("plantedBarrier", 0, x, x)).isInstanceOf(CudaException.class)
                .hasMessage("cuLaunchKernel: 400 (CUDA_ERROR_INVALID_HANDLE)");
        assertThatThrownBy(() -> api.fill(x, (byte) 0, BYTES, 0)).isInstanceOf(CudaException.class);
        api.free(x);
    }

    @Test
    void aThreadWithoutAContextIsRefused() throws InterruptedException {
        List<Throwable> thrown = new ArrayList<>();
        Thread other = new Thread(() -> {
            try {
                api.allocate(BYTES);
            } catch (CudaException e) {
                thrown.add(e);
            }
        });
        other.start();
        other.join();
        assertThat(thrown).singleElement(THROWABLE).hasMessageEndingWith("201 (CUDA_ERROR_INVALID_CONTEXT)");
    }

    @Test
    void hostMemoryMustStayAsItIsUntilTheNextWait() {
        long stream = api.createStream();
        long x = api.allocate(BYTES);
        long pinned = api.allocateHost(BYTES);
        MemorySegment host = MemorySegment.ofAddress(pinned).reinterpret(BYTES).fill((byte) 1);
        api.copyIn(pinned, x, BYTES, stream);
        api.synchronize(stream);
        host.fill((byte) 2);
        api.copyOut(x, pinned, BYTES, stream);
        assertThat(host.get(ValueLayout.JAVA_BYTE, 0)).as("before the wait").isNotEqualTo((byte) 1);
        api.synchronize(stream);
        assertThat(host.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
        api.copyIn(pinned, x, BYTES, stream);
        host.fill((byte) 2);
        assertThatThrownBy(() -> api.synchronize(stream)).isInstanceOf(CudaException.class);
        api.freeHost(pinned);
        api.free(x);
        api.destroyStream(stream);
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
