package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ADDRESS;
import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.OFFSET;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;

/// The microkernel of matrix products on vectors of 128 and 256 bits: a tile of 1 … 6 rows by two vectors.
///
/// ```
/// c[r, j] = Σ_k a[r, k] · b[k, j]        fma(a, b, sum) in k order from +0, at most one block of the contract
/// ```
/// Element (r, k) of `a` is at byte a + r · down + k · across, row k of `b` at b + k · step, row r of `c` at
/// c + r · pitch.
/// All accumulators stay in registers: 6 × 2 of them, two of `b` and one of `a` fill the sixteen of AVX2.
///
/// The shape of the loop is what C2 compiles well. Addresses are masked, so that no access carries a range check; the
/// rows of `a` are apart by offsets of 31 bits, which become part of the loads' addresses; one step of k a round, since
/// two spill accumulators. That leaves some 30 instructions for 12 fma: a processor that shares its decoders with a
/// neighbour's thread has no room for more. Tiles of 2 to 5 rows would be unrolled and spill: there some rows keep the
/// check, across which no load is hoisted. Tiles of 1 and 2 rows take several steps a round, to be too large for C2 to
/// inline, which at times it does badly. Results are only stored, never read, so that C1 does not run out of virtual
/// registers, and there is no helper method.
final class VectorTile {
    /// Rows of the largest tile.
    static final int ROWS = 6;
    /// Vectors in a row of the tile.
    static final int VECTORS = 2;

    private VectorTile() {
    }

    /// Overwrites a tile of `rows` rows.
    static void run(int rows, long a, long down, long across, long b, long step, int chain, long c, long pitch) {
        switch (rows) {
            case 1 -> rows1(a, across, b, step, chain, c);
            case 2 -> rows2(a, down, across, b, step, chain, c, pitch);
            case 3 -> rows3(a, down, across, b, step, chain, c, pitch);
            case 4 -> rows4(a, down, across, b, step, chain, c, pitch);
            case 5 -> rows5(a, down, across, b, step, chain, c, pitch);
            case 6 -> rows6(a, down, across, b, step, chain, c, pitch);
            default -> throw new IllegalArgumentException("tile: " + rows + " rows");
        }
    }

    private static void rows6(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS);
        FloatVector c30 = FloatVector.zero(FLOATS), c31 = FloatVector.zero(FLOATS);
        FloatVector c40 = FloatVector.zero(FLOATS), c41 = FloatVector.zero(FLOATS);
        FloatVector c50 = FloatVector.zero(FLOATS), c51 = FloatVector.zero(FLOATS);
        long d1 = down & OFFSET;
        long d2 = 2 * down & OFFSET;
        long d3 = 3 * down & OFFSET;
        long d4 = 4 * down & OFFSET;
        long d5 = 5 * down & OFFSET;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d3));
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d4));
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d5));
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + pitch, ORDER);
        c11.intoMemorySegment(ALL, c + pitch + BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
        c21.intoMemorySegment(ALL, c + 2 * pitch + BYTES, ORDER);
        c30.intoMemorySegment(ALL, c + 3 * pitch, ORDER);
        c31.intoMemorySegment(ALL, c + 3 * pitch + BYTES, ORDER);
        c40.intoMemorySegment(ALL, c + 4 * pitch, ORDER);
        c41.intoMemorySegment(ALL, c + 4 * pitch + BYTES, ORDER);
        c50.intoMemorySegment(ALL, c + 5 * pitch, ORDER);
        c51.intoMemorySegment(ALL, c + 5 * pitch + BYTES, ORDER);
    }

    private static void rows5(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS);
        FloatVector c30 = FloatVector.zero(FLOATS), c31 = FloatVector.zero(FLOATS);
        FloatVector c40 = FloatVector.zero(FLOATS), c41 = FloatVector.zero(FLOATS);
        long d1 = down & OFFSET;
        long d2 = 2 * down;
        long d3 = 3 * down & OFFSET;
        long d4 = 4 * down;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d3));
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d4));
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + pitch, ORDER);
        c11.intoMemorySegment(ALL, c + pitch + BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
        c21.intoMemorySegment(ALL, c + 2 * pitch + BYTES, ORDER);
        c30.intoMemorySegment(ALL, c + 3 * pitch, ORDER);
        c31.intoMemorySegment(ALL, c + 3 * pitch + BYTES, ORDER);
        c40.intoMemorySegment(ALL, c + 4 * pitch, ORDER);
        c41.intoMemorySegment(ALL, c + 4 * pitch + BYTES, ORDER);
    }

    private static void rows4(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS);
        FloatVector c30 = FloatVector.zero(FLOATS), c31 = FloatVector.zero(FLOATS);
        long d1 = down & OFFSET;
        long d2 = 2 * down;
        long d3 = 3 * down & OFFSET;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d3));
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + pitch, ORDER);
        c11.intoMemorySegment(ALL, c + pitch + BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
        c21.intoMemorySegment(ALL, c + 2 * pitch + BYTES, ORDER);
        c30.intoMemorySegment(ALL, c + 3 * pitch, ORDER);
        c31.intoMemorySegment(ALL, c + 3 * pitch + BYTES, ORDER);
    }

    private static void rows3(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS);
        long d1 = down & OFFSET;
        long d2 = 2 * down;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + pitch, ORDER);
        c11.intoMemorySegment(ALL, c + pitch + BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
        c21.intoMemorySegment(ALL, c + 2 * pitch + BYTES, ORDER);
    }

    private static void rows2(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS);
        a &= ADDRESS;
        b &= ADDRESS;
        int k = 0;
        for (; k < chain - 1; k += 2) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + down));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
            b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + down));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        if (k < chain) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + down));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + pitch, ORDER);
        c11.intoMemorySegment(ALL, c + pitch + BYTES, ORDER);
    }

    private static void rows1(long a, long across, long b, long step, int chain, long c) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        a &= ADDRESS;
        b &= ADDRESS;
        int k = 0;
        for (; k < chain - 3; k += 4) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
            b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
            b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
            b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        for (; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
    }
}
