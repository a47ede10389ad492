package org.flowrl.tensor.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Tensor;

/// The language-model head in plain loops. N rows, D hidden, V words; z are the logits of one row.
final class ReferenceHeads implements HeadKernels {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    /// Logits of single rows under one temperature.
    private record Logits(Precision p, ReferenceMatrix hidden, ReferenceMatrix weight, long size, double temperature) {
        static Logits of(String operation, Tensor hidden, PackedMatrix weight, double temperature) {
            Precision p = Precision.of(hidden.dtype());
            return new Logits(p, ReferenceMatrix.of(hidden),
                    ReferenceMatmul.Packed.matrix(operation, weight, hidden.dtype()), hidden.dim(1),
                    p.round(temperature));
        }

        double at(long n, long v) {
            double product = ReferenceMatrix.dot(p, hidden, n, weight, v, size);
            return temperature == 1 ? product : p.divide(product, temperature);
        }

        /// Overwrites z with the logits of row n.
        void row(long n, double[] z) {
            for (int v = 0; v < z.length; v++) {
                z[v] = at(n, v);
            }
        }
    }

    /// The online fold over chunks of the vocabulary: m the highest logit, l = Σ e^(z−m), t = Σ e^(z−m) · (z−m).
    private record Fold(double m, double l, double t) {
        static Fold of(Precision p, double[] z) {
            Fold fold = null;
            for (int from = 0; from < z.length; from += VOCABULARY_CHUNK) {
                Fold chunk = ofChunk(p, z, from, Math.min(z.length, from + VOCABULARY_CHUNK));
                fold = fold == null ? chunk : fold.merge(p, chunk);
            }
            return fold;
        }

        private static Fold ofChunk(Precision p, double[] z, int from, int end) {
            double m = Double.NEGATIVE_INFINITY;
            for (int v = from; v < end; v++) {
                m = Math.max(m, z[v]);
            }
            ReferenceLanes l = new ReferenceLanes(p);
            ReferenceLanes t = new ReferenceLanes(p);
            for (int v = from; v < end; v++) {
                double difference = p.subtract(z[v], m);
                double w = p.exp(difference);
                l.add(v - from, w);
                t.addProduct(v - from, w, difference);
            }
            return new Fold(m, l.fold(), t.fold());
        }

        private Fold merge(Precision p, Fold chunk) {
            double highest = Math.max(m, chunk.m);
            double a = p.exp(p.subtract(m, highest));
            double b = p.exp(p.subtract(chunk.m, highest));
            double before = p.multiply(a, p.add(t, p.multiply(l, p.subtract(m, highest))));
            double added = p.multiply(b, p.add(chunk.t, p.multiply(chunk.l, p.subtract(chunk.m, highest))));
            return new Fold(highest, p.add(p.multiply(a, l), p.multiply(b, chunk.l)), p.add(before, added));
        }

        double lse(Precision p) {
            return p.add(m, p.log(l));
        }

        double entropy(Precision p) {
            return p.subtract(p.log(l), p.divide(t, l));
        }
    }

    @Override
    public void logProbs(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature, Tensor logProb,
            Tensor entropy, Tensor lse) {
        Arguments.headsLogProbs(hidden, weight, targets, temperature, logProb, entropy, lse);
        Precision p = Precision.of(hidden.dtype());
        Logits logits = Logits.of("logProbs", hidden, weight, temperature);
        double[] z = new double[Math.toIntExact(weight.rows())];
        for (long n = 0; n < hidden.dim(0); n++) {
            logits.row(n, z);
            Fold fold = Fold.of(p, z);
            int target = targets.segment().get(INT, n * Integer.BYTES);
            p.store(logProb.segment(), n, p.subtract(z[target], fold.lse(p)));
            p.store(entropy.segment(), n, fold.entropy(p));
            p.store(lse.segment(), n, fold.lse(p));
        }
    }

