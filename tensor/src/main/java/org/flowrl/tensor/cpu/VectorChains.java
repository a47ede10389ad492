package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ADDRESS;
import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.OFFSET;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;
import org.flowrl.tensor.Backend;

/// Weighted sums of rows, as attention needs them: chains of fma over rows of `size` floats `step` bytes apart, with
/// weights `across` bytes apart. Every row of weights has its own number of keys, and none reads a key beyond it, for
/// zero times NaN is NaN.
final class VectorChains {
    /// Chains that {@link #extendFour} continues at once.
    static final int FOUR_CHAINS = 4;
    private static final int EIGHT = 8 * LENGTH;
    private static final int TWO = 2 * LENGTH;

    private VectorChains() {
    }

    /// Continues chains: sums[e] = fma(w[k], v[k, e], sums[e]) for k = 0 … chain−1, in order.
    static void extend(long w, long across, long v, long step, int chain, long sums, int size) {
        int e = 0;
        for (; e <= size - EIGHT; e += EIGHT) {
            extendEight(w, across, v + e * 4L, step, chain, sums + e * 4L);
        }
        for (; e <= size - TWO; e += TWO) {
            extendTwo(w, across, v + e * 4L, step, chain, sums + e * 4L);
        }
        for (; e <= size - LENGTH; e += LENGTH) {
            extendOne(w, across, v + e * 4L, step, chain, sums + e * 4L);
        }
        for (; e < size; e++) {
            float sum = ALL.get(FLOAT, sums + e * 4L);
            for (int k = 0; k < chain; k++) {
                sum = Math.fma(ALL.get(FLOAT, w + k * across), ALL.get(FLOAT, v + k * step + e * 4L), sum);
            }
            ALL.set(FLOAT, sums + e * 4L, sum);
        }
    }

