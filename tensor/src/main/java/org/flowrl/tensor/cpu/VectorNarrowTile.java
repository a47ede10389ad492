package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;

/// Tiles of 1 … 6 rows by one vector, as {@link VectorTile}, whose parameters these have: sixteen columns on vectors
/// of 512 bits, for attention over pages of sixteen keys.
final class VectorNarrowTile {
    private VectorNarrowTile() {
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
        FloatVector c0 = FloatVector.zero(FLOATS);
        FloatVector c1 = FloatVector.zero(FLOATS);
        FloatVector c2 = FloatVector.zero(FLOATS);
        FloatVector c3 = FloatVector.zero(FLOATS);
        FloatVector c4 = FloatVector.zero(FLOATS);
        FloatVector c5 = FloatVector.zero(FLOATS);
        long a1 = a + 1 * down;
        long a2 = a + 2 * down;
        long a3 = a + 3 * down;
        long a4 = a + 4 * down;
        long a5 = a + 5 * down;
        long at = 0;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + at));
            c0 = x.fma(b0, c0);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a1 + at));
            c1 = x.fma(b0, c1);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a2 + at));
            c2 = x.fma(b0, c2);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a3 + at));
            c3 = x.fma(b0, c3);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a4 + at));
            c4 = x.fma(b0, c4);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a5 + at));
            c5 = x.fma(b0, c5);
            at += across;
            b += step;
        }
        c0.intoMemorySegment(ALL, c, ORDER);
        c1.intoMemorySegment(ALL, c + pitch, ORDER);
        c2.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
        c3.intoMemorySegment(ALL, c + 3 * pitch, ORDER);
        c4.intoMemorySegment(ALL, c + 4 * pitch, ORDER);
        c5.intoMemorySegment(ALL, c + 5 * pitch, ORDER);
    }

    private static void rows5(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c0 = FloatVector.zero(FLOATS);
        FloatVector c1 = FloatVector.zero(FLOATS);
        FloatVector c2 = FloatVector.zero(FLOATS);
        FloatVector c3 = FloatVector.zero(FLOATS);
        FloatVector c4 = FloatVector.zero(FLOATS);
        long a1 = a + 1 * down;
        long a2 = a + 2 * down;
        long a3 = a + 3 * down;
        long a4 = a + 4 * down;
        long at = 0;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + at));
            c0 = x.fma(b0, c0);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a1 + at));
            c1 = x.fma(b0, c1);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a2 + at));
            c2 = x.fma(b0, c2);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a3 + at));
            c3 = x.fma(b0, c3);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a4 + at));
            c4 = x.fma(b0, c4);
            at += across;
            b += step;
        }
        c0.intoMemorySegment(ALL, c, ORDER);
        c1.intoMemorySegment(ALL, c + pitch, ORDER);
        c2.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
        c3.intoMemorySegment(ALL, c + 3 * pitch, ORDER);
        c4.intoMemorySegment(ALL, c + 4 * pitch, ORDER);
    }

    private static void rows4(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c0 = FloatVector.zero(FLOATS);
        FloatVector c1 = FloatVector.zero(FLOATS);
        FloatVector c2 = FloatVector.zero(FLOATS);
        FloatVector c3 = FloatVector.zero(FLOATS);
        long a1 = a + 1 * down;
        long a2 = a + 2 * down;
        long a3 = a + 3 * down;
        long at = 0;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + at));
            c0 = x.fma(b0, c0);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a1 + at));
            c1 = x.fma(b0, c1);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a2 + at));
            c2 = x.fma(b0, c2);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a3 + at));
            c3 = x.fma(b0, c3);
            at += across;
            b += step;
        }
        c0.intoMemorySegment(ALL, c, ORDER);
        c1.intoMemorySegment(ALL, c + pitch, ORDER);
        c2.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
        c3.intoMemorySegment(ALL, c + 3 * pitch, ORDER);
    }

    private static void rows3(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c0 = FloatVector.zero(FLOATS);
        FloatVector c1 = FloatVector.zero(FLOATS);
        FloatVector c2 = FloatVector.zero(FLOATS);
        long a1 = a + 1 * down;
        long a2 = a + 2 * down;
        long at = 0;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + at));
            c0 = x.fma(b0, c0);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a1 + at));
            c1 = x.fma(b0, c1);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a2 + at));
            c2 = x.fma(b0, c2);
            at += across;
            b += step;
        }
        c0.intoMemorySegment(ALL, c, ORDER);
        c1.intoMemorySegment(ALL, c + pitch, ORDER);
        c2.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
    }

    private static void rows2(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c0 = FloatVector.zero(FLOATS);
        FloatVector c1 = FloatVector.zero(FLOATS);
        long a1 = a + 1 * down;
        long at = 0;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + at));
            c0 = x.fma(b0, c0);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a1 + at));
            c1 = x.fma(b0, c1);
            at += across;
            b += step;
        }
        c0.intoMemorySegment(ALL, c, ORDER);
        c1.intoMemorySegment(ALL, c + pitch, ORDER);
    }

    private static void rows1(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c0 = FloatVector.zero(FLOATS);
        long at = 0;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + at));
            c0 = x.fma(b0, c0);
            at += across;
            b += step;
        }
        c0.intoMemorySegment(ALL, c, ORDER);
    }
}
