package org.flowrl.tensor.cpu;

import java.lang.foreign.Arena;
import org.flowrl.tensor.Backend;

/// Scratch memory of one worker, outside the Java heap but for what is sorted: allocated once, the growing parts
/// enlarged rarely. Addresses are of bytes, aligned to 64.
final class VectorScratch implements AutoCloseable {
    private static final long ALIGNMENT = 64;
    private static final long SMALLEST_BUFFER = 1 << 16;

    /// One tile of the matmul kernels: {@link VectorTile#ROWS} rows of {@link VectorProduct#COLUMNS}, and at least the
    /// columns of {@link VectorProduct#STREAMS} panels in one row.
    final long tile;
    /// A block of each of {@link VectorProduct#TOGETHER} panels: {@link Backend#BLOCK} rows of
    /// {@link VectorProduct#COLUMNS}.
    final long panels;
    /// Twice sixteen floats.
    final long lanes;

    private final Arena fixed = Arena.ofShared();
    private final long fixedBytes;
    private final Growing buffer = new Growing();
    private final Growing copies = new Growing();
    private float[] sorted = {};

    VectorScratch() {
        long row = VectorProduct.COLUMNS * (long) Float.BYTES;
        long tileBytes = row * Math.max(VectorTile.ROWS, VectorProduct.STREAMS);
        tile = fixed.allocate(tileBytes, ALIGNMENT).address();
        long panelBytes = VectorProduct.TOGETHER * row * Backend.BLOCK;
        panels = fixed.allocate(panelBytes, ALIGNMENT).address();
        lanes = fixed.allocate(2 * VectorLanes.LANE_BYTES, ALIGNMENT).address();
        fixedBytes = tileBytes + panelBytes + 2 * VectorLanes.LANE_BYTES;
    }

    /// Bytes asked of the system. The growing parts are counted as they were when their worker last grew them.
    long bytes() {
        return fixedBytes + buffer.capacity + copies.capacity;
    }

    /// The capacity of a growing buffer of `capacity` bytes that is asked for `bytes`.
    static long grown(long capacity, long bytes) {
        return bytes <= capacity ? capacity : Math.max(SMALLEST_BUFFER, Math.max(bytes, capacity + capacity / 2));
    }

    /// The address of at least `bytes` of undefined content, for a kernel family; ends the buffer of the call before.
    long buffer(long bytes) {
        return buffer.address(bytes);
    }

    /// As {@link #buffer}, for what {@link VectorProduct} copies of its operands while its caller holds a buffer.
    long copies(long bytes) {
        return copies.address(Math.max(bytes, VectorCopies.BYTES));
    }

    /// At least `count` floats of undefined content on the heap, for `Arrays.sort`.
    float[] sorted(int count) {
        if (sorted.length < count) {
            sorted = new float[count];
        }
        return sorted;
    }

    @Override
    public void close() {
        copies.arena.close();
        buffer.arena.close();
        fixed.close();
    }

    /// One block that is replaced by a larger one where it does not suffice.
    private static final class Growing {
        private Arena arena = Arena.ofShared();
        private long capacity;
        private long address;

        long address(long bytes) {
            if (bytes > capacity) {
                arena.close();
                arena = Arena.ofShared();
                capacity = grown(capacity, bytes);
                address = arena.allocate(capacity, ALIGNMENT).address();
            }
            return address;
        }
    }
}
