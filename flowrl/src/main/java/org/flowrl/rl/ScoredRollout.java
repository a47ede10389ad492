package org.flowrl.rl;

import java.util.List;

/// A rollout with what is known of each response before the updates; lists are in the order of the responses, each
/// array has one value per token.
///
/// @param rollout the responses and their rewards
/// @param rows prompt and response tokens
/// @param samplerLogProbs log-probabilities that the sampler drew with, in nats
/// @param oldLogProbs log-probabilities under the policy before the updates; the same list as `samplerLogProbs` where
///     sampler and trainer give the same bits
/// @param referenceLogProbs log-probabilities under the frozen reference; null where the objective needs none
/// @param values the critic's value before each token; null where there is no critic
public record ScoredRollout(Rollout rollout, List<Policy.Row> rows, List<float[]> samplerLogProbs,
        List<float[]> oldLogProbs, List<float[]> referenceLogProbs, List<float[]> values) {
}
