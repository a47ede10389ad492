package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;

/// Norms of single rows and the rotation of single heads, as {@link org.flowrl.tensor.RowKernels} defines them.
/// D numbers in a row, E in a head.
final class VectorNorms {
    private VectorNorms() {
    }

    /// Root-mean-square norm of one row: overwrites y and returns the inverse.
    static float rms(long x, long weight, float eps, int size, long y, long lanes) {
        float meanSquare = VectorSums.ofSquares(x, size, lanes) / size;
        float inverse = 1 / (float) Math.sqrt(meanSquare + eps);
        int d = 0;
        for (; d <= size - LENGTH; d += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + d * 4L, ORDER).mul(inverse)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, weight + d * 4L, ORDER))
                    .intoMemorySegment(ALL, y + d * 4L, ORDER);
        }
        for (; d < size; d++) {
            ALL.set(FLOAT, y + d * 4L, ALL.get(FLOAT, x + d * 4L) * inverse * ALL.get(FLOAT, weight + d * 4L));
        }
        return inverse;
    }

    /// Gradient of {@link #rms} towards the row: overwrites dx.
    static void rmsBackward(long dy, long x, long weight, float inverse, int size, long dx, long lanes) {
        float c = VectorSums.ofScaledProducts(dy, weight, x, size, lanes) * (inverse * inverse * inverse) / size;
        int d = 0;
        for (; d <= size - LENGTH; d += LENGTH) {
            FloatVector g = FloatVector.fromMemorySegment(FLOATS, ALL, dy + d * 4L, ORDER)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, weight + d * 4L, ORDER)).mul(inverse);
            FloatVector.broadcast(FLOATS, -c).fma(FloatVector.fromMemorySegment(FLOATS, ALL, x + d * 4L, ORDER), g)
                    .intoMemorySegment(ALL, dx + d * 4L, ORDER);
        }
        for (; d < size; d++) {
            float g = ALL.get(FLOAT, dy + d * 4L) * ALL.get(FLOAT, weight + d * 4L) * inverse;
            ALL.set(FLOAT, dx + d * 4L, Math.fma(-c, ALL.get(FLOAT, x + d * 4L), g));
        }
    }

    /// Layer norm of one row: overwrites y, mean and inverse (addresses of one float each).
    static void layer(long x, long gamma, long beta, float eps, int size, long y, long mean, long inverse,
            long lanes) {
        float centre = VectorSums.ofElements(x, size, lanes) / size;
        float scale = 1 / (float) Math.sqrt(VectorSums.ofSquaredDifferences(x, centre, size, lanes) / size + eps);
        ALL.set(FLOAT, mean, centre);
        ALL.set(FLOAT, inverse, scale);
        int d = 0;
        for (; d <= size - LENGTH; d += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + d * 4L, ORDER).sub(centre).mul(scale)
                    .fma(FloatVector.fromMemorySegment(FLOATS, ALL, gamma + d * 4L, ORDER),
                            FloatVector.fromMemorySegment(FLOATS, ALL, beta + d * 4L, ORDER))
                    .intoMemorySegment(ALL, y + d * 4L, ORDER);
        }
        for (; d < size; d++) {
            float normal = (ALL.get(FLOAT, x + d * 4L) - centre) * scale;
            ALL.set(FLOAT, y + d * 4L,
                    Math.fma(normal, ALL.get(FLOAT, gamma + d * 4L), ALL.get(FLOAT, beta + d * 4L)));
        }
    }

    /// Gradient of {@link #layer} towards the row: overwrites dx.
    ///
    /// @param normals scratch of one row
    static void layerBackward(long dy, long x, long gamma, float mean, float inverse, int size, long dx, long normals,
            long lanes) {
        normals(x, mean, inverse, size, normals);
        float a = VectorSums.ofRoundedProducts(dy, gamma, size, lanes) / size;
        float b = VectorSums.ofScaledProducts(dy, gamma, normals, size, lanes) / size;
        int d = 0;
        for (; d <= size - LENGTH; d += LENGTH) {
            FloatVector n = FloatVector.fromMemorySegment(FLOATS, ALL, normals + d * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, dy + d * 4L, ORDER)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, gamma + d * 4L, ORDER))
                    .sub(a).sub(n.mul(b)).mul(inverse).intoMemorySegment(ALL, dx + d * 4L, ORDER);
        }
        for (; d < size; d++) {
            float g = ALL.get(FLOAT, dy + d * 4L) * ALL.get(FLOAT, gamma + d * 4L);
            ALL.set(FLOAT, dx + d * 4L, (g - a - ALL.get(FLOAT, normals + d * 4L) * b) * inverse);
        }
    }

    private static void normals(long x, float mean, float inverse, int size, long n) {
        int d = 0;
        for (; d <= size - LENGTH; d += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + d * 4L, ORDER).sub(mean).mul(inverse)
                    .intoMemorySegment(ALL, n + d * 4L, ORDER);
        }
        for (; d < size; d++) {
            ALL.set(FLOAT, n + d * 4L, (ALL.get(FLOAT, x + d * 4L) - mean) * inverse);
        }
    }

    /// Rotates one head: out[e] = a·c − b·s, out[e + half] = b·c + a·s, with s negated where `inverse`.
    static void rope(long x, long cos, long sin, boolean inverse, int half, long out) {
        float sign = inverse ? -1 : 1;
        long second = half * 4L;
        int e = 0;
        for (; e <= half - LENGTH; e += LENGTH) {
            FloatVector c = FloatVector.fromMemorySegment(FLOATS, ALL, cos + e * 4L, ORDER);
            FloatVector s = FloatVector.fromMemorySegment(FLOATS, ALL, sin + e * 4L, ORDER).mul(sign);
            FloatVector a = FloatVector.fromMemorySegment(FLOATS, ALL, x + e * 4L, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(FLOATS, ALL, x + second + e * 4L, ORDER);
            a.mul(c).sub(b.mul(s)).intoMemorySegment(ALL, out + e * 4L, ORDER);
            b.mul(c).add(a.mul(s)).intoMemorySegment(ALL, out + second + e * 4L, ORDER);
        }
        for (; e < half; e++) {
            float c = ALL.get(FLOAT, cos + e * 4L);
            float s = ALL.get(FLOAT, sin + e * 4L) * sign;
            float a = ALL.get(FLOAT, x + e * 4L);
            float b = ALL.get(FLOAT, x + second + e * 4L);
            ALL.set(FLOAT, out + e * 4L, a * c - b * s);
            ALL.set(FLOAT, out + second + e * 4L, b * c + a * s);
        }
    }
}
