package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;
import org.flowrl.tensor.Backend;

/// Sums over the contract's sixteen lanes, see {@link Backend}. Every method takes the address of sixteen floats of
/// scratch, `lanes`; elements beyond the last whole sixteen are taken in by scalars.
final class VectorSums {
    private VectorSums() {
    }

    /// Σ x.
    static float ofElements(long x, int count, long lanes) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        int whole = VectorLanes.whole(count);
        for (int j = 0; j < whole; j += Backend.LANES) {
            s0 = s0.add(FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L, ORDER));
            if (LENGTH <= 8) {
                s1 = s1.add(FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + BYTES, ORDER));
            }
            if (LENGTH == 4) {
                s2 = s2.add(FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + 2 * BYTES, ORDER));
                s3 = s3.add(FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + 3 * BYTES, ORDER));
            }
        }
        s0.intoMemorySegment(ALL, lanes, ORDER);
        if (LENGTH <= 8) {
            s1.intoMemorySegment(ALL, lanes + BYTES, ORDER);
        }
        if (LENGTH == 4) {
            s2.intoMemorySegment(ALL, lanes + 2 * BYTES, ORDER);
            s3.intoMemorySegment(ALL, lanes + 3 * BYTES, ORDER);
        }
        for (int j = whole; j < count; j++) {
            long lane = lanes + (j - whole) * 4L;
            ALL.set(FLOAT, lane, ALL.get(FLOAT, lane) + ALL.get(FLOAT, x + j * 4L));
        }
        return VectorLanes.fold(lanes, lanes);
    }

    /// Σ x² by fma.
    static float ofSquares(long x, int count, long lanes) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        int whole = VectorLanes.whole(count);
        for (int j = 0; j < whole; j += Backend.LANES) {
            FloatVector x0 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L, ORDER);
            s0 = x0.fma(x0, s0);
            if (LENGTH <= 8) {
                FloatVector x1 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + BYTES, ORDER);
                s1 = x1.fma(x1, s1);
            }
            if (LENGTH == 4) {
                FloatVector x2 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + 2 * BYTES, ORDER);
                s2 = x2.fma(x2, s2);
                FloatVector x3 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + 3 * BYTES, ORDER);
                s3 = x3.fma(x3, s3);
            }
        }
        s0.intoMemorySegment(ALL, lanes, ORDER);
        if (LENGTH <= 8) {
            s1.intoMemorySegment(ALL, lanes + BYTES, ORDER);
        }
        if (LENGTH == 4) {
            s2.intoMemorySegment(ALL, lanes + 2 * BYTES, ORDER);
            s3.intoMemorySegment(ALL, lanes + 3 * BYTES, ORDER);
        }
        for (int j = whole; j < count; j++) {
            long lane = lanes + (j - whole) * 4L;
            float value = ALL.get(FLOAT, x + j * 4L);
            ALL.set(FLOAT, lane, Math.fma(value, value, ALL.get(FLOAT, lane)));
        }
        return VectorLanes.fold(lanes, lanes);
    }

    /// Σ a · b by fma.
    static float ofProducts(long a, long b, int count, long lanes) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        int whole = VectorLanes.whole(count);
        for (int j = 0; j < whole; j += Backend.LANES) {
            FloatVector a0 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L, ORDER);
            s0 = a0.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L, ORDER), s0);
            if (LENGTH <= 8) {
                FloatVector a1 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + BYTES, ORDER);
                s1 = a1.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + BYTES, ORDER), s1);
            }
            if (LENGTH == 4) {
                FloatVector a2 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + 2 * BYTES, ORDER);
                s2 = a2.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + 2 * BYTES, ORDER), s2);
                FloatVector a3 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + 3 * BYTES, ORDER);
                s3 = a3.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + 3 * BYTES, ORDER), s3);
            }
        }
        s0.intoMemorySegment(ALL, lanes, ORDER);
        if (LENGTH <= 8) {
            s1.intoMemorySegment(ALL, lanes + BYTES, ORDER);
        }
        if (LENGTH == 4) {
            s2.intoMemorySegment(ALL, lanes + 2 * BYTES, ORDER);
            s3.intoMemorySegment(ALL, lanes + 3 * BYTES, ORDER);
        }
        for (int j = whole; j < count; j++) {
            long lane = lanes + (j - whole) * 4L;
            float product = Math.fma(ALL.get(FLOAT, a + j * 4L), ALL.get(FLOAT, b + j * 4L), ALL.get(FLOAT, lane));
            ALL.set(FLOAT, lane, product);
        }
        return VectorLanes.fold(lanes, lanes);
    }

    /// Σ (a · weight) · b, the first product rounded, the second by fma.
    static float ofScaledProducts(long a, long weight, long b, int count, long lanes) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        int whole = VectorLanes.whole(count);
        for (int j = 0; j < whole; j += Backend.LANES) {
            FloatVector a0 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L, ORDER)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, weight + j * 4L, ORDER));
            s0 = a0.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L, ORDER), s0);
            if (LENGTH <= 8) {
                FloatVector a1 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + BYTES, ORDER)
                        .mul(FloatVector.fromMemorySegment(FLOATS, ALL, weight + j * 4L + BYTES, ORDER));
                s1 = a1.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + BYTES, ORDER), s1);
            }
            if (LENGTH == 4) {
                FloatVector a2 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + 2 * BYTES, ORDER)
                        .mul(FloatVector.fromMemorySegment(FLOATS, ALL, weight + j * 4L + 2 * BYTES, ORDER));
                s2 = a2.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + 2 * BYTES, ORDER), s2);
                FloatVector a3 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + 3 * BYTES, ORDER)
                        .mul(FloatVector.fromMemorySegment(FLOATS, ALL, weight + j * 4L + 3 * BYTES, ORDER));
                s3 = a3.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + 3 * BYTES, ORDER), s3);
            }
        }
        s0.intoMemorySegment(ALL, lanes, ORDER);
        if (LENGTH <= 8) {
            s1.intoMemorySegment(ALL, lanes + BYTES, ORDER);
        }
        if (LENGTH == 4) {
            s2.intoMemorySegment(ALL, lanes + 2 * BYTES, ORDER);
            s3.intoMemorySegment(ALL, lanes + 3 * BYTES, ORDER);
        }
        for (int j = whole; j < count; j++) {
            long lane = lanes + (j - whole) * 4L;
            float scaled = ALL.get(FLOAT, a + j * 4L) * ALL.get(FLOAT, weight + j * 4L);
            ALL.set(FLOAT, lane, Math.fma(scaled, ALL.get(FLOAT, b + j * 4L), ALL.get(FLOAT, lane)));
        }
        return VectorLanes.fold(lanes, lanes);
    }

    /// Σ a · b, each product rounded before it is added.
    static float ofRoundedProducts(long a, long b, int count, long lanes) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        int whole = VectorLanes.whole(count);
        for (int j = 0; j < whole; j += Backend.LANES) {
            s0 = s0.add(FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L, ORDER)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L, ORDER)));
            if (LENGTH <= 8) {
                s1 = s1.add(FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + BYTES, ORDER)
                        .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + BYTES, ORDER)));
            }
            if (LENGTH == 4) {
                s2 = s2.add(FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + 2 * BYTES, ORDER)
                        .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + 2 * BYTES, ORDER)));
                s3 = s3.add(FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + 3 * BYTES, ORDER)
                        .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + 3 * BYTES, ORDER)));
            }
        }
        s0.intoMemorySegment(ALL, lanes, ORDER);
        if (LENGTH <= 8) {
            s1.intoMemorySegment(ALL, lanes + BYTES, ORDER);
        }
        if (LENGTH == 4) {
            s2.intoMemorySegment(ALL, lanes + 2 * BYTES, ORDER);
            s3.intoMemorySegment(ALL, lanes + 3 * BYTES, ORDER);
        }
        for (int j = whole; j < count; j++) {
            long lane = lanes + (j - whole) * 4L;
            float product = ALL.get(FLOAT, a + j * 4L) * ALL.get(FLOAT, b + j * 4L);
            ALL.set(FLOAT, lane, ALL.get(FLOAT, lane) + product);
        }
        return VectorLanes.fold(lanes, lanes);
    }

    /// Σ w · (z − m), the difference rounded, the product by fma.
    static float ofWeightedDifferences(long w, long z, float m, int count, long lanes) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        int whole = VectorLanes.whole(count);
        for (int j = 0; j < whole; j += Backend.LANES) {
            FloatVector d0 = FloatVector.fromMemorySegment(FLOATS, ALL, z + j * 4L, ORDER).sub(m);
            s0 = FloatVector.fromMemorySegment(FLOATS, ALL, w + j * 4L, ORDER).fma(d0, s0);
            if (LENGTH <= 8) {
                FloatVector d1 = FloatVector.fromMemorySegment(FLOATS, ALL, z + j * 4L + BYTES, ORDER).sub(m);
                s1 = FloatVector.fromMemorySegment(FLOATS, ALL, w + j * 4L + BYTES, ORDER).fma(d1, s1);
            }
            if (LENGTH == 4) {
                FloatVector d2 = FloatVector.fromMemorySegment(FLOATS, ALL, z + j * 4L + 2 * BYTES, ORDER).sub(m);
                s2 = FloatVector.fromMemorySegment(FLOATS, ALL, w + j * 4L + 2 * BYTES, ORDER).fma(d2, s2);
                FloatVector d3 = FloatVector.fromMemorySegment(FLOATS, ALL, z + j * 4L + 3 * BYTES, ORDER).sub(m);
                s3 = FloatVector.fromMemorySegment(FLOATS, ALL, w + j * 4L + 3 * BYTES, ORDER).fma(d3, s3);
            }
        }
        s0.intoMemorySegment(ALL, lanes, ORDER);
        if (LENGTH <= 8) {
            s1.intoMemorySegment(ALL, lanes + BYTES, ORDER);
        }
        if (LENGTH == 4) {
            s2.intoMemorySegment(ALL, lanes + 2 * BYTES, ORDER);
            s3.intoMemorySegment(ALL, lanes + 3 * BYTES, ORDER);
        }
        for (int j = whole; j < count; j++) {
            long lane = lanes + (j - whole) * 4L;
            float difference = ALL.get(FLOAT, z + j * 4L) - m;
            ALL.set(FLOAT, lane, Math.fma(ALL.get(FLOAT, w + j * 4L), difference, ALL.get(FLOAT, lane)));
        }
        return VectorLanes.fold(lanes, lanes);
    }

    /// Σ (x − centre)², the difference rounded, the square by fma.
    static float ofSquaredDifferences(long x, float centre, int count, long lanes) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        int whole = VectorLanes.whole(count);
        for (int j = 0; j < whole; j += Backend.LANES) {
            FloatVector x0 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L, ORDER).sub(centre);
            s0 = x0.fma(x0, s0);
            if (LENGTH <= 8) {
                FloatVector x1 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + BYTES, ORDER).sub(centre);
                s1 = x1.fma(x1, s1);
            }
            if (LENGTH == 4) {
                FloatVector x2 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + 2 * BYTES, ORDER).sub(centre);
                s2 = x2.fma(x2, s2);
                FloatVector x3 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + 3 * BYTES, ORDER).sub(centre);
                s3 = x3.fma(x3, s3);
            }
        }
        s0.intoMemorySegment(ALL, lanes, ORDER);
        if (LENGTH <= 8) {
            s1.intoMemorySegment(ALL, lanes + BYTES, ORDER);
        }
        if (LENGTH == 4) {
            s2.intoMemorySegment(ALL, lanes + 2 * BYTES, ORDER);
            s3.intoMemorySegment(ALL, lanes + 3 * BYTES, ORDER);
        }
        for (int j = whole; j < count; j++) {
            long lane = lanes + (j - whole) * 4L;
            float value = ALL.get(FLOAT, x + j * 4L) - centre;
            ALL.set(FLOAT, lane, Math.fma(value, value, ALL.get(FLOAT, lane)));
        }
        return VectorLanes.fold(lanes, lanes);
    }
}
