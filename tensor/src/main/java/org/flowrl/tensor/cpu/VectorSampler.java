package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.INT;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.flowrl.tensor.SamplingLaw;

/// Draws words from rows of logits, as {@link org.flowrl.tensor.HeadKernels#sample} defines it.
///
/// @param uniforms, tokens, logProb addresses of [N]
record VectorSampler(SamplingLaw law, int words, long uniforms, long tokens, long logProb) {
    /// Draws the word of row n.
    ///
    /// @param z the row's logits
    /// @param fold the row's merged fold, see {@link VectorHeadRows}
    /// @param weights as many floats as there are words, to be overwritten
    /// @param scratch the worker's
    /// @throws ArithmeticException where the row has no distribution
    void draw(long n, long z, long fold, long weights, VectorScratch scratch) {
        float m = ALL.get(FLOAT, fold);
        if (Float.isNaN(ALL.get(FLOAT, fold + 4))) {
            throw new ArithmeticException("sample: row " + n + " has no distribution: a logit is NaN or infinite");
        }
        int token;
        float tokenLogProb;
        if (law.temperature() == 0) {
            token = highest(z);
            tokenLogProb = at(z, token) - (m + VectorHeadRows.logSum(fold));
        } else {
            VectorExponential.ofDifferences(z, m, words, weights);
            if (!law.coversVocabulary()) {
                float[] sorted = scratch.sorted(words);
                keepTop(z, weights, keptWords(weights, sorted), sorted);
            }
            double total = sum(weights);
            token = firstAbove(weights, ALL.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, uniforms + n * 8) * total);
            tokenLogProb = law.coversVocabulary() ? at(z, token) - (m + VectorHeadRows.logSum(fold))
                    : (float) ((double) at(z, token) - m - StrictMath.log(total));
        }
        ALL.set(INT, tokens + n * 4, token);
        ALL.set(FLOAT, logProb + n * 4, tokenLogProb);
    }

    private static float at(long x, int v) {
        return ALL.get(FLOAT, x + v * 4L);
    }

    private int highest(long z) {
        int best = 0;
        for (int v = 1; v < words; v++) {
            if (at(z, v) > at(z, best)) {
                best = v;
            }
        }
        return best;
    }

    private double sum(long weights) {
        double sum = 0;
        for (int v = 0; v < words; v++) {
            sum += at(weights, v);
        }
        return sum;
    }

    /// The first word at which the running sum of weights exceeds `threshold`.
    private int firstAbove(long weights, double threshold) {
        double sum = 0;
        for (int v = 0; v < words; v++) {
            sum += at(weights, v);
            if (sum > threshold) {
                return v;
            }
        }
        // A uniform below 1 times the sum is below the sum: u · S ≤ S − S · 2^-53, which rounds to a smaller number.
        throw new ArithmeticException("sample: running sum " + sum + " does not exceed " + threshold);
    }

    /// How many of the likeliest words the law keeps. Words of equal logits have equal weights, so the order among them
    /// does not change the sums.
    private int keptWords(long weights, float[] rising) {
        int count = law.topK() == 0 ? words : Math.min(law.topK(), words);
        if (law.topP() == 1) {
            return count;
        }
        sort(weights, rising);
        double total = 0;
        for (int i = 1; i <= count; i++) {
            total += rising[words - i];
        }
        double prefix = 0;
        for (int i = 1; i < count; i++) {
            prefix += rising[words - i];
            if (prefix >= law.topP() * total) {
                return i;
            }
        }
        return count;
    }

    /// Zeroes the weights of all but the `count` words of the highest logits, of equal ones those of the lowest ids.
    private void keepTop(long z, long weights, int count, float[] rising) {
        sort(z, rising);
        float lowest = rising[words - count];
        int above = 0;
        for (int v = 0; v < words; v++) {
            above += at(z, v) > lowest ? 1 : 0;
        }
        int ties = count - above;
        for (int v = 0; v < words; v++) {
            if (at(z, v) < lowest || at(z, v) == lowest && ties-- <= 0) {
                ALL.set(FLOAT, weights + v * 4L, 0f);
            }
        }
    }

    /// Overwrites the first floats of `rising`, of which there may be more than words.
    private void sort(long x, float[] rising) {
        for (int v = 0; v < words; v++) {
            rising[v] = at(x, v);
        }
        Arrays.sort(rising, 0, words);
    }
}
