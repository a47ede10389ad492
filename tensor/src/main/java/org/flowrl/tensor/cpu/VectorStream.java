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

/// One row against {@link VectorProduct#STREAMS} panels at once: the kernels of a single token, which stream the
/// weights from memory. Each panel's columns lie after the other's in `c`. Where fewer panels are left, the last of
/// them takes the others' places, too.
final class VectorStream {
    private static final int HIGH_HALF = 0xffff0000;

    private VectorStream() {
    }

    /// Sums of one row over one block of each panel.
    ///
    /// @param a the row's floats, contiguous
    /// @param b the first panel's block, `apart` bytes before the next panel's
    /// @param panels 1 … STREAMS
    /// @param c receives STREAMS times COLUMNS sums
    static void row(long a, long b, long apart, int panels, int chain, long c) {
        if (VectorProduct.COLUMNS == VectorWideTile.VECTORS * VectorLanes.LENGTH) {
            rowOfFour(a, b, apart, panels, chain, c);
        } else {
            rowOfTwo(a, b, apart, panels, chain, c);
        }
    }

    /// As {@link #row} over BF16 panels.
    static void narrowRow(long a, long b, long apart, int panels, int chain, long c) {
        if (VectorProduct.COLUMNS == VectorWideTile.VECTORS * VectorLanes.LENGTH) {
            narrowRowOfFour(a, b, apart, panels, chain, c);
        } else {
            narrowRowOfTwo(a, b, apart, panels, chain, c);
        }
    }

