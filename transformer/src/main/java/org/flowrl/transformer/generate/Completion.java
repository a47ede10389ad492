package org.flowrl.transformer.generate;

import java.util.Arrays;

/// What was sampled after a prompt.
///
/// @param prompt the prompt's place in the request
/// @param sample the number of this sample of the prompt, from 0
/// @param tokens the sampled ids, at least one; the end token included where it was sampled
/// @param logProbs of each token under the sampling law, in nats, see {@link org.flowrl.tensor.HeadKernels#sample}
/// @param finished true where an end token was sampled, false where the length limit cut the sample off
public record Completion(int prompt, int sample, int[] tokens, float[] logProbs, boolean finished) {
    /// The ids of its text: all but the end token of a finished one.
    public int[] textTokens() {
        return finished ? Arrays.copyOf(tokens, tokens.length - 1) : tokens;
    }

    @Override
    public boolean equals(Object object) {
        return object instanceof Completion other && Arrays.deepEquals(parts(), other.parts());
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(parts());
    }

    @Override
    public String toString() {
        return "Completion[prompt=" + prompt + ", sample=" + sample + ", tokens=" + Arrays.toString(tokens)
                + ", logProbs=" + Arrays.toString(logProbs) + ", finished=" + finished + "]";
    }

    /// Records compare arrays by identity; these are compared by their values.
    private Object[] parts() {
        return new Object[] {prompt, sample, tokens, logProbs, finished};
    }
}
