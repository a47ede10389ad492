package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/// Transposes square blocks of one vector's length: rows r and r + d exchange the lanes whose numbers differ in bit d,
/// for d = 1, 2 on four rows at a time and then, in place at the destination, for d = 4 (and 8).
final class VectorTranspose {
    private static final VectorShuffle<Float> SWAP_1 = swap(1);
    private static final VectorShuffle<Float> SWAP_2 = swap(2);
    private static final VectorShuffle<Float> SWAP_4 = swap(4);
    private static final VectorShuffle<Float> SWAP_8 = swap(8);
    private static final VectorMask<Float> UPPER_1 = upper(1);
    private static final VectorMask<Float> UPPER_2 = upper(2);
    private static final VectorMask<Float> UPPER_4 = upper(4);
    private static final VectorMask<Float> UPPER_8 = upper(8);

    private VectorTranspose() {
    }

    private static VectorShuffle<Float> swap(int distance) {
        return VectorShuffle.fromOp(FLOATS, lane -> distance < LENGTH ? lane ^ distance : lane);
    }

    private static VectorMask<Float> upper(int distance) {
        long bits = 0;
        for (int lane = 0; lane < LENGTH; lane++) {
            bits |= (lane & distance) == 0 ? 0 : 1L << lane;
        }
        return VectorMask.fromLong(FLOATS, bits);
    }

    /// Overwrites to[c, r] with from[r, c], r and c below {@link VectorLanes#LENGTH}. Rows after `lastRow` are not
    /// read: the last row stands for them.
    ///
    /// @param down bytes from one row of `from` to the next
    /// @param pitch bytes from one row of `to` to the next
    static void block(long from, long down, int lastRow, long to, long pitch) {
        for (int r = 0; r < LENGTH; r += 4) {
            pairsAndFours(from + Math.min(r, lastRow) * down, from + Math.min(r + 1, lastRow) * down,
                    from + Math.min(r + 2, lastRow) * down, from + Math.min(r + 3, lastRow) * down,
                    to + r * pitch, pitch);
        }
        for (int r = 0; LENGTH == 8 && r < 4; r++) {
            eights(to + r * pitch, 4 * pitch);
        }
        for (int r = 0; LENGTH == 16 && r < 4; r++) {
            eightsAndSixteens(to + r * pitch, 4 * pitch);
        }
    }

    private static void pairsAndFours(long from0, long from1, long from2, long from3, long to, long pitch) {
        FloatVector a = FloatVector.fromMemorySegment(FLOATS, ALL, from0, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(FLOATS, ALL, from1, ORDER);
        FloatVector c = FloatVector.fromMemorySegment(FLOATS, ALL, from2, ORDER);
        FloatVector d = FloatVector.fromMemorySegment(FLOATS, ALL, from3, ORDER);
        FloatVector e = a.blend(b.rearrange(SWAP_1), UPPER_1);
        FloatVector f = a.rearrange(SWAP_1).blend(b, UPPER_1);
        FloatVector g = c.blend(d.rearrange(SWAP_1), UPPER_1);
        FloatVector h = c.rearrange(SWAP_1).blend(d, UPPER_1);
        e.blend(g.rearrange(SWAP_2), UPPER_2).intoMemorySegment(ALL, to, ORDER);
        f.blend(h.rearrange(SWAP_2), UPPER_2).intoMemorySegment(ALL, to + pitch, ORDER);
        e.rearrange(SWAP_2).blend(g, UPPER_2).intoMemorySegment(ALL, to + 2 * pitch, ORDER);
        f.rearrange(SWAP_2).blend(h, UPPER_2).intoMemorySegment(ALL, to + 3 * pitch, ORDER);
    }

    private static void eights(long to, long pitch) {
        FloatVector a = FloatVector.fromMemorySegment(FLOATS, ALL, to, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(FLOATS, ALL, to + pitch, ORDER);
        a.blend(b.rearrange(SWAP_4), UPPER_4).intoMemorySegment(ALL, to, ORDER);
        a.rearrange(SWAP_4).blend(b, UPPER_4).intoMemorySegment(ALL, to + pitch, ORDER);
    }

    private static void eightsAndSixteens(long to, long pitch) {
        FloatVector a = FloatVector.fromMemorySegment(FLOATS, ALL, to, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(FLOATS, ALL, to + pitch, ORDER);
        FloatVector c = FloatVector.fromMemorySegment(FLOATS, ALL, to + 2 * pitch, ORDER);
        FloatVector d = FloatVector.fromMemorySegment(FLOATS, ALL, to + 3 * pitch, ORDER);
        FloatVector e = a.blend(b.rearrange(SWAP_4), UPPER_4);
        FloatVector f = a.rearrange(SWAP_4).blend(b, UPPER_4);
        FloatVector g = c.blend(d.rearrange(SWAP_4), UPPER_4);
        FloatVector h = c.rearrange(SWAP_4).blend(d, UPPER_4);
        e.blend(g.rearrange(SWAP_8), UPPER_8).intoMemorySegment(ALL, to, ORDER);
        f.blend(h.rearrange(SWAP_8), UPPER_8).intoMemorySegment(ALL, to + pitch, ORDER);
        e.rearrange(SWAP_8).blend(g, UPPER_8).intoMemorySegment(ALL, to + 2 * pitch, ORDER);
        f.rearrange(SWAP_8).blend(h, UPPER_8).intoMemorySegment(ALL, to + 3 * pitch, ORDER);
    }
}
