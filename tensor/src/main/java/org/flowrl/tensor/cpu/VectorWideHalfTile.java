package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ADDRESS;
import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.INTS;
import static org.flowrl.tensor.cpu.VectorLanes.OFFSET;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// The microkernel of two and more rows against weights held in BF16, on processors with 32 vector registers:
/// as {@link VectorHalfTile}, four vectors wide, so that a panel is read as one contiguous stream, which is what the
/// processor's prefetch keeps up with (reading every other line of 64 bytes gave 7 GB/s a thread where this gives twice
/// that).
///
/// A tile is an upper and a lower half of one or two rows, the lower one ending at the last row: of three rows both
/// halves make the middle one, with the same bits. Tiles of six rows run at three quarters of this one's speed.
final class VectorWideHalfTile {
    /// Rows of the largest tile.
    static final int ROWS = 4;
    private static final int HIGH_HALF = 0xffff0000;

    private VectorWideHalfTile() {
    }

    /// Overwrites a tile of 2 … 4 rows by four vectors; parameters as {@link VectorHalfTile#run}.
    static void run(int rows, long a, long down, long across, long b, long step, int chain, long c, long pitch) {
        switch (rows) {
            case 2 -> two(rows, a, down, across, b, step, chain, c, pitch);
            case 3, 4 -> four(rows, a, down, across, b, step, chain, c, pitch);
            default -> throw new IllegalArgumentException("wide half tile: " + rows + " rows");
        }
    }

    private static void two(int rows, long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        FloatVector c02 = FloatVector.zero(FLOATS), c03 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS);
        FloatVector c12 = FloatVector.zero(FLOATS), c13 = FloatVector.zero(FLOATS);
        a &= ADDRESS;
        long lower = a + (rows - 1) * down & ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            IntVector pair = IntVector.fromMemorySegment(INTS, ALL, b, ORDER);
            FloatVector b0 = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector b1 = pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
            pair = IntVector.fromMemorySegment(INTS, ALL, b + BYTES, ORDER);
            FloatVector b2 = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector b3 = pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            c02 = x.fma(b2, c02);
            c03 = x.fma(b3, c03);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, lower));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            c12 = x.fma(b2, c12);
            c13 = x.fma(b3, c13);
            a = a + across & ADDRESS;
            lower = lower + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        long under = c + (rows - 1) * pitch;
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c02.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c03.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
        c10.intoMemorySegment(ALL, under, ORDER);
        c11.intoMemorySegment(ALL, under + BYTES, ORDER);
        c12.intoMemorySegment(ALL, under + 2 * BYTES, ORDER);
        c13.intoMemorySegment(ALL, under + 3 * BYTES, ORDER);
    }

    private static void four(int rows, long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        FloatVector c02 = FloatVector.zero(FLOATS), c03 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS);
        FloatVector c12 = FloatVector.zero(FLOATS), c13 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS);
        FloatVector c22 = FloatVector.zero(FLOATS), c23 = FloatVector.zero(FLOATS);
        FloatVector c30 = FloatVector.zero(FLOATS), c31 = FloatVector.zero(FLOATS);
        FloatVector c32 = FloatVector.zero(FLOATS), c33 = FloatVector.zero(FLOATS);
        long d1 = down & OFFSET;
        a &= ADDRESS;
        long lower = a + (rows - 2) * down & ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            IntVector pair = IntVector.fromMemorySegment(INTS, ALL, b, ORDER);
            FloatVector b0 = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector b1 = pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
            pair = IntVector.fromMemorySegment(INTS, ALL, b + BYTES, ORDER);
            FloatVector b2 = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector b3 = pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
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
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, lower));
            c20 = x.fma(b0, c20);
            c21 = x.fma(b1, c21);
            c22 = x.fma(b2, c22);
            c23 = x.fma(b3, c23);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, lower + d1));
            c30 = x.fma(b0, c30);
            c31 = x.fma(b1, c31);
            c32 = x.fma(b2, c32);
            c33 = x.fma(b3, c33);
            a = a + across & ADDRESS;
            lower = lower + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        long under = c + (rows - 2) * pitch;
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c02.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c03.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + pitch, ORDER);
        c11.intoMemorySegment(ALL, c + pitch + BYTES, ORDER);
        c12.intoMemorySegment(ALL, c + pitch + 2 * BYTES, ORDER);
        c13.intoMemorySegment(ALL, c + pitch + 3 * BYTES, ORDER);
        c20.intoMemorySegment(ALL, under, ORDER);
        c21.intoMemorySegment(ALL, under + BYTES, ORDER);
        c22.intoMemorySegment(ALL, under + 2 * BYTES, ORDER);
        c23.intoMemorySegment(ALL, under + 3 * BYTES, ORDER);
        c30.intoMemorySegment(ALL, under + pitch, ORDER);
        c31.intoMemorySegment(ALL, under + pitch + BYTES, ORDER);
        c32.intoMemorySegment(ALL, under + pitch + 2 * BYTES, ORDER);
        c33.intoMemorySegment(ALL, under + pitch + 3 * BYTES, ORDER);
    }
}
