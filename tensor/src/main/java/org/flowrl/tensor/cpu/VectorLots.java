package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.INTS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.StochasticRounding;

/// Rounding by lot, on vectors: {@link StochasticRounding} for two arrays at once, whose elements have one draw.
final class VectorLots {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    /// 0, 1, 2 …
    private static final IntVector INDEX = IntVector.zero(INTS).addIndex(1);
    /// Bits of a lot, and bits that BF16 cuts off.
    private static final int CUT = 16;
    private static final int LOT = 0xffff;

    private VectorLots() {
    }

    /// Rounds `count` floats at a to BF16 at `narrowA`, by the upper 16 of their 32 random bits, and those at b to
    /// `narrowB`, by the lower 16.
    ///
    /// @param first index of the first one; all indices have the same upper 32 bits
    static void round(long a, long b, long narrowA, long narrowB, long first, int count, RandomKey key) {
        int low = (int) key.bits();
        int high = (int) (key.bits() >>> 32) ^ (int) (first >>> 32);
        int i = 0;
        // No helper methods: what C2 does not inline takes boxed vectors.
        for (; i <= count - LENGTH; i += LENGTH) {
            IntVector h = INDEX.add((int) first + i).lanewise(VectorOperators.XOR, low);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16))
                    .mul(StochasticRounding.MULTIPLIER_1);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15))
                    .mul(StochasticRounding.MULTIPLIER_2);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16))
                    .lanewise(VectorOperators.XOR, high);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16))
                    .mul(StochasticRounding.MULTIPLIER_1);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15))
                    .mul(StochasticRounding.MULTIPLIER_2);
            h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16));
            FloatVector x = FloatVector.fromMemorySegment(FLOATS, ALL, a + i * 4L, ORDER);
            x.reinterpretAsInts().add(h.lanewise(VectorOperators.LSHR, CUT))
                    .blend(VectorConversions.QUIET_NAN, x.compare(VectorOperators.NE, x).cast(INTS))
                    .lanewise(VectorOperators.LSHR, CUT)
                    .convertShape(VectorOperators.I2S, VectorConversions.SHORTS, 0).reinterpretAsShorts()
                    .intoMemorySegment(ALL, narrowA + i * 2L, ORDER);
            x = FloatVector.fromMemorySegment(FLOATS, ALL, b + i * 4L, ORDER);
            x.reinterpretAsInts().add(h.and(LOT))
                    .blend(VectorConversions.QUIET_NAN, x.compare(VectorOperators.NE, x).cast(INTS))
                    .lanewise(VectorOperators.LSHR, CUT)
                    .convertShape(VectorOperators.I2S, VectorConversions.SHORTS, 0).reinterpretAsShorts()
                    .intoMemorySegment(ALL, narrowB + i * 2L, ORDER);
        }
        for (; i < count; i++) {
            int lots = StochasticRounding.bits(key, first + i);
            ALL.set(SHORT, narrowA + i * 2L, StochasticRounding.toBfloat16(ALL.get(FLOAT, a + i * 4L), lots >>> CUT));
            ALL.set(SHORT, narrowB + i * 2L, StochasticRounding.toBfloat16(ALL.get(FLOAT, b + i * 4L), lots & LOT));
        }
    }
}
