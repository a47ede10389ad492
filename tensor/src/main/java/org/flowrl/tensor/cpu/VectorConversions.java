package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.INTS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.flowrl.tensor.DType;

/// Conversions between floating types: F32 to and from BF16 and to F64 on vectors, the others, which only loading and
/// saving need, one by one. Those to and from F32 have a loop each: in one that serves several types, the JIT's luck
/// was a factor of two; whether it makes vectors of F32 to F64 by itself was another, of three.
final class VectorConversions {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
    /// As many shorts as a vector has floats.
    static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(LENGTH * Short.SIZE));
    /// Half as many doubles as a vector has floats.
    private static final VectorSpecies<Double> DOUBLES = FLOATS.withLanes(double.class).check(double.class);
    /// Bits that BF16 cuts off.
    private static final int CUT = 16;
    /// Just under half of BF16's last digit, in bits of an F32.
    private static final int BELOW_HALF = 0x7fff;
    /// Bits of a quiet NaN.
    static final int QUIET_NAN = 0x7fc00000;
    /// The bit of an F32 that makes a NaN quiet.
    private static final int QUIET = 0x400000;

    private VectorConversions() {
    }

    /// Converts `count` elements of the arrays at x and y from element `first` on.
    static void convert(DType source, long x, DType target, long y, long first, int count) {
        if (source == DType.F32 && target == DType.BF16) {
            narrow(x + first * 4, y + first * 2, count);
        } else if (source == DType.BF16 && target == DType.F32) {
            widen(x + first * 2, y + first * 4, count);
        } else if (source == DType.F32 && target == DType.F64) {
            floatsToDoubles(x + first * 4, y + first * 8, count);
        } else if (source == DType.F64 && target == DType.F32) {
            doublesToFloats(x + first * 8, y + first * 4, count);
        } else if (source == DType.F32 && target == DType.F16) {
            floatsToHalves(x + first * 4, y + first * 2, count);
        } else if (source == DType.F16 && target == DType.F32) {
            halvesToFloats(x + first * 2, y + first * 4, count);
        } else if (source == target) {
            MemorySegment.copy(ALL, x + first * source.bytes(), ALL, y + first * source.bytes(),
                    count * source.bytes());
        } else {
            for (long i = first; i < first + count; i++) {
                store(target, y, i, load(source, x, i));
            }
        }
    }

    /// F32 to BF16, rounded to nearest even, the bits of {@link DType#toBfloat16}.
    private static void narrow(long x, long y, int count) {
        int i = 0;
        for (; i <= count - LENGTH; i += LENGTH) {
            FloatVector value = FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER);
            IntVector bits = value.reinterpretAsInts();
            VectorMask<Integer> isNaN = value.compare(VectorOperators.NE, value).cast(INTS);
            IntVector rounded = bits.add(bits.lanewise(VectorOperators.LSHR, CUT).and(1).add(BELOW_HALF));
            rounded.blend(bits.or(QUIET), isNaN).lanewise(VectorOperators.LSHR, CUT)
                    .convertShape(VectorOperators.I2S, SHORTS, 0).reinterpretAsShorts()
                    .intoMemorySegment(ALL, y + i * 2L, ORDER);
        }
        for (; i < count; i++) {
            ALL.set(SHORT, y + i * 2L, DType.toBfloat16(ALL.get(FLOAT, x + i * 4L)));
        }
    }

    /// BF16 to F32, exact.
    private static void widen(long x, long y, int count) {
        int i = 0;
        for (; i <= count - LENGTH; i += LENGTH) {
            ShortVector.fromMemorySegment(SHORTS, ALL, x + i * 2L, ORDER)
                    .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0).reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, CUT).intoMemorySegment(ALL, y + i * 4L, ORDER);
        }
        for (; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, DType.fromBfloat16(ALL.get(SHORT, x + i * 2L)));
        }
    }

    private static void floatsToDoubles(long x, long y, int count) {
        int i = 0;
        for (; i <= count - LENGTH; i += LENGTH) {
            FloatVector value = FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER);
            value.convertShape(VectorOperators.F2D, DOUBLES, 0).reinterpretAsDoubles()
                    .intoMemorySegment(ALL, y + i * 8L, ORDER);
            value.convertShape(VectorOperators.F2D, DOUBLES, 1).reinterpretAsDoubles()
                    .intoMemorySegment(ALL, y + i * 8L + BYTES, ORDER);
        }
        for (; i < count; i++) {
            ALL.set(DOUBLE, y + i * 8L, ALL.get(FLOAT, x + i * 4L));
        }
    }

    private static void doublesToFloats(long x, long y, int count) {
        for (int i = 0; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, (float) ALL.get(DOUBLE, x + i * 8L));
        }
    }

    private static void floatsToHalves(long x, long y, int count) {
        for (int i = 0; i < count; i++) {
            ALL.set(SHORT, y + i * 2L, Narrowing.toFloat16(ALL.get(FLOAT, x + i * 4L)));
        }
    }

    private static void halvesToFloats(long x, long y, int count) {
        for (int i = 0; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, Float.float16ToFloat(ALL.get(SHORT, x + i * 2L)));
        }
    }

    private static double load(DType type, long x, long index) {
        return switch (type) {
            case F64 -> ALL.get(DOUBLE, x + index * 8);
            case F32 -> ALL.get(FLOAT, x + index * 4);
            case BF16 -> DType.fromBfloat16(ALL.get(SHORT, x + index * 2));
            case F16 -> Float.float16ToFloat(ALL.get(SHORT, x + index * 2));
            case I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 -> throw notFloating(type);
        };
    }

    private static void store(DType type, long y, long index, double value) {
        switch (type) {
            case F64 -> ALL.set(DOUBLE, y + index * 8, value);
            case F32 -> ALL.set(FLOAT, y + index * 4, (float) value);
            case BF16 -> ALL.set(SHORT, y + index * 2, Narrowing.toBfloat16(value));
            case F16 -> ALL.set(SHORT, y + index * 2, Narrowing.toFloat16(value));
            case I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 -> throw notFloating(type);
        }
    }

    private static IllegalArgumentException notFloating(DType type) {
        return new IllegalArgumentException("convert: " + type + " must be F64, F32, BF16 or F16");
    }
}
