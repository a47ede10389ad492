package org.flowrl.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The source of {@link Memory#ofHost}: host memory outside the Java heap, zeroed.
final class HostSource implements Memory.Source {
    private static final long ALIGNMENT = 64;
    /// From here on a block has pages of its own, and large ones where the system has any.
    private static final long LARGE_BLOCK = 2 * LargePages.BYTES;

    private final Arena arena = Arena.ofShared();

    @Override
    public Device device() {
        return Device.CPU;
    }

    @Override
    public MemorySegment allocate(long bytes) {
        return bytes >= LARGE_BLOCK && LargePages.areThere()
                ? LargePages.allocate(bytes, arena)
                : arena.allocate(bytes, ALIGNMENT);
    }

    @Override
    public void copyIn(MemorySegment host, MemorySegment block) {
        block.copyFrom(host);
    }

    @Override
    public void copyOut(MemorySegment block, MemorySegment host) {
        host.copyFrom(block);
    }

    @Override
    public void copy(MemorySegment from, MemorySegment to) {
        to.copyFrom(from);
    }

    @Override
    public void fill(MemorySegment block, byte value) {
        block.fill(value);
    }

    @Override
    public void close() {
        arena.close();
    }
}
