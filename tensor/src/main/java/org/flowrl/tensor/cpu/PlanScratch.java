package org.flowrl.tensor.cpu;

import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;

/// What buffers a backend's kernels would have grown to, call by call; the formulas are those of the kernels.
interface PlanScratch {
    /// All buffers.
    long bytes();

    /// A product of `rows` rows of `size` numbers with a packed weight.
    void product(long rows, long size, PackedMatrix weight);

    /// The product of the gradient of a weight [outputs, inputs] that is packed as `storage`, over `rows` rows.
    void weightGradient(long rows, long outputs, long inputs, DType storage);

    /// Sums over each block of rows of `size` numbers.
    ///
    /// @param tensors how many such sums a call holds at once
    void blockSums(long rows, long size, int tensors);

    /// Sums of `rows` rows into those of a table.
    void scatterAdd(long rows);

    /// The buffer of a layer norm's row.
    void layerNorm(long size);

    /// The shape of an attention of sequences.
    ///
    /// @param tokens of all sequences
    /// @param heads of a query
    /// @param groups key heads
    /// @param size of a head
    /// @param length tokens of each sequence
    record Heads(long tokens, long heads, long groups, long size, long length) {
        /// Rows of scores of all heads.
        long rows() {
            return tokens * heads;
        }
    }

    /// Attention of sequences beside weights that are packed as `storage`.
    void attention(Heads shape, DType storage);

    /// The backward pass of attention.
    void attentionBackward(Heads shape, DType storage);

    /// Attention through pages.
    ///
    /// @param queries tokens that look at the cache
    /// @param heads of a query
    /// @param tokens that the pages of a sequence hold
    /// @param size of a head
    void pagedAttention(long queries, long heads, long tokens, long size);

    /// Log-probabilities of `rows` rows.
    void logProbs(long rows, PackedMatrix weight);

    /// Gradients of log-probabilities.
    ///
    /// @param hasWeightGradient true where the weight has one
    void logProbGradients(long rows, PackedMatrix weight, boolean hasWeightGradient);

    /// Draws of words for `rows` rows.
    void samples(long rows, PackedMatrix weight, SamplingLaw law);

    /// A sum over chunks, of `bytes` bytes each.
    void chunkSums(long elements, int bytes);
}
