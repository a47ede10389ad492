package org.flowrl.transformer;

import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Cosines and sines of rotary positions (Su et al. 2021), made as far as they are needed.
/// ```
/// angle[p, e] = p · θ^(−2e/E)      e < E/2
/// ```
/// computed by StrictMath in F64 and rounded to the type once: the same on every machine. Transformers rounds angles to
/// F32 before it takes the cosine, which is off by up to p · 2^-24.
final class RotaryTable {
    /// Positions of the first table; later ones are twice as long as the one before.
    private static final int FIRST_LENGTH = 256;

    /// @param cos [P, E/2]
    /// @param sin [P, E/2]
    record Angles(Tensor cos, Tensor sin) {
    }

    private final int headDim;
    private final double theta;
    private final int maxPositions;
    private Angles angles;

    RotaryTable(QwenConfig config) {
        this.headDim = config.headDim();
        this.theta = config.ropeTheta();
        this.maxPositions = config.maxPositionEmbeddings();
    }

    /// Tables for positions 0 … positions − 1 at least, in `scope`, which must be the same in every call. Tables that
    /// were given out before stay as they are, since tapes refer to them.
    ///
    /// @throws IllegalArgumentException where there are more than the model's positions
    Angles upTo(int positions, DType dtype, Scope scope) {
        if (positions > maxPositions) {
            throw new IllegalArgumentException("qwen: a sequence of " + positions
                    + " tokens must not exceed max_position_embeddings " + maxPositions);
        }
        if (angles == null || angles.cos().dim(0) < positions) {
            int length = FIRST_LENGTH;
            while (length < positions) {
                length *= 2;
            }
            angles = make(Math.min(length, maxPositions), dtype, scope);
        }
        return angles;
    }

    private Angles make(int length, DType dtype, Scope scope) {
        int half = headDim / 2;
        double[] cos = new double[length * half];
        double[] sin = new double[length * half];
        for (int e = 0; e < half; e++) {
            double frequency = StrictMath.pow(theta, -2.0 * e / headDim);
            for (int p = 0; p < length; p++) {
                cos[p * half + e] = StrictMath.cos(p * frequency);
                sin[p * half + e] = StrictMath.sin(p * frequency);
            }
        }
        return new Angles(rounded(cos, dtype, scope).reshape(length, half),
                rounded(sin, dtype, scope).reshape(length, half));
    }

    private static Tensor rounded(double[] values, DType dtype, Scope scope) {
        if (dtype == DType.F64) {
            return scope.of(values, values.length);
        }
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return scope.of(floats, values.length);
    }
}
