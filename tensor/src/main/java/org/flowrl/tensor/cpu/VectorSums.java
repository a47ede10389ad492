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
    private static final long CHUNK_BYTES = Backend.CHUNK * (long) Float.BYTES;

    private VectorSums() {
    }

    /// Overwrites sums[first … end−1] with Σ x of each chunk of {@link Backend#CHUNK} elements, two whole chunks at a
    /// time: one chunk's two chains of additions wait for each other, and for the prefetcher at each page.
    static void ofChunks(long x, long first, long end, long elements, long sums, long lanes) {
        long chunk = first;
        for (; chunk < end - 1 && (chunk + 2) * Backend.CHUNK <= elements; chunk += 2) {
            twoChunks(x + chunk * CHUNK_BYTES, lanes);
            foldTwo(lanes, sums + chunk * 4);
        }
        for (; chunk < end; chunk++) {
            int count = (int) Math.min(Backend.CHUNK, elements - chunk * Backend.CHUNK);
            ALL.set(FLOAT, sums + chunk * 4, ofElements(x + chunk * CHUNK_BYTES, count, lanes));
        }
    }

    /// As {@link #ofChunks} for Σ x².
    static void ofSquaredChunks(long x, long first, long end, long elements, long sums, long lanes) {
        long chunk = first;
        for (; chunk < end - 1 && (chunk + 2) * Backend.CHUNK <= elements; chunk += 2) {
            twoSquaredChunks(x + chunk * CHUNK_BYTES, lanes);
            foldTwo(lanes, sums + chunk * 4);
        }
        for (; chunk < end; chunk++) {
            int count = (int) Math.min(Backend.CHUNK, elements - chunk * Backend.CHUNK);
            ALL.set(FLOAT, sums + chunk * 4, ofSquares(x + chunk * CHUNK_BYTES, count, lanes));
        }
    }

    private static void foldTwo(long lanes, long sums) {
        ALL.set(FLOAT, sums, VectorLanes.fold(lanes, lanes));
        ALL.set(FLOAT, sums + 4, VectorLanes.fold(lanes + VectorLanes.LANE_BYTES, lanes + VectorLanes.LANE_BYTES));
    }

    /// The sixteen lanes of the chunk at x, then those of the next.
    private static void twoChunks(long x, long lanes) {
        for (long part = 0; part < VectorLanes.LANE_BYTES; part += VectorLanes.LANE_STEP) {
            FloatVector a0 = FloatVector.zero(FLOATS);
            FloatVector a1 = FloatVector.zero(FLOATS);
            FloatVector b0 = FloatVector.zero(FLOATS);
            FloatVector b1 = FloatVector.zero(FLOATS);
            long next = x + CHUNK_BYTES;
            for (int j = 0; j < Backend.CHUNK; j += Backend.LANES) {
                long at = part + j * 4L;
                a0 = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER).add(a0);
                b0 = FloatVector.fromMemorySegment(FLOATS, ALL, next + at, ORDER).add(b0);
                if (LENGTH <= 8) {
                    a1 = FloatVector.fromMemorySegment(FLOATS, ALL, x + at + BYTES, ORDER).add(a1);
                    b1 = FloatVector.fromMemorySegment(FLOATS, ALL, next + at + BYTES, ORDER).add(b1);
                }
            }
            a0.intoMemorySegment(ALL, lanes + part, ORDER);
            b0.intoMemorySegment(ALL, lanes + VectorLanes.LANE_BYTES + part, ORDER);
            if (LENGTH <= 8) {
                a1.intoMemorySegment(ALL, lanes + part + BYTES, ORDER);
                b1.intoMemorySegment(ALL, lanes + VectorLanes.LANE_BYTES + part + BYTES, ORDER);
            }
        }
    }

    private static void twoSquaredChunks(long x, long lanes) {
        for (long part = 0; part < VectorLanes.LANE_BYTES; part += VectorLanes.LANE_STEP) {
            FloatVector a0 = FloatVector.zero(FLOATS);
            FloatVector a1 = FloatVector.zero(FLOATS);
            FloatVector b0 = FloatVector.zero(FLOATS);
            FloatVector b1 = FloatVector.zero(FLOATS);
            long next = x + CHUNK_BYTES;
            for (int j = 0; j < Backend.CHUNK; j += Backend.LANES) {
                long at = part + j * 4L;
                FloatVector x0 = FloatVector.fromMemorySegment(FLOATS, ALL, x + at, ORDER);
                FloatVector y0 = FloatVector.fromMemorySegment(FLOATS, ALL, next + at, ORDER);
                a0 = x0.fma(x0, a0);
                b0 = y0.fma(y0, b0);
                if (LENGTH <= 8) {
                    FloatVector x1 = FloatVector.fromMemorySegment(FLOATS, ALL, x + at + BYTES, ORDER);
                    FloatVector y1 = FloatVector.fromMemorySegment(FLOATS, ALL, next + at + BYTES, ORDER);
                    a1 = x1.fma(x1, a1);
                    b1 = y1.fma(y1, b1);
                }
            }
            a0.intoMemorySegment(ALL, lanes + part, ORDER);
            b0.intoMemorySegment(ALL, lanes + VectorLanes.LANE_BYTES + part, ORDER);
            if (LENGTH <= 8) {
                a1.intoMemorySegment(ALL, lanes + part + BYTES, ORDER);
                b1.intoMemorySegment(ALL, lanes + VectorLanes.LANE_BYTES + part + BYTES, ORDER);
            }
        }
    }

    /// Σ x.
    static float ofElements(long x, int count, long lanes) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        int whole = VectorLanes.whole(count);
        for (int j = 0; j < whole; j += Backend.LANES) {
            s0 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L, ORDER).add(s0);
            if (LENGTH <= 8) {
                s1 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + BYTES, ORDER).add(s1);
            }
            if (LENGTH == 4) {
                s2 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + 2 * BYTES, ORDER).add(s2);
                s3 = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L + 3 * BYTES, ORDER).add(s3);
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
        addSquares(x + whole * 4L, count - whole, lanes);
        return VectorLanes.fold(lanes, lanes);
    }

    /// Adds the squares of fewer than sixteen numbers to the lanes.
    static void addSquares(long x, int count, long lanes) {
        for (long i = 0; i < count * 4L; i += 4) {
            float value = ALL.get(FLOAT, x + i);
            ALL.set(FLOAT, lanes + i, Math.fma(value, value, ALL.get(FLOAT, lanes + i)));
        }
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
            s0 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L, ORDER)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L, ORDER)).add(s0);
            if (LENGTH <= 8) {
                s1 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + BYTES, ORDER)
                        .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + BYTES, ORDER)).add(s1);
            }
            if (LENGTH == 4) {
                s2 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + 2 * BYTES, ORDER)
                        .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + 2 * BYTES, ORDER)).add(s2);
                s3 = FloatVector.fromMemorySegment(FLOATS, ALL, a + j * 4L + 3 * BYTES, ORDER)
                        .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + j * 4L + 3 * BYTES, ORDER)).add(s3);
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