    private static void rowOfTwo(long a, long b, long apart, int panels, int chain, long c) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS);
        FloatVector c30 = FloatVector.zero(FLOATS), c31 = FloatVector.zero(FLOATS);
        a &= ADDRESS;
        b &= ADDRESS;
        long d1 = Math.min(1, panels - 1) * apart & OFFSET;
        long d2 = Math.min(2, panels - 1) * apart & OFFSET;
        long d3 = Math.min(3, panels - 1) * apart & OFFSET;
        for (int k = 0; k < chain; k++) {
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER), c00);
            c01 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER), c01);
            c10 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d1, ORDER), c10);
            c11 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d1 + BYTES, ORDER), c11);
            c20 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d2, ORDER), c20);
            c21 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d2 + BYTES, ORDER), c21);
            c30 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d3, ORDER), c30);
            c31 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d3 + BYTES, ORDER), c31);
            a = a + 4 & ADDRESS;
            b = b + 2 * BYTES & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c11.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 4 * BYTES, ORDER);
        c21.intoMemorySegment(ALL, c + 5 * BYTES, ORDER);
        c30.intoMemorySegment(ALL, c + 6 * BYTES, ORDER);
        c31.intoMemorySegment(ALL, c + 7 * BYTES, ORDER);
    }

    private static void rowOfFour(long a, long b, long apart, int panels, int chain, long c) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        FloatVector c02 = FloatVector.zero(FLOATS), c03 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS);
        FloatVector c12 = FloatVector.zero(FLOATS), c13 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS);
        FloatVector c22 = FloatVector.zero(FLOATS), c23 = FloatVector.zero(FLOATS);
        FloatVector c30 = FloatVector.zero(FLOATS), c31 = FloatVector.zero(FLOATS);
        FloatVector c32 = FloatVector.zero(FLOATS), c33 = FloatVector.zero(FLOATS);
        a &= ADDRESS;
        b &= ADDRESS;
        long d1 = Math.min(1, panels - 1) * apart & OFFSET;
        long d2 = Math.min(2, panels - 1) * apart & OFFSET;
        long d3 = Math.min(3, panels - 1) * apart & OFFSET;
        for (int k = 0; k < chain; k++) {
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            c00 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b, ORDER), c00);
            c01 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + BYTES, ORDER), c01);
            c02 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + 2 * BYTES, ORDER), c02);
            c03 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + 3 * BYTES, ORDER), c03);
            c10 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d1, ORDER), c10);
            c11 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d1 + BYTES, ORDER), c11);
            c12 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d1 + 2 * BYTES, ORDER), c12);
            c13 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d1 + 3 * BYTES, ORDER), c13);
            c20 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d2, ORDER), c20);
            c21 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d2 + BYTES, ORDER), c21);
            c22 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d2 + 2 * BYTES, ORDER), c22);
            c23 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d2 + 3 * BYTES, ORDER), c23);
            c30 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d3, ORDER), c30);
            c31 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d3 + BYTES, ORDER), c31);
            c32 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d3 + 2 * BYTES, ORDER), c32);
            c33 = x.fma(FloatVector.fromMemorySegment(FLOATS, ALL, b + d3 + 3 * BYTES, ORDER), c33);
            a = a + 4 & ADDRESS;
            b = b + 4 * BYTES & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c02.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c03.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + 4 * BYTES, ORDER);
        c11.intoMemorySegment(ALL, c + 5 * BYTES, ORDER);
        c12.intoMemorySegment(ALL, c + 6 * BYTES, ORDER);
        c13.intoMemorySegment(ALL, c + 7 * BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 8 * BYTES, ORDER);
        c21.intoMemorySegment(ALL, c + 9 * BYTES, ORDER);
        c22.intoMemorySegment(ALL, c + 10 * BYTES, ORDER);
        c23.intoMemorySegment(ALL, c + 11 * BYTES, ORDER);
        c30.intoMemorySegment(ALL, c + 12 * BYTES, ORDER);
        c31.intoMemorySegment(ALL, c + 13 * BYTES, ORDER);
        c32.intoMemorySegment(ALL, c + 14 * BYTES, ORDER);
        c33.intoMemorySegment(ALL, c + 15 * BYTES, ORDER);
    }

    private static void narrowRowOfTwo(long a, long b, long apart, int panels, int chain, long c) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS);
        FloatVector c30 = FloatVector.zero(FLOATS), c31 = FloatVector.zero(FLOATS);
        a &= ADDRESS;
        b &= ADDRESS;
        long d1 = Math.min(1, panels - 1) * apart & OFFSET;
        long d2 = Math.min(2, panels - 1) * apart & OFFSET;
        long d3 = Math.min(3, panels - 1) * apart & OFFSET;
        for (int k = 0; k < chain; k++) {
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            IntVector pair = IntVector.fromMemorySegment(INTS, ALL, b, ORDER);
            c00 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c00);
            c01 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c01);
            pair = IntVector.fromMemorySegment(INTS, ALL, b + d1, ORDER);
            c10 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c10);
            c11 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c11);
            pair = IntVector.fromMemorySegment(INTS, ALL, b + d2, ORDER);
            c20 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c20);
            c21 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c21);
            pair = IntVector.fromMemorySegment(INTS, ALL, b + d3, ORDER);
            c30 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c30);
            c31 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c31);
            a = a + 4 & ADDRESS;
            b = b + BYTES & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c11.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 4 * BYTES, ORDER);
        c21.intoMemorySegment(ALL, c + 5 * BYTES, ORDER);
        c30.intoMemorySegment(ALL, c + 6 * BYTES, ORDER);
        c31.intoMemorySegment(ALL, c + 7 * BYTES, ORDER);
    }

    private static void narrowRowOfFour(long a, long b, long apart, int panels, int chain, long c) {
        FloatVector c00 = FloatVector.zero(FLOATS), c01 = FloatVector.zero(FLOATS);
        FloatVector c02 = FloatVector.zero(FLOATS), c03 = FloatVector.zero(FLOATS);
        FloatVector c10 = FloatVector.zero(FLOATS), c11 = FloatVector.zero(FLOATS);
        FloatVector c12 = FloatVector.zero(FLOATS), c13 = FloatVector.zero(FLOATS);
        FloatVector c20 = FloatVector.zero(FLOATS), c21 = FloatVector.zero(FLOATS);
        FloatVector c22 = FloatVector.zero(FLOATS), c23 = FloatVector.zero(FLOATS);
        FloatVector c30 = FloatVector.zero(FLOATS), c31 = FloatVector.zero(FLOATS);
        FloatVector c32 = FloatVector.zero(FLOATS), c33 = FloatVector.zero(FLOATS);
        a &= ADDRESS;
        b &= ADDRESS;
        long d1 = Math.min(1, panels - 1) * apart & OFFSET;
        long d2 = Math.min(2, panels - 1) * apart & OFFSET;
        long d3 = Math.min(3, panels - 1) * apart & OFFSET;
        for (int k = 0; k < chain; k++) {
            FloatVector x = FloatVector.broadcast(FLOATS, ALL.get(FLOAT, a));
            IntVector pair = IntVector.fromMemorySegment(INTS, ALL, b, ORDER);
            c00 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c00);
            c01 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c01);
            pair = IntVector.fromMemorySegment(INTS, ALL, b + BYTES, ORDER);
            c02 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c02);
            c03 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c03);
            pair = IntVector.fromMemorySegment(INTS, ALL, b + d1, ORDER);
            c10 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c10);
            c11 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c11);
            pair = IntVector.fromMemorySegment(INTS, ALL, b + d1 + BYTES, ORDER);
            c12 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c12);
            c13 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c13);
            pair = IntVector.fromMemorySegment(INTS, ALL, b + d2, ORDER);
            c20 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c20);
            c21 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c21);
            pair = IntVector.fromMemorySegment(INTS, ALL, b + d2 + BYTES, ORDER);
            c22 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c22);
            c23 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c23);
            pair = IntVector.fromMemorySegment(INTS, ALL, b + d3, ORDER);
            c30 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c30);
            c31 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c31);
            pair = IntVector.fromMemorySegment(INTS, ALL, b + d3 + BYTES, ORDER);
            c32 = x.fma(pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats(), c32);
            c33 = x.fma(pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats(), c33);
            a = a + 4 & ADDRESS;
            b = b + 2 * BYTES & ADDRESS;
        }
        c00.intoMemorySegment(ALL, c, ORDER);
        c01.intoMemorySegment(ALL, c + BYTES, ORDER);
        c02.intoMemorySegment(ALL, c + 2 * BYTES, ORDER);
        c03.intoMemorySegment(ALL, c + 3 * BYTES, ORDER);
        c10.intoMemorySegment(ALL, c + 4 * BYTES, ORDER);
        c11.intoMemorySegment(ALL, c + 5 * BYTES, ORDER);
        c12.intoMemorySegment(ALL, c + 6 * BYTES, ORDER);
        c13.intoMemorySegment(ALL, c + 7 * BYTES, ORDER);
        c20.intoMemorySegment(ALL, c + 8 * BYTES, ORDER);
        c21.intoMemorySegment(ALL, c + 9 * BYTES, ORDER);
        c22.intoMemorySegment(ALL, c + 10 * BYTES, ORDER);
        c23.intoMemorySegment(ALL, c + 11 * BYTES, ORDER);
        c30.intoMemorySegment(ALL, c + 12 * BYTES, ORDER);
        c31.intoMemorySegment(ALL, c + 13 * BYTES, ORDER);
        c32.intoMemorySegment(ALL, c + 14 * BYTES, ORDER);
        c33.intoMemorySegment(ALL, c + 15 * BYTES, ORDER);
    }
}
