package org.flowrl.rl;

import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;

/// What a loss needs of some responses, packed: R response tokens of `rows` responses one after the other, without
/// padding. A mini-batch (one optimizer step) is cut into such batches for memory's sake only, so everything that
/// normalises a loss is counted over the mini-batch.
///
/// @param starts I32 `[rows + 1]`: response b owns tokens `starts[b] … starts[b+1]−1`
/// @param lengths tokens of each response
/// @param rowIds each response's index in its rollout, which keys what is random about it
/// @param scores log-probabilities and values from before the updates
/// @param aims what the objective made of the rollout
/// @param miniBatchRows responses in the whole mini-batch
/// @param miniBatchTokens response tokens in the whole mini-batch
/// @param maxTokens the longest that a response may be
/// @param key of this optimizer step, for dropout
public record Batch(Tensor starts, int[] lengths, int[] rowIds, Scores scores, Aims aims, long miniBatchRows,
        long miniBatchTokens, int maxTokens, RandomKey key) {
    /// What is known of each token from before the updates.
    ///
    /// @param old `[R]` log-probabilities under the policy before the updates
    /// @param sampler `[R]` log-probabilities that the sampler drew with; `old` itself where they are the same bits
    /// @param reference `[R]` log-probabilities under the frozen reference; null where the objective does not need it
    /// @param values `[R]` of the critic; null where there is none
    public record Scores(Tensor old, Tensor sampler, Tensor reference, Tensor values) {
    }

    /// The part of {@link Targets} that belongs to this batch.
    ///
    /// @param advantages `[R]`
    /// @param returns `[R]`; null where there is no critic
    /// @param logZ `[rows]`; null where the rollout gives none
    public record Aims(Tensor advantages, Tensor returns, Tensor logZ) {
    }

    /// Number of responses.
    public int rows() {
        return lengths.length;
    }

    /// `[R]` log-probabilities under the policy before the updates.
    public Tensor oldLogProbs() {
        return scores.old();
    }

    /// `[R]` log-probabilities under the frozen reference; null where the objective does not need it.
    public Tensor referenceLogProbs() {
        return scores.reference();
    }

    /// `[R]` advantages.
    public Tensor advantages() {
        return aims.advantages();
    }
}
