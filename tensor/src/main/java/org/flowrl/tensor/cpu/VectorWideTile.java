package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ADDRESS;
import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.OFFSET;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;

/// The microkernel on vectors of 512 bits: 1 … 6 rows by four vectors, as {@link VectorTile}, whose parameters and
/// loop these have. 6 × 4 accumulators, four of `b` and one of `a` fill 29 of 32 registers; a round has 45 instructions
/// for 24 fma. Tiles of one, two and three rows keep one range check a round, without which C2 unrolls them eight times
/// and spills.
final class VectorWideTile {
    /// Vectors in a row of the tile.
    static final int VECTORS = 4;

    private VectorWideTile() {
    }

    /// Overwrites a tile of `rows` rows.
    static void run(int rows, long a, long down, long across, long b, long step, int chain, long c, long pitch) {
        switch (rows) {
            case 1 -> rows1(a, down, across, b, step, chain, c, pitch);
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
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS),
                c02 = FloatVector.zero(FLOATS), c03 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS),
                c12 = FloatVector.zero(FLOATS), c13 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS),
                c22 = FloatVector.zero(FLOATS), c23 = FloatVector.zero(FLOATS);
        FloatVector c30 = FloatVector.zero(FLOATS), c31 = FloatVector.zero(FLOATS),
                c32 = FloatVector.zero(FLOATS), c33 = FloatVector.zero(FLOATS);
        FloatVector c40 = FloatVector.zero(FLOATS), c41 = FloatVector.zero(FLOATS),
                c42 = FloatVector.zero(FLOATS), c43 = FloatVector.zero(FLOATS);
        FloatVector c50 = FloatVector.zero(FLOATS), c51 = FloatVector.zero(FLOATS),
                c52 = FloatVector.zero(FLOATS), c53 = FloatVector.zero(FLOATS);
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
            FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 3 * BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            c02 = x.fma(b2, c02);
            c03 = x.fma(b3, c03);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            c12 = x.fma(b2, c12);
            c13 = x.fma(b3, c13);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            c22 = x.fma(b2, c22);
            c23 = x.fma(b3, c23);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d3));
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            c32 = x.fma(b2, c32);
            c33 = x.fma(b3, c33);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d4));
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            c42 = x.fma(b2, c42);
            c43 = x.fma(b3, c43);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d5));
            c50 = x.fma(b0, c50);
            c51 = x.fma(b1, c51);
            c52 = x.fma(b2, c52);
            c53 = x.fma(b3, c53);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c02.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c03.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + pitch, ORDER);
        c11.intoMemorySegment(ALL, c + pitch + BYTES, ORDER);
        c12.intoMemorySegment(ALL, c + pitch + 2 * BYTES, ORDER);
        c13.intoMemorySegment(ALL, c + pitch + 3 * BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
        c21.intoMemorySegment(ALL, c + 2 * pitch + BYTES, ORDER);
        c22.intoMemorySegment(ALL, c + 2 * pitch + 2 * BYTES, ORDER);
        c23.intoMemorySegment(ALL, c + 2 * pitch + 3 * BYTES, ORDER);
        c30.intoMemorySegment(ALL, c + 3 * pitch, ORDER);
        c31.intoMemorySegment(ALL, c + 3 * pitch + BYTES, ORDER);
        c32.intoMemorySegment(ALL, c + 3 * pitch + 2 * BYTES, ORDER);
        c33.intoMemorySegment(ALL, c + 3 * pitch + 3 * BYTES, ORDER);
        c40.intoMemorySegment(ALL, c + 4 * pitch, ORDER);
        c41.intoMemorySegment(ALL, c + 4 * pitch + BYTES, ORDER);
        c42.intoMemorySegment(ALL, c + 4 * pitch + 2 * BYTES, ORDER);
        c43.intoMemorySegment(ALL, c + 4 * pitch + 3 * BYTES, ORDER);
        c50.intoMemorySegment(ALL, c + 5 * pitch, ORDER);
        c51.intoMemorySegment(ALL, c + 5 * pitch + BYTES, ORDER);
        c52.intoMemorySegment(ALL, c + 5 * pitch + 2 * BYTES, ORDER);
        c53.intoMemorySegment(ALL, c + 5 * pitch + 3 * BYTES, ORDER);
    }

    private static void rows5(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS),
                c02 = FloatVector.zero(FLOATS), c03 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS),
                c12 = FloatVector.zero(FLOATS), c13 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS),
                c22 = FloatVector.zero(FLOATS), c23 = FloatVector.zero(FLOATS);
        FloatVector c30 = FloatVector.zero(FLOATS), c31 = FloatVector.zero(FLOATS),
                c32 = FloatVector.zero(FLOATS), c33 = FloatVector.zero(FLOATS);
        FloatVector c40 = FloatVector.zero(FLOATS), c41 = FloatVector.zero(FLOATS),
                c42 = FloatVector.zero(FLOATS), c43 = FloatVector.zero(FLOATS);
        long d1 = down & OFFSET;
        long d2 = 2 * down & OFFSET;
        long d3 = 3 * down & OFFSET;
        long d4 = 4 * down & OFFSET;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 3 * BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            c02 = x.fma(b2, c02);
            c03 = x.fma(b3, c03);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            c12 = x.fma(b2, c12);
            c13 = x.fma(b3, c13);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            c22 = x.fma(b2, c22);
            c23 = x.fma(b3, c23);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d3));
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            c32 = x.fma(b2, c32);
            c33 = x.fma(b3, c33);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d4));
            c40 = x.fma(b0, c40);
            c41 = x.fma(b1, c41);
            c42 = x.fma(b2, c42);
            c43 = x.fma(b3, c43);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c02.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c03.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + pitch, ORDER);
        c11.intoMemorySegment(ALL, c + pitch + BYTES, ORDER);
        c12.intoMemorySegment(ALL, c + pitch + 2 * BYTES, ORDER);
        c13.intoMemorySegment(ALL, c + pitch + 3 * BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
        c21.intoMemorySegment(ALL, c + 2 * pitch + BYTES, ORDER);
        c22.intoMemorySegment(ALL, c + 2 * pitch + 2 * BYTES, ORDER);
        c23.intoMemorySegment(ALL, c + 2 * pitch + 3 * BYTES, ORDER);
        c30.intoMemorySegment(ALL, c + 3 * pitch, ORDER);
        c31.intoMemorySegment(ALL, c + 3 * pitch + BYTES, ORDER);
        c32.intoMemorySegment(ALL, c + 3 * pitch + 2 * BYTES, ORDER);
        c33.intoMemorySegment(ALL, c + 3 * pitch + 3 * BYTES, ORDER);
        c40.intoMemorySegment(ALL, c + 4 * pitch, ORDER);
        c41.intoMemorySegment(ALL, c + 4 * pitch + BYTES, ORDER);
        c42.intoMemorySegment(ALL, c + 4 * pitch + 2 * BYTES, ORDER);
        c43.intoMemorySegment(ALL, c + 4 * pitch + 3 * BYTES, ORDER);
    }

    private static void rows4(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS),
                c02 = FloatVector.zero(FLOATS), c03 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS),
                c12 = FloatVector.zero(FLOATS), c13 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS),
                c22 = FloatVector.zero(FLOATS), c23 = FloatVector.zero(FLOATS);
        FloatVector c30 = FloatVector.zero(FLOATS), c31 = FloatVector.zero(FLOATS),
                c32 = FloatVector.zero(FLOATS), c33 = FloatVector.zero(FLOATS);
        long d1 = down & OFFSET;
        long d2 = 2 * down & OFFSET;
        long d3 = 3 * down & OFFSET;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 3 * BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            c02 = x.fma(b2, c02);
            c03 = x.fma(b3, c03);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            c12 = x.fma(b2, c12);
            c13 = x.fma(b3, c13);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            c22 = x.fma(b2, c22);
            c23 = x.fma(b3, c23);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d3));
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            c32 = x.fma(b2, c32);
            c33 = x.fma(b3, c33);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c02.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c03.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + pitch, ORDER);
        c11.intoMemorySegment(ALL, c + pitch + BYTES, ORDER);
        c12.intoMemorySegment(ALL, c + pitch + 2 * BYTES, ORDER);
        c13.intoMemorySegment(ALL, c + pitch + 3 * BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
        c21.intoMemorySegment(ALL, c + 2 * pitch + BYTES, ORDER);
        c22.intoMemorySegment(ALL, c + 2 * pitch + 2 * BYTES, ORDER);
        c23.intoMemorySegment(ALL, c + 2 * pitch + 3 * BYTES, ORDER);
        c30.intoMemorySegment(ALL, c + 3 * pitch, ORDER);
        c31.intoMemorySegment(ALL, c + 3 * pitch + BYTES, ORDER);
        c32.intoMemorySegment(ALL, c + 3 * pitch + 2 * BYTES, ORDER);
        c33.intoMemorySegment(ALL, c + 3 * pitch + 3 * BYTES, ORDER);
    }

    private static void rows3(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS),
                c02 = FloatVector.zero(FLOATS), c03 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS),
                c12 = FloatVector.zero(FLOATS), c13 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS),
                c22 = FloatVector.zero(FLOATS), c23 = FloatVector.zero(FLOATS);
        long d1 = down & OFFSET;
        long d2 = 2 * down;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 3 * BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            c02 = x.fma(b2, c02);
            c03 = x.fma(b3, c03);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            c12 = x.fma(b2, c12);
            c13 = x.fma(b3, c13);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            c22 = x.fma(b2, c22);
            c23 = x.fma(b3, c23);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c02.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c03.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + pitch, ORDER);
        c11.intoMemorySegment(ALL, c + pitch + BYTES, ORDER);
        c12.intoMemorySegment(ALL, c + pitch + 2 * BYTES, ORDER);
        c13.intoMemorySegment(ALL, c + pitch + 3 * BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
        c21.intoMemorySegment(ALL, c + 2 * pitch + BYTES, ORDER);
        c22.intoMemorySegment(ALL, c + 2 * pitch + 2 * BYTES, ORDER);
        c23.intoMemorySegment(ALL, c + 2 * pitch + 3 * BYTES, ORDER);
    }

    private static void rows2(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS),
                c02 = FloatVector.zero(FLOATS), c03 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS),
                c12 = FloatVector.zero(FLOATS), c13 = FloatVector.zero(FLOATS);
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 3 * BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            c02 = x.fma(b2, c02);
            c03 = x.fma(b3, c03);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + down));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            c12 = x.fma(b2, c12);
            c13 = x.fma(b3, c13);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c02.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c03.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + pitch, ORDER);
        c11.intoMemorySegment(ALL, c + pitch + BYTES, ORDER);
        c12.intoMemorySegment(ALL, c + pitch + 2 * BYTES, ORDER);
        c13.intoMemorySegment(ALL, c + pitch + 3 * BYTES, ORDER);
    }

    private static void rows1(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS),
                c02 = FloatVector.zero(FLOATS), c03 = FloatVector.zero(FLOATS);
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(FLOATS, ALL, b + 3 * BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            c02 = x.fma(b2, c02);
            c03 = x.fma(b3, c03);
            a += across;
            b = b + step & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c02.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c03.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
    }
}