    @Override
    public void logProbsBackward(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature,
            Tensor entropy, Tensor lse, Tensor dLogProb, Tensor dEntropy, Tensor dhidden, Tensor dweight) {
        Arguments.headsLogProbsBackward(hidden, weight, targets, temperature, entropy, lse, dLogProb, dEntropy,
                dhidden, dweight);
        Precision p = Precision.of(hidden.dtype());
        Logits logits = Logits.of("logProbsBackward", hidden, weight, temperature);
        ReferenceMatrix gradients = ReferenceMatrix.of(dhidden);
        long rows = hidden.dim(0);
        int size = Math.toIntExact(hidden.dim(1));
        dhidden.fillBytes((byte) 0);
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment data = scratch.allocate(rows * VOCABULARY_CHUNK * hidden.dtype().bytes(), 64);
            for (long from = 0; from < weight.rows(); from += VOCABULARY_CHUNK) {
                long words = Math.min(VOCABULARY_CHUNK, weight.rows() - from);
                ReferenceMatrix dz = new ReferenceMatrix(data, 0, words, 1);                        // [N, words]
                for (long n = 0; n < rows; n++) {
                    int target = targets.segment().get(INT, n * Integer.BYTES);
                    for (long v = 0; v < words; v++) {
                        dz.set(p, n, v, logitGradient(logits, n, from + v, from + v == target, entropy, lse, dLogProb,
                                dEntropy));
                    }
                }
                ReferenceMatrix.product(p, dz, logits.weight.from(from), gradients, rows, words, size, from > 0);
                if (dweight != null) {
                    ReferenceMatrix.product(p, dz.transposed(), logits.hidden,
                            ReferenceMatrix.of(dweight).from(from), words, rows, size, true);
                }
            }
        }
    }

    private static double logitGradient(Logits logits, long n, long v, boolean isTarget, Tensor entropy, Tensor lse,
            Tensor dLogProb, Tensor dEntropy) {
        Precision p = logits.p;
        double logProb = p.subtract(logits.at(n, v), p.load(lse.segment(), n));
        double probability = p.exp(logProb);
        double dz = p.multiply(p.load(dLogProb.segment(), n), p.subtract(isTarget ? 1 : 0, probability));
        if (dEntropy != null) {
            double share = p.multiply(p.load(dEntropy.segment(), n), probability);
            dz = p.subtract(dz, p.multiply(share, p.add(logProb, p.load(entropy.segment(), n))));
        }
        return p.divide(dz, logits.temperature);
    }

    @Override
    public void sample(Tensor hidden, PackedMatrix weight, SamplingLaw law, Tensor uniforms, Tensor tokens,
            Tensor logProb) {
        Arguments.headsSample(hidden, weight, law, uniforms, tokens, logProb);
        Precision p = Precision.of(hidden.dtype());
        boolean greedy = law.temperature() == 0;
        Logits logits = Logits.of("sample", hidden, weight, greedy ? 1 : law.temperature());
        double[] z = new double[Math.toIntExact(weight.rows())];
        double[] weights = new double[z.length];
        for (long n = 0; n < hidden.dim(0); n++) {
            logits.row(n, z);
            Fold fold = Fold.of(p, z);
            if (Double.isNaN(fold.l)) {
                throw new ArithmeticException("sample: row " + n + " has no distribution: a logit is NaN or infinite");
            }
            int token;
            double tokenLogProb;
            if (greedy) {
                token = highest(z);
                tokenLogProb = p.subtract(z[token], fold.lse(p));
            } else {
                for (int v = 0; v < z.length; v++) {
                    weights[v] = p.exp(p.subtract(z[v], fold.m));
                }
                if (!law.coversVocabulary()) {
                    keepTop(z, weights, keptWords(weights, law));
                }
                double total = sum(weights);
                token = draw(weights, uniforms.get(n) * total);
                tokenLogProb = law.coversVocabulary() ? p.subtract(z[token], fold.lse(p))
                        : p.round(z[token] - fold.m - StrictMath.log(total));
            }
            tokens.set(n, token);
            p.store(logProb.segment(), n, tokenLogProb);
        }
    }

    private static int highest(double[] z) {
        int best = 0;
        for (int v = 1; v < z.length; v++) {
            if (z[v] > z[best]) {
                best = v;
            }
        }
        return best;
    }

    /// How many of the likeliest words the law keeps. Words of equal logits have equal weights, so the order among them
    /// does not change the sums.
    private static int keptWords(double[] weights, SamplingLaw law) {
        int words = weights.length;
        int count = law.topK() == 0 ? words : Math.min(law.topK(), words);
        if (law.topP() == 1) {
            return count;
        }
        double[] rising = weights.clone();
        Arrays.sort(rising);
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
    private static void keepTop(double[] z, double[] weights, int count) {
        double[] rising = z.clone();
        Arrays.sort(rising);
        double lowest = rising[z.length - count];
        int above = 0;
        for (double logit : z) {
            above += logit > lowest ? 1 : 0;
        }
        int ties = count - above;
        for (int v = 0; v < z.length; v++) {
            if (z[v] < lowest || z[v] == lowest && ties-- <= 0) {
                weights[v] = 0;
            }
        }
    }

    private static double sum(double[] weights) {
        double sum = 0;
        for (double weight : weights) {
            sum += weight;
        }
        return sum;
    }

    /// The first word at which the running sum of weights exceeds `threshold`.
    private static int draw(double[] weights, double threshold) {
        double sum = 0;
        for (int v = 0; v < weights.length; v++) {
            sum += weights[v];
            if (sum > threshold) {
                return v;
            }
        }
        // A uniform below 1 times the sum is below the sum: u · S ≤ S − S · 2^-53, which rounds to a smaller number.
        throw new ArithmeticException("sample: running sum " + sum + " does not exceed " + threshold);
    }
}
