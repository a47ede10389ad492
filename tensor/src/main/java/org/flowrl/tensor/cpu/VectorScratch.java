package org.flowrl.tensor.cpu;

import java.lang.foreign.Arena;
import org.flowrl.tensor.Backend;

/// Scratch memory of one worker, outside the Java heap: allocated once, the growing part enlarged rarely.
/// Addresses are of bytes, aligned to 64.
final class VectorScratch implements AutoCloseable {
    private static final long ALIGNMENT = 64;
    private static final long SMALLEST_BUFFER = 1 << 16;

    /// One tile of the matmul kernels: {@link VectorTile#ROWS} rows of {@link VectorProduct#COLUMNS}, and at least the
    /// columns of {@link VectorProduct#STREAMS} panels in one row.
    final long tile;
    /// One block of a panel: {@link Backend#BLOCK} rows of {@link VectorProduct#COLUMNS}.
    final long panel;
    /// Twice sixteen floats.
    final long lanes;

    private final Arena fixed = Arena.ofShared();
    private final Growing buffer = new Growing();
    private final Growing copies = new Growing();

    VectorScratch() {
        long row = VectorProduct.COLUMNS * (long) Float.BYTES;
        tile = fixed.allocate(row * Math.max(VectorTile.ROWS, VectorProduct.STREAMS), ALIGNMENT).address();
        panel = fixed.allocate(row * Backend.BLOCK, ALIGNMENT).address();
        lanes = fixed.allocate(2 * VectorLanes.LANE_BYTES, ALIGNMENT).address();
    }

    /// The address of at least `bytes` of undefined content, for a kernel family; ends the buffer of the call before.
    long buffer(long bytes) {
        return buffer.address(bytes);
    }

    /// As {@link #buffer}, for what {@link VectorProduct} copies of its operands while its caller holds a buffer.
    long copies(long bytes) {
        return copies.address(bytes);
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
                capacity = Math.max(SMALLEST_BUFFER, Math.max(bytes, capacity + capacity / 2));
                address = arena.allocate(capacity, ALIGNMENT).address();
            }
            return address;
        }
    }
}
