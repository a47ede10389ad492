package org.flowrl.rl;

import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;

/// What a loss needs of some responses, packed: R response tokens of `rows` responses one after the other, without
/// padding. A mini-batch (one optimizer step) is cut into such batches for memory's sake only, so everything that
/// normalises a loss is counted over the mini-batch.
///
/// @param starts I32 [rows + 1]: response b owns tokens starts[b] … starts[b+1]−1
/// @param lengths tokens of each response
/// @param rowIds each response's index in its rollout, which keys what is random about it
/// @param oldLogProbs [R], under the policy that sampled
/// @param referenceLogProbs [R], under the frozen reference; null where the objective does not need it
/// @param advantages [R], of the objective's estimator
/// @param miniBatchRows responses in the whole mini-batch
/// @param miniBatchTokens response tokens in the whole mini-batch
/// @param key of this optimizer step, for dropout
public record Batch(Tensor starts, int[] lengths, int[] rowIds, Tensor oldLogProbs, Tensor referenceLogProbs,
        Tensor advantages, long miniBatchRows, long miniBatchTokens, RandomKey key) {
    /// Number of responses.
    public int rows() {
        return lengths.length;
    }
}
