package org.flowrl.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/// The memory of one device: hands out blocks, takes them back for reuse, and counts.
///
/// Blocks are kept in size classes (a quarter of a power of two apart), so that a step which allocates what the step
/// before it allocated gets the same blocks and nothing new is asked of the system. Memory goes back to the system
/// when the `Memory` is closed, which its backend does. One thread at a time.
public final class Memory implements AutoCloseable {
    private static final long SMALLEST_BLOCK = 256;

    private final Source source;
    private final Map<Long, ArrayDeque<MemorySegment>> free = new HashMap<>();
    private long bytesInUse;
    private long bytesReserved;
    private long highWaterBytes;
    private long systemAllocations;

    /// What a device must offer: raw allocation, and copies from and to the host.
    public interface Source extends AutoCloseable {
        /// The device that the memory belongs to.
        Device device();

        /// A new block of `bytes`, aligned to 64 bytes. The segment of a card's block carries the card's address
        /// and is never dereferenced on the host.
        MemorySegment allocate(long bytes);

        /// Copies host memory into a block of this device.
        void copyIn(MemorySegment host, MemorySegment block);

        /// Copies a block of this device into host memory.
        void copyOut(MemorySegment block, MemorySegment host);

        /// Gives all blocks back.
        @Override
        void close();
    }

    /// Memory from `source`, which this object then owns.
    public Memory(Source source) {
        this.source = source;
    }

    /// Host memory outside the Java heap.
    public static Memory ofHost() {
        Arena arena = Arena.ofShared();
        return new Memory(new Source() {
            @Override
            public Device device() {
                return Device.CPU;
            }

            @Override
            public MemorySegment allocate(long bytes) {
                return arena.allocate(bytes, 64);
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
            public void close() {
                arena.close();
            }
        });
    }

    /// The device that the memory belongs to.
    public Device device() {
        return source.device();
    }

    /// Bytes in blocks that scopes hold now.
    public long bytesInUse() {
        return bytesInUse;
    }

    /// Bytes asked of the system so far: in use and free for reuse.
    public long bytesReserved() {
        return bytesReserved;
    }

    /// The largest value that {@link #bytesInUse} has had since the start or {@link #resetHighWater}.
    public long highWaterBytes() {
        return highWaterBytes;
    }

    /// Starts a new high-water measurement from what is in use now.
    public void resetHighWater() {
        highWaterBytes = bytesInUse;
    }

    /// How often a block had to be asked of the system; constant once a loop is warm.
    public long systemAllocations() {
        return systemAllocations;
    }

    MemorySegment take(long bytes) {
        long size = sizeClass(bytes);
        ArrayDeque<MemorySegment> blocks = free.get(size);
        MemorySegment block = blocks == null ? null : blocks.pollLast();
        if (block == null) {
            block = source.allocate(size);
            bytesReserved += size;
            systemAllocations++;
        }
        bytesInUse += size;
        highWaterBytes = Math.max(highWaterBytes, bytesInUse);
        return block;
    }

    void giveBack(MemorySegment block) {
        bytesInUse -= block.byteSize();
        free.computeIfAbsent(block.byteSize(), size -> new ArrayDeque<>()).addLast(block);
    }

    void copyIn(MemorySegment host, MemorySegment block) {
        source.copyIn(host, block);
    }

    void copyOut(MemorySegment block, MemorySegment host) {
        source.copyOut(block, host);
    }

    /// The block size that serves a request: the next of 1, 1.25, 1.5, 1.75 times a power of two.
    static long sizeClass(long bytes) {
        if (bytes <= SMALLEST_BLOCK) {
            return SMALLEST_BLOCK;
        }
        long quarter = Math.max(64, Long.highestOneBit(bytes - 1) / 4);
        return (bytes + quarter - 1) / quarter * quarter;
    }

    @Override
    public void close() {
        free.clear();
        source.close();
    }
}
