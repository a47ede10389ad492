package org.flowrl.transformer.generate;

/// Hears of each token as it is sampled. Tokens of one sample come in order; samples are interleaved.
@FunctionalInterface
public interface TokenListener {
    /// @param prompt the prompt's place in the request
    /// @param sample the number of the sample of the prompt
    /// @param token the sampled id, which may be an end token
    /// @param logProb of the token under the sampling law, in nats
    void onToken(int prompt, int sample, int token, float logProb);
}
