package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.flowrl.tensor.Backend;

/// Norms of single rows and the rotation of single heads, as {@link org.flowrl.tensor.RowKernels} defines them.
/// D numbers in a row, E in a head.
final class VectorNorms {
    private VectorNorms() {
    }

    /// The inverse root mean square of one row.
    static float inverseRms(long x, float eps, int size, long lanes) {
        return inverse(VectorSums.ofSquares(x, size, lanes), eps, size);
    }

    private static float inverse(float squares, float eps, int size) {
        return 1 / (float) Math.sqrt(squares / size + eps);
    }

    /// Norms the row at x with its inverse, overwriting y, and returns the inverse of the row at `next`: reading one
    /// row while another is written keeps memory busy both ways.
    static float rms(long x, long weight, float inverse, int size, long y, long next, float eps, long lanes) {
        int whole = VectorLanes.whole(size);
        normAndSquares(x, weight, inverse, whole, y, next, lanes);
        normTail(x, weight, inverse, whole, size, y);
        VectorSums.addSquares(next + whole * 4L, size - whole, lanes);
        return inverse(VectorLanes.fold(lanes, lanes), eps, size);
    }

    /// As {@link #rms(long, long, float, int, long, long, float, long)} for the last row.
    static void rms(long x, long weight, float inverse, int size, long y) {
        int d = 0;
        for (; d <= size - LENGTH; d += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + d * 4L, ORDER).mul(inverse)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, weight + d * 4L, ORDER))
                    .intoMemorySegment(ALL, y + d * 4L, ORDER);
        }
        normTail(x, weight, inverse, d, size, y);
    }

    private static void normTail(long x, long weight, float inverse, int start, int size, long y) {
        for (int d = start; d < size; d++) {
            ALL.set(FLOAT, y + d * 4L, ALL.get(FLOAT, x + d * 4L) * inverse * ALL.get(FLOAT, weight + d * 4L));
        }
    }

    /// Over `whole` columns, a multiple of sixteen: the norm of the row at x, and the sixteen lanes of the squares at
    /// `next`.
    private static void normAndSquares(long x, long weight, float inverse, int whole, long y, long next, long lanes) {
        for (long part = 0; part < VectorLanes.LANE_BYTES; part += VectorLanes.LANE_STEP) {
            FloatVector s0 = FloatVector.zero(FLOATS);
            FloatVector s1 = FloatVector.zero(FLOATS);
            for (int j = 0; j < whole; j += Backend.LANES) {
                long d = part + j * 4L;
                FloatVector n0 = FloatVector.fromMemorySegment(FLOATS, ALL, next + d, ORDER);
                s0 = n0.fma(n0, s0);
                FloatVector.fromMemorySegment(FLOATS, ALL, x + d, ORDER).mul(inverse)
                        .mul(FloatVector.fromMemorySegment(FLOATS, ALL, weight + d, ORDER))
                        .intoMemorySegment(ALL, y + d, ORDER);
                if (LENGTH <= 8) {
                    FloatVector n1 = FloatVector.fromMemorySegment(FLOATS, ALL, next + d + BYTES, ORDER);
                    s1 = n1.fma(n1, s1);
                    FloatVector.fromMemorySegment(FLOATS, ALL, x + d + BYTES, ORDER).mul(inverse)
                            .mul(FloatVector.fromMemorySegment(FLOATS, ALL, weight + d + BYTES, ORDER))
                            .intoMemorySegment(ALL, y + d + BYTES, ORDER);
                }
            }
            s0.intoMemorySegment(ALL, lanes + part, ORDER);
            if (LENGTH <= 8) {
                s1.intoMemorySegment(ALL, lanes + part + BYTES, ORDER);
            }
        }
    }

    /// Gradient of the root-mean-square norm of one row: overwrites dx and adds the row's share fma(dy, x · inverse, ·)
    /// to dweight. One pass for the sum and one for both gradients, over a row that is in cache by then.
    static void rmsBackward(long dy, long x, long weight, float inverse, int size, long dx, long dweight, long lanes) {
        float c = VectorSums.ofScaledProducts(dy, weight, x, size, lanes) * (inverse * inverse * inverse) / size;
        int d = 0;
        for (; d <= size - LENGTH; d += LENGTH) {
            FloatVector gradient = FloatVector.fromMemorySegment(FLOATS, ALL, dy + d * 4L, ORDER);
            FloatVector value = FloatVector.fromMemorySegment(FLOATS, ALL, x + d * 4L, ORDER);
            gradient.fma(value.mul(inverse), FloatVector.fromMemorySegment(FLOATS, ALL, dweight + d * 4L, ORDER))
                    .intoMemorySegment(ALL, dweight + d * 4L, ORDER);
            FloatVector.broadcast(FLOATS, -c).fma(value,
                    gradient.mul(FloatVector.fromMemorySegment(FLOATS, ALL, weight + d * 4L, ORDER)).mul(inverse))
                    .intoMemorySegment(ALL, dx + d * 4L, ORDER);
        }
        for (; d < size; d++) {
            float gradient = ALL.get(FLOAT, dy + d * 4L);
            float value = ALL.get(FLOAT, x + d * 4L);
            ALL.set(FLOAT, dweight + d * 4L, Math.fma(gradient, value * inverse, ALL.get(FLOAT, dweight + d * 4L)));
            ALL.set(FLOAT, dx + d * 4L, Math.fma(-c, value, gradient * ALL.get(FLOAT, weight + d * 4L) * inverse));
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

    /// Gradient of {@link #layer}: overwrites dx and adds the row's shares to dgamma, fma(dy, n, ·), and dbeta.
    ///
    /// @param normals scratch of one row
    static void layerBackward(long dy, long x, long gamma, float mean, float inverse, int size, long dx, long dgamma,
            long dbeta, long normals, long lanes) {
        normals(x, mean, inverse, size, normals);
        float a = VectorSums.ofRoundedProducts(dy, gamma, size, lanes) / size;
        float b = VectorSums.ofScaledProducts(dy, gamma, normals, size, lanes) / size;
        int d = 0;
        for (; d <= size - LENGTH; d += LENGTH) {
            FloatVector gradient = FloatVector.fromMemorySegment(FLOATS, ALL, dy + d * 4L, ORDER);
            FloatVector n = FloatVector.fromMemorySegment(FLOATS, ALL, normals + d * 4L, ORDER);
            gradient.fma(n, FloatVector.fromMemorySegment(FLOATS, ALL, dgamma + d * 4L, ORDER))
                    .intoMemorySegment(ALL, dgamma + d * 4L, ORDER);
            gradient.add(FloatVector.fromMemorySegment(FLOATS, ALL, dbeta + d * 4L, ORDER))
                    .intoMemorySegment(ALL, dbeta + d * 4L, ORDER);
            gradient.mul(FloatVector.fromMemorySegment(FLOATS, ALL, gamma + d * 4L, ORDER))
                    .sub(a).sub(n.mul(b)).mul(inverse).intoMemorySegment(ALL, dx + d * 4L, ORDER);
        }
        for (; d < size; d++) {
            float gradient = ALL.get(FLOAT, dy + d * 4L);
            float n = ALL.get(FLOAT, normals + d * 4L);
            ALL.set(FLOAT, dgamma + d * 4L, Math.fma(gradient, n, ALL.get(FLOAT, dgamma + d * 4L)));
            ALL.set(FLOAT, dbeta + d * 4L, gradient + ALL.get(FLOAT, dbeta + d * 4L));
            float g = gradient * ALL.get(FLOAT, gamma + d * 4L);
            ALL.set(FLOAT, dx + d * 4L, (g - a - n * b) * inverse);
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

    /// Rotates the heads of one token: out[e] = a·c − b·s, out[e + half] = b·c + a·s, with s negated where `inverse`.
    static void rope(long x, int heads, long cos, long sin, boolean inverse, int half, long out) {
        float sign = inverse ? -1 : 1;
        long second = half * 4L;
        int whole = half - half % LENGTH;
        // One loop for all heads: two loops, the inner one of a turn or two, run at half the speed in some JVMs.
        int e = 0;
        long at = 0;
        for (int i = 0; i < heads * whole; i += LENGTH) {
            FloatVector c = FloatVector.fromMemorySegment(FLOATS, ALL, cos + e * 4L, ORDER);
            FloatVector s = FloatVector.fromMemorySegment(FLOATS, ALL, sin + e * 4L, ORDER).mul(sign);
            FloatVector a = FloatVector.fromMemorySegment(FLOATS, ALL, x + at + e * 4L, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(FLOATS, ALL, x + at + second + e * 4L, ORDER);
            a.mul(c).sub(b.mul(s)).intoMemorySegment(ALL, out + at + e * 4L, ORDER);
            b.mul(c).add(a.mul(s)).intoMemorySegment(ALL, out + at + second + e * 4L, ORDER);
            e += LENGTH;
            if (e == whole) {
                e = 0;
                at += 2 * second;
            }
        }
        if (whole < half) {
            ropeRest(x + whole * 4L, heads, cos + whole * 4L, sin + whole * 4L, sign, half, half - whole,
                    out + whole * 4L);
        }
    }

    /// The same for the `count` < {@link VectorLanes#LENGTH} last numbers of the halves of each head.
    private static void ropeRest(long x, int heads, long cos, long sin, float sign, int half, int count, long out) {
        long second = half * 4L;
        VectorMask<Float> rest = FLOATS.indexInRange(0, count);
        for (int head = 0; head < heads; head++) {
            long at = 2 * head * second;
            FloatVector c = FloatVector.fromMemorySegment(FLOATS, ALL, cos, ORDER, rest);
            FloatVector s = FloatVector.fromMemorySegment(FLOATS, ALL, sin, ORDER, rest).mul(sign);
            FloatVector a = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER, rest);
            FloatVector b = FloatVector.fromMemorySegment(FLOATS, ALL, x + at + second, ORDER, rest);
            a.mul(c).sub(b.mul(s)).intoMemorySegment(ALL, out + at, ORDER, rest);
            b.mul(c).add(a.mul(s)).intoMemorySegment(ALL, out + at + second, ORDER, rest);
        }
    }
}
