package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ADDRESS;
import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.OFFSET;
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
        long d1 = down & OFFSET;
        long d2 = 2 * down & OFFSET;
        long d3 = 3 * down & OFFSET;
        long d4 = 4 * down & OFFSET;
        long d5 = 5 * down & OFFSET;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c0 = x.fma(b0, c0);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c1 = x.fma(b0, c1);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c2 = x.fma(b0, c2);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d3));
            c3 = x.fma(b0, c3);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d4));
            c4 = x.fma(b0, c4);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d5));
            c5 = x.fma(b0, c5);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
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
        long d1 = down & OFFSET;
        long d2 = 2 * down & OFFSET;
        long d3 = 3 * down & OFFSET;
        long d4 = 4 * down & OFFSET;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c0 = x.fma(b0, c0);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c1 = x.fma(b0, c1);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c2 = x.fma(b0, c2);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d3));
            c3 = x.fma(b0, c3);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d4));
            c4 = x.fma(b0, c4);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
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
        long d1 = down & OFFSET;
        long d2 = 2 * down & OFFSET;
        long d3 = 3 * down & OFFSET;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c0 = x.fma(b0, c0);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c1 = x.fma(b0, c1);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c2 = x.fma(b0, c2);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d3));
            c3 = x.fma(b0, c3);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
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
        long d1 = down & OFFSET;
        long d2 = 2 * down & OFFSET;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c0 = x.fma(b0, c0);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c1 = x.fma(b0, c1);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d2));
            c2 = x.fma(b0, c2);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c0.intoMemorySegment(ALL, c, ORDER);
        c1.intoMemorySegment(ALL, c + pitch, ORDER);
        c2.intoMemorySegment(ALL, c + 2 * pitch, ORDER);
    }

    private static void rows2(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c0 = FloatVector.zero(FLOATS);
        FloatVector c1 = FloatVector.zero(FLOATS);
        long d1 = down & OFFSET;
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c0 = x.fma(b0, c0);
            x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a + d1));
            c1 = x.fma(b0, c1);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c0.intoMemorySegment(ALL, c, ORDER);
        c1.intoMemorySegment(ALL, c + pitch, ORDER);
    }

    private static void rows1(long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        FloatVector c0 = FloatVector.zero(FLOATS);
        a &= ADDRESS;
        b &= ADDRESS;
        for (int k = 0; k < chain; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER);
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c0 = x.fma(b0, c0);
            a = a + across & ADDRESS;
            b = b + step & ADDRESS;
        }
        c0.intoMemorySegment(ALL, c, ORDER);
    }
}
