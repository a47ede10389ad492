package org.flowrl.rl.eval;

import org.flowrl.tensor.SamplingLaw;

/// How answers are drawn.
///
/// @param samples of each problem
/// @param law temperature and what is kept of the distribution
/// @param maxPromptTokens longer prompts are an error
/// @param maxResponseTokens limit of a response, its end token included
/// @param seed decides every draw
public record Sampling(int samples, SamplingLaw law, int maxPromptTokens, int maxResponseTokens, long seed) {
    /// @throws IllegalArgumentException where a number is below 1
    public Sampling {
        if (samples < 1 || maxPromptTokens < 1 || maxResponseTokens < 1) {
            throw new IllegalArgumentException("sampling: samples " + samples + ", maxPromptTokens " + maxPromptTokens
                    + " and maxResponseTokens " + maxResponseTokens + " must be at least 1");
        }
    }

    /// The paper's protocol (section 4): 16 samples, temperature 0.6, top-p 0.95, prompts of 2,048 tokens, responses of
    /// 8,192.
    public static Sampling ofPaper() {
        return new Sampling(16, new SamplingLaw(0.6, 0, 0.95), 2048, 8192, 1);
    }
}
