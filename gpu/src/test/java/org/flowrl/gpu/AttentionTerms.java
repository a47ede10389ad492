package org.flowrl.gpu;

import java.util.List;
import org.flowrl.tensor.Tensor;

/// For each number of attention and of its gradients the sum of the sizes of its terms, in double by the formulas of
/// {@link org.flowrl.tensor.AttentionKernels}: where one factor of every term is rounded, the sum changes by at most so
/// many times what rounding changes a number by.
/// ```
/// out: Σ_j P |v|      dq: scale Σ_j |dS| |k|      dk: scale Σ_{h, i} |dS| |q|      dv: Σ_{h, i} P |dout|
/// ```
/// with dS = P · (dP − D), rounded before it is scaled. Nothing is rounded on the way to the statistics.
final class AttentionTerms {
    private AttentionTerms() {
    }

    /// Of out, statistics, dq, dk and dv, each in the order of its tensor's elements.
    static List<double[]> of(Tensor q, Tensor k, Tensor v, Tensor dout, int[] lengths, double scale) {
        Terms terms = new Terms(q.toFloats(), k.toFloats(), v.toFloats(), dout.toFloats(), (int) q.dim(1),
                (int) k.dim(1), (int) q.dim(2), scale);
        int first = 0;
        for (int length : lengths) {
            for (int row = first; row < first + length; row++) {
                for (int head = 0; head < terms.heads; head++) {
                    terms.add(first, row, head);
                }
            }
            first += length;
        }
        return List.of(terms.out, new double[(int) (2 * q.dim(0) * q.dim(1))], terms.dq, terms.dk, terms.dv);
    }

    private static final class Terms {
        private final float[] q;
        private final float[] k;
        private final float[] v;
        private final float[] dout;
        private final int heads;
        private final int groups;
        private final int size;
        private final double scale;
        private final double[] out;
        private final double[] dq;
        private final double[] dk;
        private final double[] dv;

        Terms(float[] q, float[] k, float[] v, float[] dout, int heads, int groups, int size, double scale) {
            this.q = q;
            this.k = k;
            this.v = v;
            this.dout = dout;
            this.heads = heads;
            this.groups = groups;
            this.size = size;
            this.scale = scale;
            out = new double[q.length];
            dq = new double[q.length];
            dk = new double[k.length];
            dv = new double[k.length];
        }

        /// What one head of one row, whose sequence starts at `first`, adds.
        void add(int first, int row, int head) {
            int group = head / (heads / groups);
            int own = (row * heads + head) * size;
            int keys = row - first + 1;
            double[] weights = new double[keys];
            double[] slopes = new double[keys];
            double total = 0;
            double dot = 0;
            for (int j = 0; j < keys; j++) {
                int key = ((first + j) * groups + group) * size;
                weights[j] = Math.exp(dot(q, own, k, key) * scale);
                slopes[j] = dot(dout, own, v, key);
                total += weights[j];
                dot += weights[j] * slopes[j];
            }
            for (int j = 0; j < keys; j++) {
                int key = ((first + j) * groups + group) * size;
                double probability = weights[j] / total;
                double slope = Math.abs(probability * (slopes[j] - dot / total)) * scale;
                for (int e = 0; e < size; e++) {
                    out[own + e] += probability * Math.abs(v[key + e]);
                    dq[own + e] += slope * Math.abs(k[key + e]);
                    dk[key + e] += slope * Math.abs(q[own + e]);
                    dv[key + e] += probability * Math.abs(dout[own + e]);
                }
            }
        }

        private double dot(float[] a, int aFrom, float[] b, int bFrom) {
            double sum = 0;
            for (int e = 0; e < size; e++) {
                sum += (double) a[aFrom + e] * b[bFrom + e];
            }
            return sum;
        }
    }
}
