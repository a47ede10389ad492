package org.flowrl.gpu;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.flowrl.tensor.Closing;

/// Device memory for work within a call: one buffer for each use, grown when a call needs more and kept until the end.
/// Growing waits for the card; a warm loop does not grow.
final class Scratch implements AutoCloseable {
    /// What a buffer is for. Two uses of one call have two buffers.
    enum Use {
        /// Sums of blocks of rows or of chunks.
        SUMS,
        /// How many words of parts of rows, of what weight, have a digit.
        TALLIES,
        /// Logits of some rows.
        LOGITS,
        /// Their gradients, rounded to BF16.
        LOGIT_GRADIENTS,
        /// Operands of a product, rounded to BF16.
        LEFT, RIGHT,
        /// Of each row of the attention's gradient: D, and the logarithm of the sum of its weights.
        DOTS, LOG_SUMS,
        /// Where each token's sequence starts and ends.
        BOUNDS,
        /// Sums over parts of a sequence's cached keys, or gradients of keys for each query head.
        PARTIALS,
        /// How many blocks are done with parts of one result: zeros, which kernels leave as zeros.
        ARRIVALS
    }

    private record Buffer(long address, long bytes) {
    }

    private static final long SMALLEST_BYTES = 64 << 10;

    private final CudaDevice device;
    private final Map<Use, Buffer> buffers = new EnumMap<>(Use.class);
    private long moves;

    Scratch(CudaDevice device) {
        this.device = device;
    }

    /// The address of at least `bytes`, valid until the next call for the same use; of undefined content, but for
    /// {@link Use#ARRIVALS}.
    long address(Use use, long bytes) {
        Buffer buffer = buffers.get(use);
        if (buffer == null || buffer.bytes < bytes) {
            device.requireNoCapture("a larger buffer for work within a call");
            if (buffer != null) {
                device.enter().free(buffer.address);
                buffers.remove(use);
                moves++;
            }
            long size = Math.max(SMALLEST_BYTES, bytes + bytes / 4);
            buffer = new Buffer(device.enter().allocate(size), size);
            if (use == Use.ARRIVALS) {
                device.enter().fill(buffer.address, (byte) 0, size, device.stream());
            }
            buffers.put(use, buffer);
        }
        return buffer.address;
    }

    /// How often a buffer has moved, so that addresses given out before no longer hold.
    long moves() {
        return moves;
    }

    /// Bytes of all buffers.
    long bytes() {
        return buffers.values().stream().mapToLong(Buffer::bytes).sum();
    }

    @Override
    public void close() {
        List<Runnable> actions = buffers.values().stream()
                .<Runnable>map(buffer -> () -> device.enter().free(buffer.address)).toList();
        buffers.clear();
        Closing.all(actions);
    }
}
