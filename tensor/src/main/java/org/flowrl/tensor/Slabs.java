package org.flowrl.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongUnaryOperator;

/// Cuts small blocks from larger pieces of a device's memory, slabs, where the device rounds every request up to
/// megabytes, or waits. A block goes into the first slab that has room for it; none is ever given back.
public final class Slabs {
    private static final long ALIGNMENT = 256;

    /// What is left of a slab.
    private static final class Rest {
        private long address;
        private long bytes;
    }

    private final long slabBytes;
    private final LongUnaryOperator device;
    private final List<Rest> rests = new ArrayList<>();
    private long bytes;

    /// @param slabBytes size of a slab; blocks of more than half of it have a piece of their own, all where it is 0
    /// @param device gives the address of a new piece of so many bytes
    public Slabs(long slabBytes, LongUnaryOperator device) {
        this.slabBytes = slabBytes;
        this.device = device;
    }

    /// The address of a new block, a multiple of 256 where those of pieces are.
    public long cut(long blockBytes) {
        long size = Math.ceilDiv(Math.max(blockBytes, 1), ALIGNMENT) * ALIGNMENT;
        if (size > slabBytes / 2) {
            return piece(size);
        }
        Rest rest = rests.stream().filter(open -> open.bytes >= size).findFirst().orElseGet(this::slab);
        long address = rest.address;
        rest.address += size;
        rest.bytes -= size;
        return address;
    }

    private Rest slab() {
        Rest rest = new Rest();
        rest.address = piece(slabBytes);
        rest.bytes = slabBytes;
        rests.add(rest);
        return rest;
    }

    private long piece(long size) {
        long address = device.applyAsLong(size);
        bytes += size;
        return address;
    }

    /// Bytes of all pieces.
    public long bytes() {
        return bytes;
    }
}
