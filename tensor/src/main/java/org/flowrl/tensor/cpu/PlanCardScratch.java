package org.flowrl.tensor.cpu;

import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.ProductPrecision;
import org.flowrl.tensor.SamplingLaw;

/// What the buffers of the CUDA backend grow to: one for each use, a quarter more than the call that needed it, and
/// what is held for cuBLAS. Formulas and constants are those of `org.flowrl.gpu` (Scratch, Products, CudaHeads,
/// LogitParts, CudaDraws, CudaAttention, FlashAttention, CudaDevice). The driver's own context, some hundreds of
/// megabytes, is not counted.
final class PlanCardScratch implements PlanScratch {
    private enum Use {
        SUMS, TALLIES, LOGITS, LOGIT_GRADIENTS, LEFT, RIGHT, DOTS, LOG_SUMS, BOUNDS, PARTIALS, ARRIVALS
    }

    private static final long SMALLEST_BYTES = 64 << 10;
    private static final long LIBRARY_BYTES = 32 << 20;
    /// Logits of whole rows, and gradients of them.
    private static final long LOGITS_BYTES = 256 << 20;
    private static final long GRADIENT_BYTES = 640 << 20;
    private static final long TILE_ROWS = 128;
    /// Logits of ranges of words, and the rows whose ranges are computed one after the other.
    private static final long RANGE_BYTES = 32 << 20;
    private static final long RANGE_ROWS = 2048;
    /// Words of a row that one block reads, bytes of their fold and of their sum, and of what is known of them by the
    /// next digit, twice, where the lowest logit of a law is looked for.
    private static final long PART_WORDS = 4096;
    private static final long FOLD_BYTES = 12;
    private static final long PART_SUM_BYTES = 16;
    private static final long TALLIES_BYTES = 2 * 16 * 16 + 8;
    private static final long SEARCHES_BYTES = 2 * 48;
    /// Rows whose sums one kernel makes and another adds.
    private static final long BLOCK_ROWS = 64;
    private static final long MOST_ROWS = 65_535;
    /// Keys of a part of a sequence, whose sums a token's head holds beside each other, and the bytes of such sums.
    private static final long PART_KEYS = 256;
    private static final long PARTIAL_BYTES = 64 << 20;

    /// Sizes of heads that tensor cores do where operands are rounded.
    private static final Set<Long> TENSOR_CORE_SIZES = Set.of(64L, 128L);

    private final ProductPrecision precision;
    private final Map<Use, Long> buffers = new EnumMap<>(Use.class);

    /// @param precision by which operands of weight gradients and of attention are rounded to BF16
    PlanCardScratch(ProductPrecision precision) {
        this.precision = precision;
    }

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
    public void weightGradient(long rows, long outputs, long inputs, DType storage) {
        if (precision.operands(storage) == DType.BF16) {
            need(Use.LEFT, rows * outputs * DType.BF16.bytes());
            need(Use.RIGHT, rows * inputs * DType.BF16.bytes());
        }
    }

    @Override
    public void blockSums(long rows, long size, int tensors) {
        long blockRows = BLOCK_ROWS * Math.max(1, Math.ceilDiv(rows, BLOCK_ROWS * MOST_ROWS));
        need(Use.SUMS, Math.ceilDiv(rows, blockRows) * size * Float.BYTES);
    }

    /// Where the next row of the same place is, and whether there is one before.
    @Override
    public void scatterAdd(long rows) {
        need(Use.SUMS, 2 * rows * Integer.BYTES);
    }

    @Override
    public void layerNorm(long size) {
        // A row's sums stay within a block of threads.
    }

    /// Rounded keys and values, and where each token's sequence starts and ends, where tensor cores do it.
    @Override
    public void attention(Heads shape, DType storage) {
        if (isOnTensorCores(shape, storage)) {
            need(Use.RIGHT, 2 * shape.tokens() * shape.groups() * shape.size() * DType.BF16.bytes());
            need(Use.BOUNDS, 2 * shape.tokens() * Integer.BYTES);
        }
    }

