package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;

/// What the vocabulary head does with rows of logits z. The fold of a chunk is three floats: m the highest logit,
/// l = Σ e^(z−m), t = Σ e^(z−m) · (z−m).
final class VectorHeadRows {
    /// Bytes of one fold.
    static final long FOLD_BYTES = 3 * 4L;

    private VectorHeadRows() {
    }

    /// z /= temperature.
    static void divide(long z, float temperature, int words) {
        int v = 0;
        for (; v <= words - LENGTH; v += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, z + v * 4L, ORDER).div(temperature)
                    .intoMemorySegment(ALL, z + v * 4L, ORDER);
        }
        for (; v < words; v++) {
            ALL.set(FLOAT, z + v * 4L, ALL.get(FLOAT, z + v * 4L) / temperature);
        }
    }

    /// Overwrites the fold of one chunk of `words` logits.
    ///
    /// @param weights scratch of as many floats
    static void fold(long z, int words, long fold, long weights, long lanes) {
        float m = VectorExponential.max(z, words);
        VectorExponential.ofDifferences(z, m, words, weights);
        ALL.set(FLOAT, fold, m);
        ALL.set(FLOAT, fold + 4, VectorSums.ofElements(weights, words, lanes));
        ALL.set(FLOAT, fold + 8, VectorSums.ofWeightedDifferences(weights, z, m, words, lanes));
    }

    /// Merges the folds of a row's chunks, in order, into the first.
    static void merge(long folds, int chunks) {
        float m = ALL.get(FLOAT, folds);
        float l = ALL.get(FLOAT, folds + 4);
        float t = ALL.get(FLOAT, folds + 8);
        for (int c = 1; c < chunks; c++) {
            long chunk = folds + c * FOLD_BYTES;
            float chunkM = ALL.get(FLOAT, chunk);
            float chunkL = ALL.get(FLOAT, chunk + 4);
            float highest = Math.max(m, chunkM);
            float a = Exponential.exp(m - highest);
            float b = Exponential.exp(chunkM - highest);
            float before = a * (t + l * (m - highest));
            t = before + b * (ALL.get(FLOAT, chunk + 8) + chunkL * (chunkM - highest));
            l = a * l + b * chunkL;
            m = highest;
        }
        ALL.set(FLOAT, folds, m);
        ALL.set(FLOAT, folds + 4, l);
        ALL.set(FLOAT, folds + 8, t);
    }

    /// log l of a merged fold.
    static float logSum(long fold) {
        return (float) StrictMath.log(ALL.get(FLOAT, fold + 4));
    }

    /// Overwrites logits with the gradient towards them.
    ///
    /// @param target the target's place in z, or a number outside 0 … words−1
    /// @param hasEntropy whether dEntropy counts
    static void gradient(long z, int words, int target, float lse, float entropy, float dLogProb, boolean hasEntropy,
            float dEntropy, float temperature) {
        float targetGradient = 0 <= target && target < words ? wordGradient(ALL.get(FLOAT, z + target * 4L), 1, lse,
                entropy, dLogProb, hasEntropy, dEntropy, temperature) : 0;
        int v = 0;
        for (; v <= words - LENGTH; v += LENGTH) {
            long at = z + v * 4L;
            FloatVector logProb = FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER).sub(lse);
            logProb.intoMemorySegment(ALL, at, ORDER);
            VectorExponential.exp(at, at);
            FloatVector p = FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER);
            FloatVector dz = FloatVector.zero(FLOATS).sub(p).mul(dLogProb);
            if (hasEntropy) {
                dz = dz.sub(p.mul(dEntropy).mul(logProb.add(entropy)));
            }
            dz.div(temperature).intoMemorySegment(ALL, at, ORDER);
        }
        for (; v < words; v++) {
            ALL.set(FLOAT, z + v * 4L, wordGradient(ALL.get(FLOAT, z + v * 4L), 0, lse, entropy, dLogProb, hasEntropy,
                    dEntropy, temperature));
        }
        if (0 <= target && target < words) {
            ALL.set(FLOAT, z + target * 4L, targetGradient);
        }
    }

    private static float wordGradient(float z, float isTarget, float lse, float entropy, float dLogProb,
            boolean hasEntropy, float dEntropy, float temperature) {
        float logProb = z - lse;
        float p = Exponential.exp(logProb);
        float dz = dLogProb * (isTarget - p);
        if (hasEntropy) {
            dz = dz - dEntropy * p * (logProb + entropy);
        }
        return dz / temperature;
    }
}
