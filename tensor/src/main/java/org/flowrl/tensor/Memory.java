package org.flowrl.tensor;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The memory of one device: hands out blocks, takes them back for reuse, and counts.
///
/// Blocks are kept in size classes (a quarter of a power of two apart, 64 MiB beyond 256 MiB), so that a step which
/// allocates what the step before it allocated gets the same blocks and nothing new is asked of the system. Memory
/// goes back to the system when the `Memory` is closed, which its backend does. One thread at a time.
public final class Memory implements AutoCloseable {
    private static final long SMALLEST_BLOCK = 256;
    private static final long CACHE_LINE = 64;
    /// From here on a quarter of a power of two would waste too much of an arena of gigabytes.
    private static final long LARGE_BLOCK = 256L << 20;
    private static final long LARGE_STEP = LARGE_BLOCK / 4;
    /// Bytes of a copy through the host at a time.
    private static final long STAGING_BYTES = 1 << 20;

    private final Source source;
    private final boolean givesLarger;
    /// Free blocks by the number of their size class.
    private final List<List<MemorySegment>> free = new ArrayList<>();
    /// Free blocks of {@link #takeExactly} by their size.
    private final Map<Long, List<MemorySegment>> freeOfSize = new HashMap<>();
    private long bytesInUse;
    private long bytesReserved;
    private long highWaterBytes;
    private long systemAllocations;

    /// What a device must offer: raw allocation, and copies from and to the host. The other methods have ways that work
    /// on every device and that a device with faster ones replaces.
    public interface Source extends AutoCloseable {
        /// The device that the memory belongs to.
        Device device();

        /// A new block of `bytes`, aligned to 64 bytes. The segment of a card's block carries the card's address
        /// and is never dereferenced on the host.
        MemorySegment allocate(long bytes);

        /// Bytes that the device has given for blocks of `blockBytes` in all; more where they are cut from larger
        /// pieces.
        default long deviceBytes(long blockBytes) {
            return blockBytes;
        }

        /// Copies host memory into a block of this device.
        void copyIn(MemorySegment host, MemorySegment block);

        /// Copies a block of this device into host memory.
        void copyOut(MemorySegment block, MemorySegment host);

        /// Copies between two blocks of this device that do not overlap.
        default void copy(MemorySegment from, MemorySegment to) {
            inChunks(from.byteSize(), (at, staging) -> {
                copyOut(from.asSlice(at, staging.byteSize()), staging);
                copyIn(staging, to.asSlice(at, staging.byteSize()));
            });
        }

        /// Sets every byte of a block of this device.
        default void fill(MemorySegment block, byte value) {
            inChunks(block.byteSize(), (at, staging) ->
                    copyIn(staging.fill(value), block.asSlice(at, staging.byteSize())));
        }

        /// Gives all blocks back.
        @Override
        void close();

        private static void inChunks(long bytes, Chunk chunk) {
            MemorySegment staging = MemorySegment.ofArray(new byte[(int) Math.min(bytes, STAGING_BYTES)]);
            for (long at = 0; at < bytes; at += STAGING_BYTES) {
                chunk.run(at, staging.asSlice(0, Math.min(STAGING_BYTES, bytes - at)));
            }
        }
    }

    /// Some bytes of a block on their way through the host.
    @FunctionalInterface
    private interface Chunk {
        /// @param at where in the block
        void run(long at, MemorySegment staging);
    }

    /// Memory from `source`, which this object then owns.
    public Memory(Source source) {
        this(source, false);
    }

    private Memory(Source source, boolean givesLarger) {
        this.source = source;
        this.givesLarger = givesLarger;
    }

    /// Host memory outside the Java heap.
    public static Memory ofHost() {
        return new Memory(new HostSource());
    }

    /// Memory of {@link Device#PLAN}: blocks have addresses and sizes, and are counted, but nothing is behind them.
    /// What is written is dropped, and reads give zeros.
    ///
    /// @param slabBytes of the planned device, see {@link Slabs}
    public static Memory planned(long slabBytes) {
        return new Memory(new PlannedSource(slabBytes));
    }

