package org.flowrl.gpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A module of the emulated card with kernels of `src/test/cuda`, and its driver.
final class EmulatedModule implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    private final CudaApi api;
    private final long module;

    /// Aborts the calling test, with the reason, where the card cannot be emulated.
    EmulatedModule(String... kernels) {
        EmulatedCuda.use();
        api = CudaBinding.open(FfmApi.NAME);
        api.useContext(api.retainContext(0));
        // The driver wants to see the kernels' names in the module's text.
        String text = Stream.of(kernels).map(kernel -> ".entry " + kernel + "(\n")
                .collect(Collectors.joining("", ".version 7.8\n", "\0"));
        module = api.loadModule(text.getBytes(StandardCharsets.US_ASCII));
    }

    CudaApi api() {
        return api;
    }

    long function(String kernel) {
        return api.function(module, kernel);
    }

    /// Starts one block of a kernel with these pointers and numbers.
    void launch(String kernel, int threads, int sharedBytes, long stream, long... values) {
        launch(function(kernel), threads, sharedBytes, stream, values);
    }

    void launch(long function, int threads, int sharedBytes, long stream, long... values) {
        MemorySegment parameters = arena.allocate(8L * values.length, 8);
        MemorySegment addresses = arena.allocate(8L * (values.length + 1), 8);
        for (int i = 0; i < values.length; i++) {
            parameters.setAtIndex(ValueLayout.JAVA_LONG, i, values[i]);
            addresses.setAtIndex(ValueLayout.JAVA_LONG, i, parameters.address() + 8L * i);
        }
        api.launch(function, 1, 1, threads, sharedBytes, stream, addresses.address());
    }

    /// The address of a copy of these bytes on the card.
    long toDevice(MemorySegment values, long stream) {
        MemorySegment host = arena.allocate(values.byteSize(), 8).copyFrom(values);
        long address = api.allocate(values.byteSize());
        api.copyIn(host.address(), address, values.byteSize(), stream);
        return address;
    }

    /// So many words of 4 bytes from the card.
    MemorySegment fromDevice(long address, int words, long stream) {
        MemorySegment host = arena.allocate(words * 4L, 8);
        api.copyOut(address, host.address(), host.byteSize(), stream);
        api.synchronize(stream);
        return host;
    }

    @Override
    public void close() {
        api.unloadModule(module);
        api.close();
        arena.close();
    }
}