    private static void extendEight(long w, long across, long v, long step, int chain, long sums) {
        FloatVector s0 = FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER);
        FloatVector s1 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + BYTES, ORDER);
        FloatVector s2 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 2 * BYTES, ORDER);
        FloatVector s3 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 3 * BYTES, ORDER);
        FloatVector s4 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 4 * BYTES, ORDER);
        FloatVector s5 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 5 * BYTES, ORDER);
        FloatVector s6 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 6 * BYTES, ORDER);
        FloatVector s7 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 7 * BYTES, ORDER);
        w &= ADDRESS;
        v &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, w));
            s0 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, v, ORDER), s0);
            s1 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, v + BYTES, ORDER), s1);
            s2 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, v + 2 * BYTES, ORDER), s2);
            s3 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, v + 3 * BYTES, ORDER), s3);
            s4 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, v + 4 * BYTES, ORDER), s4);
            s5 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, v + 5 * BYTES, ORDER), s5);
            s6 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, v + 6 * BYTES, ORDER), s6);
            s7 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, v + 7 * BYTES, ORDER), s7);
            w = w + across & ADDRESS;
            v = v + step & ADDRESS;
        }
        s0.intoMemorySegment(ALL, sums, ORDER);
        s1.intoMemorySegment(ALL, sums + BYTES, ORDER);
        s2.intoMemorySegment(ALL, sums + 2 * BYTES, ORDER);
        s3.intoMemorySegment(ALL, sums + 3 * BYTES, ORDER);
        s4.intoMemorySegment(ALL, sums + 4 * BYTES, ORDER);
        s5.intoMemorySegment(ALL, sums + 5 * BYTES, ORDER);
        s6.intoMemorySegment(ALL, sums + 6 * BYTES, ORDER);
        s7.intoMemorySegment(ALL, sums + 7 * BYTES, ORDER);
    }

    private static void extendTwo(long w, long across, long v, long step, int chain, long sums) {
        FloatVector s0 = FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER);
        FloatVector s1 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + BYTES, ORDER);
        w &= ADDRESS;
        v &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, w));
            s0 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, v, ORDER), s0);
            s1 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, v + BYTES, ORDER), s1);
            w = w + across & ADDRESS;
            v = v + step & ADDRESS;
        }
        s0.intoMemorySegment(ALL, sums, ORDER);
        s1.intoMemorySegment(ALL, sums + BYTES, ORDER);
    }

    private static void extendOne(long w, long across, long v, long step, int chain, long sums) {
        FloatVector s0 = FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER);
        w &= ADDRESS;
        v &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, w));
            s0 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, v, ORDER), s0);
            w = w + across & ADDRESS;
            v = v + step & ADDRESS;
        }
        s0.intoMemorySegment(ALL, sums, ORDER);
    }

    /// Continues four rows of chains over the same rows of v: sums[r, e] = fma(w[r, k], v[k, e], sums[r, e]).
    ///
    /// @param wDown bytes from one row's weights to the next row's
    /// @param wAcross bytes from one weight of a row to its next
    /// @param pitch bytes from one row of sums to the next
    static void extendFour(long w, long wDown, long wAcross, long v, long step, int chain, long sums, long pitch,
            int size) {
        int e = 0;
        for (; e <= size - TWO; e += TWO) {
            extendFourByTwo(w, wDown, wAcross, v + e * 4L, step, chain, sums + e * 4L, pitch);
        }
        for (int r = 0; e < size && r < FOUR_CHAINS; r++) {
            extend(w + r * wDown, wAcross, v + e * 4L, step, chain, sums + r * pitch + e * 4L, size - e);
        }
    }

    private static void extendFourByTwo(long w, long wDown, long wAcross, long v, long step, int chain, long sums,
            long pitch) {
        FloatVector s00 = FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER);
        FloatVector s01 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + BYTES, ORDER);
        FloatVector s10 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + pitch, ORDER);
        FloatVector s11 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + pitch + BYTES, ORDER);
        FloatVector s20 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 2 * pitch, ORDER);
        FloatVector s21 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 2 * pitch + BYTES, ORDER);
        FloatVector s30 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 3 * pitch, ORDER);
        FloatVector s31 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 3 * pitch + BYTES, ORDER);
        long d1 = wDown & OFFSET;
        long d2 = 2 * wDown & OFFSET;
        long d3 = 3 * wDown & OFFSET;
        w &= ADDRESS;
        v &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector v0 = FloatVector.fromMemorySegment(FLOATS, ALL, v, ORDER);
            FloatVector v1 = FloatVector.fromMemorySegment(FLOATS, ALL, v + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, w));
            s00 = x.fma(v0, s00);
            s01 = x.fma(v1, s01);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, w + d1));
            s10 = x.fma(v0, s10);
            s11 = x.fma(v1, s11);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, w + d2));
            s20 = x.fma(v0, s20);
            s21 = x.fma(v1, s21);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, w + d3));
            s30 = x.fma(v0, s30);
            s31 = x.fma(v1, s31);
            w = w + wAcross & ADDRESS;
            v = v + step & ADDRESS;
        }
        s00.intoMemorySegment(ALL, sums, ORDER);
        s01.intoMemorySegment(ALL, sums + BYTES, ORDER);
        s10.intoMemorySegment(ALL, sums + pitch, ORDER);
        s11.intoMemorySegment(ALL, sums + pitch + BYTES, ORDER);
        s20.intoMemorySegment(ALL, sums + 2 * pitch, ORDER);
        s21.intoMemorySegment(ALL, sums + 2 * pitch + BYTES, ORDER);
        s30.intoMemorySegment(ALL, sums + 3 * pitch, ORDER);
        s31.intoMemorySegment(ALL, sums + 3 * pitch + BYTES, ORDER);
    }

    /// Weighted sums of causal rows: row r of `rows` takes the keys 0 … firstKeys + r − 1, as a chain of blocks.
    ///
    /// @param w the first row's weights, rows `pitch` bytes apart, weights contiguous
    /// @param out the first row of `size` sums, rows `outPitch` bytes apart
    /// @param scratch {@link VectorTile#ROWS} rows of `size` floats
    static void causal(int rows, int firstKeys, long w, long pitch, long v, long step, int size, long out,
            long outPitch, long scratch) {
        int keys = firstKeys + rows - 1;
        for (int from = 0; from < keys; from += Backend.BLOCK) {
            int common = Math.clamp(firstKeys - from, 0, Backend.BLOCK);
            long sums = from == 0 ? out : scratch;
            long sumsPitch = from == 0 ? outPitch : size * 4L;
            start(rows, w + from * 4L, pitch, v + from * step, step, common, sums, sumsPitch, size);
            for (int r = 0; r < rows; r++) {
                int next = from + common;
                int end = Math.min(from + Backend.BLOCK, firstKeys + r);
                if (end > next) {
                    extend(w + r * pitch + next * 4L, 4, v + next * step, step, end - next, sums + r * sumsPitch, size);
                }
                if (from > 0 && end > from) {
                    VectorColumns.add(out + r * outPitch, sums + r * sumsPitch, size);
                }
            }
        }
    }

    /// Chains from +0 of `chain` keys for all rows.
    private static void start(int rows, long w, long pitch, long v, long step, int chain, long sums, long sumsPitch,
            int size) {
        int whole = VectorLanes.whole(size);
        for (int e = 0; e < whole; e += Backend.LANES) {
            VectorProduct.sixteen(rows, w, pitch, 4, v + e * 4L, step, chain, sums + e * 4L, sumsPitch);
        }
        for (int r = 0; whole < size && r < rows; r++) {
            VectorPointwise.fill(0, sums + r * sumsPitch + whole * 4L, size - whole);
            extend(w + r * pitch, 4, v + whole * 4L, step, chain, sums + r * sumsPitch + whole * 4L, size - whole);
        }
    }

    /// y = x · factor; y may be x.
    static void scaled(long x, float factor, long y, int count) {
        int i = 0;
        for (; i <= count - LENGTH; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER).mul(factor)
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
        }
        for (; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, ALL.get(FLOAT, x + i * 4L) * factor);
        }
    }
}