    /// On tensor cores also the rounded queries and gradients, and the gradients of keys and values for each query
    /// head.
    @Override
    public void attentionBackward(Heads shape, DType storage) {
        need(Use.DOTS, shape.rows() * Float.BYTES);
        attention(shape, storage);
        if (isOnTensorCores(shape, storage)) {
            need(Use.LOG_SUMS, shape.rows() * Float.BYTES);
            need(Use.LEFT, 2 * shape.rows() * shape.size() * DType.BF16.bytes());
            if (shape.heads() > shape.groups()) {
                need(Use.PARTIALS, 2 * shape.rows() * shape.size() * Float.BYTES);
            }
        }
    }

    private boolean isOnTensorCores(Heads shape, DType storage) {
        return precision.operands(storage) == DType.BF16 && TENSOR_CORE_SIZES.contains(shape.size());
    }

    /// Sums over the parts, for as many tokens at a time as there is room for.
    @Override
    public void pagedAttention(long queries, long heads, long tokens, long size) {
        long parts = Math.max(1, Math.ceilDiv(tokens, PART_KEYS));
        long queryBytes = heads * parts * (size + 2) * Float.BYTES;
        long most = Math.clamp(PARTIAL_BYTES / queryBytes, 1, Math.max(1, queries));
        need(Use.PARTIALS, most * queryBytes);
        need(Use.ARRIVALS, most * heads * Integer.BYTES);
    }

    /// Ranges of logits of some rows at a time, and what they are folded to.
    @Override
    public void logProbs(long rows, PackedMatrix weight) {
        ranges(rows, RANGE_ROWS, weight);
        need(Use.SUMS, Math.min(rows, RANGE_ROWS) * (parts(weight) * FOLD_BYTES + Float.BYTES));
    }

    @Override
    public void logProbGradients(long rows, PackedMatrix weight, boolean hasWeightGradient) {
        if (weight.storage() != DType.BF16) {
            logits(rows, weight);
            return;
        }
        long rowBytes = Math.max(1, weight.rows()) * DType.BF16.bytes();
        long held = heldRows(Math.min(RANGE_ROWS, GRADIENT_BYTES / rowBytes), rows);
        need(Use.LOGIT_GRADIENTS, held * rowBytes);
        ranges(rows, held, weight);
    }

    @Override
    public void samples(long rows, PackedMatrix weight, SamplingLaw law) {
        long part = logits(rows, weight);
        product(part, weight.columns(), weight);
        need(Use.SUMS, part * parts(weight) * PART_SUM_BYTES);
        if (law.temperature() > 0 && !law.coversVocabulary()) {
            need(Use.TALLIES, part * (parts(weight) * TALLIES_BYTES + SEARCHES_BYTES));
        }
    }

    /// Logits of all rows, `most` at a time: what is left at the end may have longer ranges.
    private void ranges(long rows, long most, PackedMatrix weight) {
        for (long from = 0; from < rows; from += most) {
            long count = Math.min(most, rows - from);
            product(count, weight.columns(), weight);
            long words = Math.max(1, RANGE_BYTES / (count * Float.BYTES) / PART_WORDS) * PART_WORDS;
            need(Use.LOGITS, count * Math.min(words, weight.rows()) * Float.BYTES);
        }
    }

    private static long parts(PackedMatrix weight) {
        return Math.max(1, Math.ceilDiv(weight.rows(), PART_WORDS));
    }

    /// Rows whose logits are held whole at once.
    private long logits(long rows, PackedMatrix weight) {
        long rowBytes = Math.max(1, weight.rows()) * Float.BYTES;
        long most = heldRows(LOGITS_BYTES / rowBytes, Math.min(rows, MOST_ROWS));
        need(Use.LOGITS, most * rowBytes);
        return Math.min(most, rows);
    }

    private static long heldRows(long room, long rows) {
        long held = Math.clamp(room, 1, Math.max(1, rows));
        return held == rows || held < TILE_ROWS ? held : held / TILE_ROWS * TILE_ROWS;
    }

    @Override
    public void chunkSums(long elements, int bytes) {
        need(Use.SUMS, (1 + Math.ceilDiv(elements, (long) Backend.CHUNK)) * bytes);
    }
}
