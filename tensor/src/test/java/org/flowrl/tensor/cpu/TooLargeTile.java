package org.flowrl.tensor.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// A tile as kernels must not be: results are read and written in the method that computes them, on segments that are
/// checked, and C1 runs out of virtual registers. The planted fault of {@link FirstCompilerTest}.
final class TooLargeTile {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final int CALLS = 2000;
    private static final int CHAIN = 4;

    private TooLargeTile() {
    }

    public static void main(String[] arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(1 << 16);
            for (int i = 0; i < CALLS; i++) {
                run(memory, memory, memory);
            }
        }
    }

    private static void run(MemorySegment a, MemorySegment b, MemorySegment c) {
        FloatVector c0x0 = FloatVector.fromMemorySegment(FLOATS, c, 0 * 64L, ORDER);
        FloatVector c0x1 = FloatVector.fromMemorySegment(FLOATS, c, 1 * 64L, ORDER);
        FloatVector c0x2 = FloatVector.fromMemorySegment(FLOATS, c, 2 * 64L, ORDER);
        FloatVector c1x0 = FloatVector.fromMemorySegment(FLOATS, c, 3 * 64L, ORDER);
        FloatVector c1x1 = FloatVector.fromMemorySegment(FLOATS, c, 4 * 64L, ORDER);
        FloatVector c1x2 = FloatVector.fromMemorySegment(FLOATS, c, 5 * 64L, ORDER);
        FloatVector c2x0 = FloatVector.fromMemorySegment(FLOATS, c, 6 * 64L, ORDER);
        FloatVector c2x1 = FloatVector.fromMemorySegment(FLOATS, c, 7 * 64L, ORDER);
        FloatVector c2x2 = FloatVector.fromMemorySegment(FLOATS, c, 8 * 64L, ORDER);
        FloatVector c3x0 = FloatVector.fromMemorySegment(FLOATS, c, 9 * 64L, ORDER);
        FloatVector c3x1 = FloatVector.fromMemorySegment(FLOATS, c, 10 * 64L, ORDER);
        FloatVector c3x2 = FloatVector.fromMemorySegment(FLOATS, c, 11 * 64L, ORDER);
        FloatVector c4x0 = FloatVector.fromMemorySegment(FLOATS, c, 12 * 64L, ORDER);
        FloatVector c4x1 = FloatVector.fromMemorySegment(FLOATS, c, 13 * 64L, ORDER);
        FloatVector c4x2 = FloatVector.fromMemorySegment(FLOATS, c, 14 * 64L, ORDER);
        FloatVector c5x0 = FloatVector.fromMemorySegment(FLOATS, c, 15 * 64L, ORDER);
        FloatVector c5x1 = FloatVector.fromMemorySegment(FLOATS, c, 16 * 64L, ORDER);
        FloatVector c5x2 = FloatVector.fromMemorySegment(FLOATS, c, 17 * 64L, ORDER);
        FloatVector c6x0 = FloatVector.fromMemorySegment(FLOATS, c, 18 * 64L, ORDER);
        FloatVector c6x1 = FloatVector.fromMemorySegment(FLOATS, c, 19 * 64L, ORDER);
        FloatVector c6x2 = FloatVector.fromMemorySegment(FLOATS, c, 20 * 64L, ORDER);
        FloatVector c7x0 = FloatVector.fromMemorySegment(FLOATS, c, 21 * 64L, ORDER);
        FloatVector c7x1 = FloatVector.fromMemorySegment(FLOATS, c, 22 * 64L, ORDER);
        FloatVector c7x2 = FloatVector.fromMemorySegment(FLOATS, c, 23 * 64L, ORDER);
        FloatVector c8x0 = FloatVector.fromMemorySegment(FLOATS, c, 24 * 64L, ORDER);
        FloatVector c8x1 = FloatVector.fromMemorySegment(FLOATS, c, 25 * 64L, ORDER);
        FloatVector c8x2 = FloatVector.fromMemorySegment(FLOATS, c, 26 * 64L, ORDER);
        FloatVector c9x0 = FloatVector.fromMemorySegment(FLOATS, c, 27 * 64L, ORDER);
        FloatVector c9x1 = FloatVector.fromMemorySegment(FLOATS, c, 28 * 64L, ORDER);
        FloatVector c9x2 = FloatVector.fromMemorySegment(FLOATS, c, 29 * 64L, ORDER);
        FloatVector c10x0 = FloatVector.fromMemorySegment(FLOATS, c, 30 * 64L, ORDER);
        FloatVector c10x1 = FloatVector.fromMemorySegment(FLOATS, c, 31 * 64L, ORDER);
        FloatVector c10x2 = FloatVector.fromMemorySegment(FLOATS, c, 32 * 64L, ORDER);
        FloatVector c11x0 = FloatVector.fromMemorySegment(FLOATS, c, 33 * 64L, ORDER);
        FloatVector c11x1 = FloatVector.fromMemorySegment(FLOATS, c, 34 * 64L, ORDER);
        FloatVector c11x2 = FloatVector.fromMemorySegment(FLOATS, c, 35 * 64L, ORDER);
        for (int k = 0; k < CHAIN; k++) {
            FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, b, (k * 3 + 0) * 64L, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, b, (k * 3 + 1) * 64L, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, b, (k * 3 + 2) * 64L, ORDER);
            FloatVector a0 = FloatVector.fromMemorySegment(FLOATS, a, (k + 0) * 64L, ORDER);
            c0x0 = a0.fma(b0, c0x0);
            c0x1 = a0.fma(b1, c0x1);
            c0x2 = a0.fma(b2, c0x2);
            FloatVector a1 = FloatVector.fromMemorySegment(FLOATS, a, (k + 1) * 64L, ORDER);
            c1x0 = a1.fma(b0, c1x0);
            c1x1 = a1.fma(b1, c1x1);
            c1x2 = a1.fma(b2, c1x2);
            FloatVector a2 = FloatVector.fromMemorySegment(FLOATS, a, (k + 2) * 64L, ORDER);
            c2x0 = a2.fma(b0, c2x0);
            c2x1 = a2.fma(b1, c2x1);
            c2x2 = a2.fma(b2, c2x2);
            FloatVector a3 = FloatVector.fromMemorySegment(FLOATS, a, (k + 3) * 64L, ORDER);
            c3x0 = a3.fma(b0, c3x0);
            c3x1 = a3.fma(b1, c3x1);
            c3x2 = a3.fma(b2, c3x2);
            FloatVector a4 = FloatVector.fromMemorySegment(FLOATS, a, (k + 4) * 64L, ORDER);
            c4x0 = a4.fma(b0, c4x0);
            c4x1 = a4.fma(b1, c4x1);
            c4x2 = a4.fma(b2, c4x2);
            FloatVector a5 = FloatVector.fromMemorySegment(FLOATS, a, (k + 5) * 64L, ORDER);
            c5x0 = a5.fma(b0, c5x0);
            c5x1 = a5.fma(b1, c5x1);
            c5x2 = a5.fma(b2, c5x2);
            FloatVector a6 = FloatVector.fromMemorySegment(FLOATS, a, (k + 6) * 64L, ORDER);
            c6x0 = a6.fma(b0, c6x0);
            c6x1 = a6.fma(b1, c6x1);
            c6x2 = a6.fma(b2, c6x2);
            FloatVector a7 = FloatVector.fromMemorySegment(FLOATS, a, (k + 7) * 64L, ORDER);
            c7x0 = a7.fma(b0, c7x0);
            c7x1 = a7.fma(b1, c7x1);
            c7x2 = a7.fma(b2, c7x2);
            FloatVector a8 = FloatVector.fromMemorySegment(FLOATS, a, (k + 8) * 64L, ORDER);
            c8x0 = a8.fma(b0, c8x0);
            c8x1 = a8.fma(b1, c8x1);
            c8x2 = a8.fma(b2, c8x2);
            FloatVector a9 = FloatVector.fromMemorySegment(FLOATS, a, (k + 9) * 64L, ORDER);
            c9x0 = a9.fma(b0, c9x0);
            c9x1 = a9.fma(b1, c9x1);
            c9x2 = a9.fma(b2, c9x2);
            FloatVector a10 = FloatVector.fromMemorySegment(FLOATS, a, (k + 10) * 64L, ORDER);
            c10x0 = a10.fma(b0, c10x0);
            c10x1 = a10.fma(b1, c10x1);
            c10x2 = a10.fma(b2, c10x2);
            FloatVector a11 = FloatVector.fromMemorySegment(FLOATS, a, (k + 11) * 64L, ORDER);
            c11x0 = a11.fma(b0, c11x0);
            c11x1 = a11.fma(b1, c11x1);
            c11x2 = a11.fma(b2, c11x2);
        }
        c0x0.intoMemorySegment(c, 0 * 64L, ORDER);
        c0x1.intoMemorySegment(c, 1 * 64L, ORDER);
        c0x2.intoMemorySegment(c, 2 * 64L, ORDER);
        c1x0.intoMemorySegment(c, 3 * 64L, ORDER);
        c1x1.intoMemorySegment(c, 4 * 64L, ORDER);
        c1x2.intoMemorySegment(c, 5 * 64L, ORDER);
        c2x0.intoMemorySegment(c, 6 * 64L, ORDER);
        c2x1.intoMemorySegment(c, 7 * 64L, ORDER);
        c2x2.intoMemorySegment(c, 8 * 64L, ORDER);
        c3x0.intoMemorySegment(c, 9 * 64L, ORDER);
        c3x1.intoMemorySegment(c, 10 * 64L, ORDER);
        c3x2.intoMemorySegment(c, 11 * 64L, ORDER);
        c4x0.intoMemorySegment(c, 12 * 64L, ORDER);
        c4x1.intoMemorySegment(c, 13 * 64L, ORDER);
        c4x2.intoMemorySegment(c, 14 * 64L, ORDER);
        c5x0.intoMemorySegment(c, 15 * 64L, ORDER);
        c5x1.intoMemorySegment(c, 16 * 64L, ORDER);
        c5x2.intoMemorySegment(c, 17 * 64L, ORDER);
        c6x0.intoMemorySegment(c, 18 * 64L, ORDER);
        c6x1.intoMemorySegment(c, 19 * 64L, ORDER);
        c6x2.intoMemorySegment(c, 20 * 64L, ORDER);
        c7x0.intoMemorySegment(c, 21 * 64L, ORDER);
        c7x1.intoMemorySegment(c, 22 * 64L, ORDER);
        c7x2.intoMemorySegment(c, 23 * 64L, ORDER);
        c8x0.intoMemorySegment(c, 24 * 64L, ORDER);
        c8x1.intoMemorySegment(c, 25 * 64L, ORDER);
        c8x2.intoMemorySegment(c, 26 * 64L, ORDER);
        c9x0.intoMemorySegment(c, 27 * 64L, ORDER);
        c9x1.intoMemorySegment(c, 28 * 64L, ORDER);
        c9x2.intoMemorySegment(c, 29 * 64L, ORDER);
        c10x0.intoMemorySegment(c, 30 * 64L, ORDER);
        c10x1.intoMemorySegment(c, 31 * 64L, ORDER);
        c10x2.intoMemorySegment(c, 32 * 64L, ORDER);
        c11x0.intoMemorySegment(c, 33 * 64L, ORDER);
        c11x1.intoMemorySegment(c, 34 * 64L, ORDER);
        c11x2.intoMemorySegment(c, 35 * 64L, ORDER);
    }
}
