package org.flowrl.tensor;

/// The distribution that words are drawn from, shared by sampler and scorer so that a log-probability is always of the
/// law that was really sampled.
///
/// @param temperature logits are divided by it; 0 means the most likely word
/// @param topK keep this many words of the highest logits; 0 keeps all
/// @param topP keep the likeliest words whose probability together reaches this; 1 keeps all
public record SamplingLaw(double temperature, int topK, double topP) {
    public SamplingLaw {
        if (!(temperature >= 0) || Double.isInfinite(temperature)) {
            throw new IllegalArgumentException("sampling: temperature " + temperature + " must be 0 or more");
        }
        if (topK < 0) {
            throw new IllegalArgumentException("sampling: topK " + topK + " must be 0 (off) or more");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("sampling: topP " + topP + " must be in (0, 1]");
        }
    }

    /// All words, logits divided by `temperature`.
    public static SamplingLaw ofTemperature(double temperature) {
        return new SamplingLaw(temperature, 0, 1);
    }

    /// The most likely word.
    public static SamplingLaw greedy() {
        return ofTemperature(0);
    }

    /// True where every word can be drawn, as policy gradients need it: the kept set of a truncated law moves with the
    /// parameters.
    public boolean coversVocabulary() {
        return temperature > 0 && topK == 0 && topP == 1;
    }
}
