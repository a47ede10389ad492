package org.flowrl.rl;

import org.flowrl.autograd.Var;

/// What a policy says of a batch's responses, differentiable.
///
/// @param logProbs `[R]` log-probability of each response token, in nats, under the sampling temperature
/// @param entropies `[R]` entropy of the distribution that each response token was drawn from, in nats
/// @param promptMean [rows, D] mean of the final hidden states over each response's prompt tokens; null where the
///     objective asks for none
public record PolicyOutput(Var logProbs, Var entropies, Var promptMean) {
}
