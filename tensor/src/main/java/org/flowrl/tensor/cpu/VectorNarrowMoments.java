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
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.OptimizerKernels.Factors;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.StochasticRounding;

/// AdamW's update with moments in BF16, which are rounded by lot.
final class VectorNarrowMoments {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    /// As many shorts as a vector has floats.
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(LENGTH * Short.SIZE));
    /// 0, 1, 2 …
    private static final IntVector INDEX = IntVector.zero(INTS).addIndex(1);
    /// Bits that BF16 cuts off, and bits of a lot.
    private static final int CUT = 16;
    private static final int LOT = 0xffff;
    /// The bit of an F32 that makes a NaN quiet.
    private static final int QUIET = 0x400000;

    private VectorNarrowMoments() {
    }

    /// Updates `count` elements, of which the first is element `first` of the arena; they are within one piece of 2^32.
    static void update(long w, long gradient, long m, long v, long first, int count, Factors f, RandomKey key) {
        int low = (int) key.bits();
        int high = (int) (key.bits() >>> 32) ^ (int) (first >>> 32);
        int i = 0;
        for (; i <= count - LENGTH; i += LENGTH) {
            IntVector lots = lots((int) first + i, low, high);
            FloatVector g = FloatVector.fromMemorySegment(FLOATS, ALL, gradient + i * 4L, ORDER).mul(f.gradientScale());
            FloatVector mean = wide(m + i * 2L);
            mean = g.sub(mean).fma(FloatVector.broadcast(FLOATS, f.gain1()), mean);
            FloatVector square = wide(v + i * 2L).mul(f.beta2());
            square = g.mul(g).fma(FloatVector.broadcast(FLOATS, f.gain2()), square);
            FloatVector step = mean.div(square.sqrt().div(f.rootCorrection()).add(f.epsilon())).mul(f.stepSize());
            FloatVector.fromMemorySegment(FLOATS, ALL, w + i * 4L, ORDER).mul(f.decay()).sub(step)
                    .intoMemorySegment(ALL, w + i * 4L, ORDER);
            narrow(mean, lots.lanewise(VectorOperators.LSHR, CUT), m + i * 2L);
            narrow(square, lots.and(LOT), v + i * 2L);
        }
        for (; i < count; i++) {
            updateOne(w + i * 4L, gradient + i * 4L, m + i * 2L, v + i * 2L, f,
                    StochasticRounding.bits(key, first + i));
        }
    }

    private static void updateOne(long w, long gradient, long m, long v, Factors f, int lots) {
        float g = ALL.get(FLOAT, gradient) * f.gradientScale();
        float mean = DType.fromBfloat16(ALL.get(SHORT, m));
        mean = Math.fma(g - mean, f.gain1(), mean);
        float square = Math.fma(g * g, f.gain2(), DType.fromBfloat16(ALL.get(SHORT, v)) * f.beta2());
        float step = f.stepSize() * (mean / ((float) Math.sqrt(square) / f.rootCorrection() + f.epsilon()));
        ALL.set(FLOAT, w, ALL.get(FLOAT, w) * f.decay() - step);
        ALL.set(SHORT, m, StochasticRounding.toBfloat16(mean, lots >>> CUT));
        ALL.set(SHORT, v, StochasticRounding.toBfloat16(square, lots & LOT));
    }

    /// {@link StochasticRounding#bits} of the elements from `index` on.
    private static IntVector lots(int index, int low, int high) {
        return mixed(mixed(INDEX.add(index).lanewise(VectorOperators.XOR, low)).lanewise(VectorOperators.XOR, high));
    }

    private static IntVector mixed(IntVector h) {
        h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16)).mul(StochasticRounding.MULTIPLIER_1);
        h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15)).mul(StochasticRounding.MULTIPLIER_2);
        return h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 16));
    }

    private static FloatVector wide(long x) {
        return ShortVector.fromMemorySegment(SHORTS, ALL, x, ORDER)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0).reinterpretAsInts()
                .lanewise(VectorOperators.LSHL, CUT).reinterpretAsFloats();
    }

    /// Stores numbers as {@link StochasticRounding#toBfloat16} rounds them.
    private static void narrow(FloatVector x, IntVector lots, long y) {
        IntVector bits = x.reinterpretAsInts();
        VectorMask<Integer> isNaN = x.compare(VectorOperators.NE, x).cast(INTS);
        bits.add(lots).blend(bits.or(QUIET), isNaN).lanewise(VectorOperators.LSHR, CUT)
                .convertShape(VectorOperators.I2S, SHORTS, 0).reinterpretAsShorts().intoMemorySegment(ALL, y, ORDER);
    }
}
