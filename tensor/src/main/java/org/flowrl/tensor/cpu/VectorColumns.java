package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Sums down the columns of a block of rows, one chain a column, for the gradients of biases, and copies and additions
/// of single rows. Rows are contiguous, `columns` floats each.
final class VectorColumns {
    private VectorColumns() {
    }

    /// out[d] = Σ_r x[r, d], in order of r from +0.
    static void sum(long x, int columns, int rows, long out) {
        long pitch = columns * 4L;
        int d = 0;
        for (; d <= columns - 4 * LENGTH; d += 4 * LENGTH) {
            sumOfFour(x + d * 4L, pitch, rows, out + d * 4L);
        }
        for (; d <= columns - LENGTH; d += LENGTH) {
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int r = 0; r < rows; r++) {
                sum = FloatVector.fromMemorySegment(FLOATS, ALL, x + r * pitch + d * 4L, ORDER).add(sum);
            }
            sum.intoMemorySegment(ALL, out + d * 4L, ORDER);
        }
        for (; d < columns; d++) {
            float sum = 0;
            for (int r = 0; r < rows; r++) {
                sum += ALL.get(FLOAT, x + r * pitch + d * 4L);
            }
            ALL.set(FLOAT, out + d * 4L, sum);
        }
    }

    private static void sumOfFour(long x, long pitch, int rows, long out) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = FloatVector.zero(FLOATS);
        FloatVector s2 = FloatVector.zero(FLOATS);
        FloatVector s3 = FloatVector.zero(FLOATS);
        for (int r = 0; r < rows; r++, x += pitch) {
            s0 = FloatVector.fromMemorySegment(FLOATS, ALL, x, ORDER).add(s0);
            s1 = FloatVector.fromMemorySegment(FLOATS, ALL, x + BYTES, ORDER).add(s1);
            s2 = FloatVector.fromMemorySegment(FLOATS, ALL, x + 2 * BYTES, ORDER).add(s2);
            s3 = FloatVector.fromMemorySegment(FLOATS, ALL, x + 3 * BYTES, ORDER).add(s3);
        }
        s0.intoMemorySegment(ALL, out, ORDER);
        s1.intoMemorySegment(ALL, out + BYTES, ORDER);
        s2.intoMemorySegment(ALL, out + 2 * BYTES, ORDER);
        s3.intoMemorySegment(ALL, out + 3 * BYTES, ORDER);
    }

    /// Adds `blocks` rows of sums to `total` [columns], in order.
    static void addBlocks(long sums, int blocks, int columns, long total) {
        for (int block = 0; block < blocks; block++) {
            add(total, sums + block * (long) columns * 4, columns);
        }
    }

    /// Overwrites y with x.
    static void copy(long x, long y, int count) {
        MemorySegment.copy(ALL, x, ALL, y, count * 4L);
    }

    /// y += x.
    static void add(long y, long x, int count) {
        int i = 0;
        for (; i <= count - LENGTH; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, y + i * 4L, ORDER)
                    .add(FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
        }
        for (; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, ALL.get(FLOAT, y + i * 4L) + ALL.get(FLOAT, x + i * 4L));
        }
    }
}