    /// Memory of the same device whose blocks are taken from this one, where they count as in use, and go to nobody
    /// else until the child is closed, which must be before this one is: for work that comes back to the same
    /// addresses, see {@link Recorder}. Where the child has no free block of a size it gives one of the next larger
    /// size that it has, so that the same work on fewer rows lies where that on more rows did, and takes no more
    /// memory.
    public Memory child() {
        return new Memory(new ChildSource(this), true);
    }

    /// The device that the memory belongs to.
    public Device device() {
        return source.device();
    }

    /// Bytes in blocks that scopes hold now.
    public long bytesInUse() {
        return bytesInUse;
    }

    /// Bytes asked of the system so far: in use, free for reuse, and left of slabs.
    public long bytesReserved() {
        return source.deviceBytes(bytesReserved);
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

    /// A block of the size class of `bytes`.
    MemorySegment take(long bytes) {
        return takeOfSize(sizeClass(bytes));
    }

    /// A block of `bytes`, rounded up to cache lines alone: for what stays, since its waste would stay, too.
    MemorySegment takeExactly(long bytes) {
        return takeOfSize(Math.max(SMALLEST_BLOCK, Math.ceilDiv(bytes, CACHE_LINE) * CACHE_LINE));
    }

    private MemorySegment takeOfSize(long size) {
        List<MemorySegment> blocks = freeOf(size);
        if (blocks.isEmpty() && givesLarger) {
            blocks = freeOfLarger(size);
        }
        MemorySegment block;
        if (blocks.isEmpty()) {
            block = source.allocate(size);
            bytesReserved += size;
            systemAllocations++;
        } else {
            block = blocks.removeLast();
        }
        bytesInUse += block.byteSize();
        highWaterBytes = Math.max(highWaterBytes, bytesInUse);
        return block;
    }

    void giveBack(MemorySegment block) {
        bytesInUse -= block.byteSize();
        freeOf(block.byteSize()).add(block);
    }

    /// The free blocks of a size, which are a class's where it is a class's size.
    private List<MemorySegment> freeOf(long size) {
        if (sizeClass(size) != size) {
            return freeOfSize.computeIfAbsent(size, _ -> new ArrayList<>());
        }
        int number = classNumber(size);
        while (free.size() <= number) {
            free.add(new ArrayList<>());
        }
        return free.get(number);
    }

    /// The free blocks of the next larger class that has any; empty where none has.
    private List<MemorySegment> freeOfLarger(long size) {
        int from = Math.min(free.size(), classNumber(sizeClass(size)));
        return free.subList(from, free.size()).stream().filter(blocks -> !blocks.isEmpty()).findFirst()
                .orElse(List.of());
    }

    void copyIn(MemorySegment host, MemorySegment block) {
        source.copyIn(host, block);
    }

    void copyOut(MemorySegment block, MemorySegment host) {
        source.copyOut(block, host);
    }

    void copy(MemorySegment from, MemorySegment to) {
        source.copy(from, to);
    }

    void fill(MemorySegment block, byte value) {
        source.fill(block, value);
    }

    /// The block size that serves a request: the next of 1, 1.25, 1.5, 1.75 times a power of two, and the next multiple
    /// of 64 MiB beyond 256 MiB.
    static long sizeClass(long bytes) {
        if (bytes <= SMALLEST_BLOCK) {
            return SMALLEST_BLOCK;
        }
        long quarter = bytes > LARGE_BLOCK ? LARGE_STEP : Math.max(64, Long.highestOneBit(bytes - 1) / 4);
        return (bytes + quarter - 1) / quarter * quarter;
    }

    /// Four numbers for each power of two, then one for each step: classes of different size have different numbers.
    private static int classNumber(long size) {
        if (size > LARGE_BLOCK) {
            return Math.toIntExact(4 * Long.SIZE + size / LARGE_STEP);
        }
        int power = Long.SIZE - 1 - Long.numberOfLeadingZeros(size);
        return 4 * power + (int) (size >>> (power - 2) & 3);
    }

    @Override
    public void close() {
        free.clear();
        freeOfSize.clear();
        source.close();
    }
}
