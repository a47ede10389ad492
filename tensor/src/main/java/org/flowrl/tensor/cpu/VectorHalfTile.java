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

/// The microkernel of few rows against weights held in BF16: as {@link VectorTile}, with `b` read from a packed row of
/// halves, which a shift and a mask widen to two vectors (see {@link VectorPanels}). For a handful of rows that is
/// cheaper than widening the panel to memory first; the bits are the same.
final class VectorHalfTile {
    /// Rows of the largest tile: one fewer than {@link VectorTile}'s, whose register holds the halves.
    static final int ROWS = 5;
    private static final int HIGH_HALF = 0xffff0000;

    private VectorHalfTile() {
    }

    /// Overwrites a tile of `rows` rows by two vectors; parameters as {@link VectorTile#run}, `b` and `step` being
    /// those of the halves.
    static void run(int rows, long a, long down, long across, long b, long step, int chain, long c, long pitch) {
        switch (rows) {
            case 2 -> rows2(a, down, across, b, step, chain, c, pitch);
            case 3 -> rows3(a, down, across, b, step, chain, c, pitch);
            case 4 -> rows4(a, down, across, b, step, chain, c, pitch);
            case 5 -> rows5(a, down, across, b, step, chain, c, pitch);
            default -> throw new IllegalArgumentException("half tile: " + rows + " rows");
        }
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
            IntVector pair = IntVector.fromMemorySegment(INTS, ALL, b, ORDER);
            FloatVector b0 = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector b1 = pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
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
            IntVector pair = IntVector.fromMemorySegment(INTS, ALL, b, ORDER);
            FloatVector b0 = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector b1 = pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
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
            IntVector pair = IntVector.fromMemorySegment(INTS, ALL, b, ORDER);
            FloatVector b0 = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector b1 = pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
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
            IntVector pair = IntVector.fromMemorySegment(INTS, ALL, b, ORDER);
            FloatVector b0 = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector b1 = pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(b0, c00);
            c01 = x.fma(b1, c01);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + down));
            c10 = x.fma(b0, c10);
            c11 = x.fma(b1, c11);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
            pair = IntVector.fromMemorySegment(INTS, ALL, b, ORDER);
            b0 = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            b1 = pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
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
            IntVector pair = IntVector.fromMemorySegment(INTS, ALL, b, ORDER);
            FloatVector b0 = pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector b1 = pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats();
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
}
