package org.flowrl.tensor.cpu;

import java.util.EnumMap;
import java.util.Map;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;

/// What the buffers of the CUDA backend grow to: one for each use, a quarter more than the call that needed it, and
/// what is held for cuBLAS. Formulas and constants are those of `org.flowrl.gpu` (Scratch, CudaHeads, CudaDevice), read off
/// and not measured on a card. The driver's own context and the ends of slabs are not counted.
final class PlanCardScratch implements PlanScratch {
    private enum Use { SUMS, LOGITS, LEFT, RIGHT, DOTS }

    private static final long SMALLEST_BYTES = 64 << 10;
    private static final long LIBRARY_BYTES = 32 << 20;
    private static final long LOGITS_BYTES = 256 << 20;
    private static final long MOST_ROWS = 65_535;

    private final Map<Use, Long> buffers = new EnumMap<>(Use.class);

    @Override
    public long bytes() {
        return LIBRARY_BYTES + buffers.values().stream().mapToLong(Long::longValue).sum();
    }

    private void need(Use use, long bytes) {
        buffers.merge(use, Math.max(SMALLEST_BYTES, bytes + bytes / 4),
                (held, wanted) -> held >= bytes ? held : wanted);
    }

    /// An operand that is rounded to the type of the weight.
    @Override
    public void product(long rows, long size, PackedMatrix weight) {
        if (weight.storage() == DType.BF16) {
            need(Use.LEFT, rows * size * DType.BF16.bytes());
        }
    }

    @Override
    public void blockSums(long rows, long size, int tensors) {
        need(Use.SUMS, Math.ceilDiv(rows, (long) Backend.BLOCK) * size * Float.BYTES);
    }

    @Override
    public void layerNorm(long size) {
        // A row's sums stay within a block of threads.
    }

    @Override
    public void attention(long rows, long tokens, long size) {
        // Scores stay within a block of threads.
    }

    @Override
    public void attentionBackward(long rows, long tokens, long size) {
        need(Use.DOTS, rows * Float.BYTES);
    }

    @Override
    public void pagedAttention(long tokens, long size) {
        // Scores stay within a block of threads.
    }

    @Override
    public void logProbs(long rows, PackedMatrix weight) {
        product(logits(rows, weight), weight.columns(), weight);
    }

    @Override
    public void logProbGradients(long rows, PackedMatrix weight, boolean hasWeightGradient) {
        long part = logits(rows, weight);
        product(part, weight.columns(), weight);
        product(part, weight.rows(), weight);
        if (hasWeightGradient && weight.storage() == DType.BF16) {
            need(Use.RIGHT, part * weight.columns() * DType.BF16.bytes());
        }
    }

    @Override
    public void samples(long rows, PackedMatrix weight) {
        product(logits(rows, weight), weight.columns(), weight);
    }

    /// Rows whose logits are held at once.
    private long logits(long rows, PackedMatrix weight) {
        long rowBytes = Math.max(1, weight.rows()) * Float.BYTES;
        long most = Math.clamp(LOGITS_BYTES / rowBytes, 1, Math.clamp(rows, 1, MOST_ROWS));
        need(Use.LOGITS, most * rowBytes);
        return Math.min(most, rows);
    }

    @Override
    public void chunkSums(long elements, int bytes) {
        need(Use.SUMS, (1 + Math.ceilDiv(elements, (long) Backend.CHUNK)) * bytes);
    }
}
