package org.flowrl.tensor.cpu;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;

/// What the chunk buffers of a vector backend ({@link VectorScratch}) grow to, call by call; the formulas are those of
/// the kernels. Where a buffer depends on the length of single sequences, which a plan does not know, the sequences of
/// a call are taken to be equally long.
final class PlanVectorScratch implements PlanScratch {
    /// Buffers of fixed size, of vectors of 512 bits: blocks of panels, a tile and twice the sixteen lanes.
    private static final long FIXED_BYTES =
            ((VectorProduct.TOGETHER * Backend.BLOCK + VectorTile.ROWS) * 64L + 2L * Backend.LANES) * Float.BYTES;
    private final int threads;
    private long shared;
    private long worker;
    private long copies;

    PlanVectorScratch(int threads) {
        this.threads = threads;
    }

    /// All buffers, of each worker and of the calls.
    @Override
    public long bytes() {
        return threads * (FIXED_BYTES + copies + worker) + FIXED_BYTES + shared;
    }

    /// A call needs this much for all its parts.
    private void shared(long bytes) {
        shared = VectorScratch.grown(shared, bytes);
    }

    /// A part of a call needs this much.
    private void worker(long bytes) {
        worker = VectorScratch.grown(worker, bytes);
    }

    private void copies(boolean copies) {
        if (copies) {
            this.copies = VectorCopies.BYTES;
        }
    }

    @Override
    public void product(long rows, long size, PackedMatrix weight) {
        copies(VectorCopies.ofRows(rows, size * Float.BYTES));
    }

    @Override
    public void weightGradient(long rows, long outputs, long inputs, DType storage) {
        copies(VectorCopies.ofTiles(outputs * Float.BYTES));
    }

    @Override
    public void blockSums(long rows, long size, int tensors) {
        shared(Math.ceilDiv(rows, (long) Backend.BLOCK) * tensors * size * Float.BYTES);
    }

    @Override
    public void scatterAdd(long rows) {
        // Rows are added where they are.
    }

    @Override
    public void layerNorm(long size) {
        worker(size * Float.BYTES);
    }

    @Override
    public void attention(Heads shape, DType storage) {
        attention(shape.length(), shape.size(), 1, 1);
    }

    @Override
    public void attentionBackward(Heads shape, DType storage) {
        attention(shape.length(), shape.size(), 4, 2);
    }

    @Override
    public void pagedAttention(long queries, long heads, long tokens, long size) {
        worker(Float.BYTES * (VectorChains.FOUR_CHAINS * (2 * size + padded(tokens)) + 2L * Backend.LANES));
    }

    private static long padded(long tokens) {
        return Math.ceilDiv(tokens, (long) Backend.LANES) * Backend.LANES;
    }

    /// Keys, values and scores of one key head.
    ///
    /// @param tensors copies of `tokens` rows of `size` floats
    /// @param scores rows of scores in a tile
    private void attention(long tokens, long size, int tensors, int scores) {
        long padded = padded(tokens);
        worker(Float.BYTES * (size * (tensors * padded + VectorTile.ROWS) + scores * (long) VectorTile.ROWS * padded));
    }

    /// Logits of one part of a head call, and the folds of all rows.
    @Override
    public void logProbs(long rows, PackedMatrix weight) {
        long words = weight.rows();
        long width = Math.clamp(words, 1, HeadKernels.VOCABULARY_CHUNK);
        long most = Math.clamp(VectorHeads.PART_LOGITS / width, VectorHeads.LEAST_ROWS, VectorHeads.MOST_ROWS);
        worker((Math.min(rows, most) + 1) * width * Float.BYTES);
        shared(rows * (chunks(words) * VectorHeadRows.FOLD_BYTES + Float.BYTES));
        product(rows, weight.columns(), weight);
    }

    /// The gradients of one chunk's logits.
    @Override
    public void logProbGradients(long rows, PackedMatrix weight, boolean hasWeightGradient) {
        long words = weight.rows();
        long width = Math.clamp(words, 1, HeadKernels.VOCABULARY_CHUNK);
        long held = Math.max(1, VectorHeads.HELD_LOGITS / width / Backend.BLOCK) * Backend.BLOCK;
        shared(Math.min(rows, held) * width * Float.BYTES);
        product(rows, width, weight);
        if (hasWeightGradient) {
            weightGradient(rows, width, weight.columns(), weight.storage());
        }
    }

    /// All logits of the rows that are drawn together.
    @Override
    public void samples(long rows, PackedMatrix weight, SamplingLaw law) {
        long words = weight.rows();
        long held = Math.max(1, VectorHeads.HELD_LOGITS / Math.max(1, words));
        shared(Math.min(rows, held) * (words * Float.BYTES + chunks(words) * VectorHeadRows.FOLD_BYTES));
        worker(words * Float.BYTES);
        product(rows, weight.columns(), weight);
    }

    @Override
    public void chunkSums(long elements, int bytes) {
        shared(Math.ceilDiv(elements, (long) Backend.CHUNK) * bytes);
    }

    private static long chunks(long words) {
        return Math.ceilDiv(words, (long) HeadKernels.VOCABULARY_CHUNK);
    }
}
