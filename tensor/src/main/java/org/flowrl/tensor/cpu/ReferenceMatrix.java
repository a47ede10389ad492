package org.flowrl.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Tensor;

/// A matrix somewhere in host memory: element (row, column) is number start + row · down + column · across of `data`.
/// Holds the two forms of the chain of blocks that {@link Backend} describes.
///
/// @param data elements of one computing type
/// @param start element index of (0, 0)
/// @param down elements from one row to the next
/// @param across elements from one column to the next
record ReferenceMatrix(MemorySegment data, long start, long down, long across) {
    /// The rows of a tensor, its last dimension being the row.
    static ReferenceMatrix of(Tensor tensor) {
        return new ReferenceMatrix(tensor.segment(), 0, tensor.dim(-1), 1);
    }

    /// One head of [N, heads, E] from token `first` on, as [tokens, E].
    static ReferenceMatrix ofHead(Tensor tensor, long first, long head) {
        long heads = tensor.dim(1);
        long size = tensor.dim(2);
        return new ReferenceMatrix(tensor.segment(), (first * heads + head) * size, heads * size, 1);
    }

    /// Rows and columns exchanged.
    ReferenceMatrix transposed() {
        return new ReferenceMatrix(data, start, across, down);
    }

    /// The same matrix from another row on.
    ReferenceMatrix from(long row) {
        return new ReferenceMatrix(data, start + row * down, down, across);
    }

    /// Element (row, column).
    double at(Precision p, long row, long column) {
        return p.load(data, start + row * down + column * across);
    }

    /// Sets element (row, column).
    void set(Precision p, long row, long column, double value) {
        p.store(data, start + row * down + column * across, value);
    }

    /// Σ_i a[row, i] · b[bRow, i] as a chain of blocks; both are contiguous across.
    static double dot(Precision p, ReferenceMatrix a, long row, ReferenceMatrix b, long bRow, long count) {
        long aAt = a.start + row * a.down;
        long bAt = b.start + bRow * b.down;
        double sum = 0;
        for (long from = 0; from < count; from += Backend.BLOCK) {
            double block = dotOfBlock(p, a.data, aAt + from, b.data, bAt + from,
                    (int) Math.min(Backend.BLOCK, count - from));
            sum = from == 0 ? block : p.add(sum, block);
        }
        return sum;
    }

    private static double dotOfBlock(Precision p, MemorySegment a, long aAt, MemorySegment b, long bAt, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum = p.fma(p.load(a, aAt + i), p.load(b, bAt + i), sum);
        }
        return sum;
    }

    /// Overwrites out [rows, columns] with a [rows, chain] · b [chain, columns], or adds to it where `add`: chains of
    /// blocks over `chain`, made for all columns at once because b and out are contiguous across.
    static void product(Precision p, ReferenceMatrix a, ReferenceMatrix b, ReferenceMatrix out, long rows, long chain,
            int columns, boolean add) {
        double[] block = new double[columns];
        for (long row = 0; row < rows; row++) {
            long outAt = out.start + row * out.down;
            for (long from = 0; from < chain || from == 0 && !add; from += Backend.BLOCK) {
                Arrays.fill(block, 0);
                for (long i = from; i < Math.min(chain, from + Backend.BLOCK); i++) {
                    addScaledRow(p, a.at(p, row, i), b.data, b.start + i * b.down, block);
                }
                storeBlock(p, block, out.data, outAt, add || from > 0);
            }
        }
    }

    private static void addScaledRow(Precision p, double factor, MemorySegment b, long bAt, double[] sums) {
        for (int c = 0; c < sums.length; c++) {
            sums[c] = p.fma(factor, p.load(b, bAt + c), sums[c]);
        }
    }

    private static void storeBlock(Precision p, double[] block, MemorySegment out, long outAt, boolean add) {
        for (int c = 0; c < block.length; c++) {
            p.store(out, outAt + c, add ? p.add(p.load(out, outAt + c), block[c]) : block[c]);
        }
    }
}
