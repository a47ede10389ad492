package org.flowrl.transformer.generate;

import org.flowrl.tensor.RandomKey;
import org.flowrl.transformer.KvCache;

/// A prompt while its samples are made: its cached sequence and the first token of each sample, which is drawn from the
/// prompt's own last hidden state.
final class PromptState {
    /// In place of a sequence, where the cache holds none for the prompt itself.
    static final int NONE = -1;

    final int index;
    final int[] tokens;
    final int[] firstTokens;
    final float[] firstLogProbs;
    /// The sequence in the cache, from prefill until all samples are forked off.
    int sequence = NONE;
    /// Samples begun so far.
    int begun;
    /// Samples that have been begun and have not ended.
    int running;

    private final RandomKey key;
    private final int maxNewTokens;

    PromptState(int index, int[] tokens, int samples, int maxNewTokens, RandomKey key) {
        this.index = index;
        this.tokens = tokens;
        this.firstTokens = new int[samples];
        this.firstLogProbs = new float[samples];
        this.maxNewTokens = maxNewTokens;
        this.key = key;
    }

    int samples() {
        return firstTokens.length;
    }

    boolean isBegun() {
        return begun == samples();
    }

    /// The key of a sample's draws.
    RandomKey key(int sample) {
        return key.fold(sample);
    }

    /// Pages of the prompt itself, held until its last sample has ended.
    int promptPages() {
        return KvCache.pagesFor(tokens.length);
    }

    /// Pages that one sample may come to need beyond the prompt's full ones.
    int samplePages() {
        return KvCache.pagesFor(tokens.length + maxNewTokens - 1) - tokens.length / KvCache.PAGE_TOKENS;
    }
}
