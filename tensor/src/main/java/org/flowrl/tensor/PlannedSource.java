package org.flowrl.tensor;

import java.lang.foreign.MemorySegment;

/// The source of {@link Memory#planned}: gives out addresses, each once, and no memory.
final class PlannedSource implements Memory.Source {
    /// Pieces lie apart from each other and from address 0.
    private static final long ALIGNMENT = 256;

    private final Slabs slabs;
    private long next = ALIGNMENT;

    PlannedSource(long slabBytes) {
        slabs = new Slabs(slabBytes, this::piece);
    }

    private long piece(long bytes) {
        long address = next;
        next = Math.addExact(next, Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT);
        return address;
    }

    @Override
    public Device device() {
        return Device.PLAN;
    }

    /// The segment has an address and a size; it is never dereferenced, since its device is not the host.
    @Override
    @SuppressWarnings("restricted")
    public MemorySegment allocate(long bytes) {
        return MemorySegment.ofAddress(slabs.cut(bytes)).reinterpret(bytes);
    }

    @Override
    public long deviceBytes(long blockBytes) {
        return slabs.bytes();
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
