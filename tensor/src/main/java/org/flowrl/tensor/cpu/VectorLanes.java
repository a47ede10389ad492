package org.flowrl.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import org.flowrl.tensor.Backend;

/// The constants that all vector kernels share, and the folding of sixteen lanes.
///
/// A vector has 4, 8 or 16 lanes; a sum over the contract's sixteen lanes is held in 16 / {@link #LENGTH} vectors, so
/// that it has the same bits on every instruction set. Kernels write such code with up to four accumulators and
/// conditions on {@link #LENGTH}, which is a constant to the compiler.
final class VectorLanes {
    /// The system property that narrows or widens vectors, in bits (128, 256 or 512): wider vectors than the
    /// processor's work, slowly, and have the same bits.
    static final String BITS_PROPERTY = "flowrl.vectorBits";

    static final VectorSpecies<Float> FLOATS = species();
    static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class).check(int.class);
    /// Floats in a vector.
    static final int LENGTH = FLOATS.length();
    /// Bytes in a vector.
    static final long BYTES = LENGTH * (long) Float.BYTES;
    /// All of memory as one constant segment, whose checks the compiler folds away. Kernels read and write through it
    /// only after the call's arguments have been checked.
    @SuppressWarnings("restricted")
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    static final ByteOrder ORDER = ByteOrder.nativeOrder();
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    /// Bytes of the contract's sixteen lanes.
    static final long LANE_BYTES = Backend.LANES * (long) Float.BYTES;

    private VectorLanes() {
    }

    private static VectorSpecies<Float> species() {
        int bits = Integer.getInteger(BITS_PROPERTY, FloatVector.SPECIES_PREFERRED.vectorBitSize());
        if (bits >= 512) {
            return FloatVector.SPECIES_512;
        }
        return bits >= 256 ? FloatVector.SPECIES_256 : FloatVector.SPECIES_128;
    }

    /// The largest multiple of sixteen that is not above `count`.
    static int whole(int count) {
        return count & -Backend.LANES;
    }

    /// The smallest multiple of sixteen that is not below `count`.
    static int padded(int count) {
        return count + Backend.LANES - 1 & -Backend.LANES;
    }

    /// Groups of sixteen columns in `columns`, the last perhaps not full.
    static long columnGroups(long columns) {
        return (columns + Backend.LANES - 1) / Backend.LANES;
    }

    /// The sum of the sixteen floats at `lanes`, in the contract's order; overwrites them.
    static float fold(long lanes) {
        for (int width = Backend.LANES / 2; width >= LENGTH; width /= 2) {
            for (long i = lanes; i < lanes + width * 4L; i += BYTES) {
                FloatVector low = FloatVector.fromMemorySegment(FLOATS, ALL, i, ORDER);
                low.add(FloatVector.fromMemorySegment(FLOATS, ALL, i + width * 4L, ORDER))
                        .intoMemorySegment(ALL, i, ORDER);
            }
        }
        for (int width = Math.min(LENGTH, Backend.LANES) / 2; width > 2; width /= 2) {
            for (long i = lanes; i < lanes + width * 4L; i += 4) {
                ALL.set(FLOAT, i, ALL.get(FLOAT, i) + ALL.get(FLOAT, i + width * 4L));
            }
        }
        float even = ALL.get(FLOAT, lanes) + ALL.get(FLOAT, lanes + 8);
        float odd = ALL.get(FLOAT, lanes + 4) + ALL.get(FLOAT, lanes + 12);
        return even + odd;
    }
}
