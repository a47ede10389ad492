package org.flowrl.tensor;

import java.lang.foreign.MemorySegment;

/// The source of {@link Memory#planned}: gives out addresses, each once, and no memory.
final class PlannedSource implements Memory.Source {
    /// Blocks lie apart from each other and from address 0.
    private static final long ALIGNMENT = 64;

    private long next = ALIGNMENT;

    @Override
    public Device device() {
        return Device.PLAN;
    }

    /// The segment has an address and a size; it is never dereferenced, since its device is not the host.
    @Override
    @SuppressWarnings("restricted")
    public MemorySegment allocate(long bytes) {
        MemorySegment block = MemorySegment.ofAddress(next).reinterpret(bytes);
        next = Math.addExact(next, Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT);
        return block;
    }

    @Override
    public void copyIn(MemorySegment host, MemorySegment block) {
        // There is nothing to write to.
    }

    @Override
    public void copyOut(MemorySegment block, MemorySegment host) {
        host.fill((byte) 0);
    }

    @Override
    public void copy(MemorySegment from, MemorySegment to) {
        // There is nothing to copy.
    }

    @Override
    public void fill(MemorySegment block, byte value) {
        // There is nothing to fill.
    }

    @Override
    public void close() {
        // There is nothing to give back.
    }
}
