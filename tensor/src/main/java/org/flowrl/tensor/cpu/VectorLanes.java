package org.flowrl.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.flowrl.tensor.Backend;

/// The constants that all vector kernels share, and the folding of sixteen lanes.
///
/// A vector has 4, 8 or 16 lanes; a sum over the contract's sixteen lanes is held in 16 / {@link #LENGTH} vectors, so
/// that it has the same bits on every instruction set. Kernels write such code with up to four accumulators and
/// conditions on {@link #LENGTH}, which is a constant to the compiler.
///
/// **No kernel may use vectors of another length than {@link #FLOATS}.** The methods of the Vector API are shared by
/// all kernels, and so are the profiles that C2 guesses their receivers from: once two lengths have passed through
/// `FloatVector.mul`, kernels that C2 inlines into larger methods leave vectors boxed, in most JVMs and for good. What
/// is too short for a vector is masked, or goes through single floats.
///
/// **No kernel may call a method of a vector that a loop carries**: load.add(sum), not sum.add(load). Of it C2 knows
/// only that it is some FloatVector, and whether it has a profile to guess from is a matter of timing.
///
/// **No method may take or return a vector.** The Vector API's methods are inlined always, ours until the method that
/// C2 compiles has some thousand nodes, which depends on what was inlined before; a method that is then left a call
/// boxes what it takes and returns, in one JVM of a hundred. Vectors are passed through memory.
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
    /// The bits of an address. An address that was masked with it is known to the compiler to lie within {@link #ALL},
    /// so that the check of each access folds away, also inside a loop.
    static final long ADDRESS = (1L << 56) - 1;
    /// The bits of a distance between rows, which the compiler makes part of an address where it knows that they are so
    /// few.
    static final long OFFSET = Integer.MAX_VALUE;
    static final ByteOrder ORDER = ByteOrder.nativeOrder();
    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    /// Bytes of the contract's sixteen lanes.
    static final long LANE_BYTES = Backend.LANES * (long) Float.BYTES;

    /// Bytes of the lanes that two vectors hold: kernels with two accumulators for each sum take the sixteen lanes in
    /// steps of it, which is two passes with vectors of four floats.
    static final long LANE_STEP = Math.min(LANE_BYTES, 2 * BYTES);

    private static final VectorShuffle<Float> UPPER_HALF =
            VectorShuffle.fromOp(FLOATS, lane -> (lane + LENGTH / 2) % LENGTH);

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

    /// The sum of the sixteen floats at `lanes`, in the contract's order.
    ///
    /// @param scratch sixteen floats, which may be `lanes` itself
    static float fold(long lanes, long scratch) {
        // Lane i takes lane i + 8, then i + 4, as far as whole vectors go; single floats do the rest.
        scratch &= ADDRESS;
        long at = lanes & ADDRESS;
        if (LENGTH == Backend.LANES) {
            FloatVector all = FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER);
            all.add(all.rearrange(UPPER_HALF)).intoMemorySegment(ALL, scratch, ORDER);
            at = scratch;
        }
        for (int width = Backend.LANES / 2; width >= LENGTH; width /= 2) {
            for (long i = 0; i < width * 4L; i += BYTES) {
                FloatVector.fromMemorySegment(FLOATS, ALL, at + i, ORDER)
                        .add(FloatVector.fromMemorySegment(FLOATS, ALL, at + i + width * 4L, ORDER))
                        .intoMemorySegment(ALL, scratch + i, ORDER);
            }
            at = scratch;
        }
        if (LENGTH <= 4) {
            return ofFour(at);
        }
        float a = ALL.get(FLOAT, at) + ALL.get(FLOAT, at + 16);
        float b = ALL.get(FLOAT, at + 4) + ALL.get(FLOAT, at + 20);
        float c = ALL.get(FLOAT, at + 8) + ALL.get(FLOAT, at + 24);
        float d = ALL.get(FLOAT, at + 12) + ALL.get(FLOAT, at + 28);
        return a + c + (b + d);
    }

    private static float ofFour(long lanes) {
        float even = ALL.get(FLOAT, lanes) + ALL.get(FLOAT, lanes + 8);
        float odd = ALL.get(FLOAT, lanes + 4) + ALL.get(FLOAT, lanes + 12);
        return even + odd;
    }
}
