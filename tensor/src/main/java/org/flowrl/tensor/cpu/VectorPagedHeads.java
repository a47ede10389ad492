package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.INT;
import static org.flowrl.tensor.cpu.VectorLanes.LANE_BYTES;

import org.flowrl.tensor.Backend;

/// Attention of single tokens over the pages of their sequences, with the arithmetic of {@link VectorHeadForward}.
///
/// @param q, out [N, heads, size]
/// @param keyPages [P, groups, size, LANES]
/// @param valuePages [P, groups, LANES, size]
record VectorPagedHeads(long q, long keyPages, long valuePages, long out, int heads, int groups, int size,
        float scale) {
    /// Heads of a key head that pass over its pages together.
    private static final int ROWS = VectorChains.FOUR_CHAINS;

    /// Overwrites out of token n over its first `count` keys.
    ///
    /// @param table the page numbers of its sequence
    void attend(long n, int count, long table, VectorScratch scratch) {
        long row = size * 4L;
        long padded = VectorLanes.padded(count) * 4L;
        long sums = scratch.buffer(ROWS * (2 * row + padded) + 2 * LANE_BYTES);
        long blocks = sums + ROWS * row;
        long maximum = blocks + ROWS * row;
        long inverses = maximum + LANE_BYTES;
        long scores = inverses + LANE_BYTES;
        int each = heads / groups;
        for (int g = 0; g < groups; g++) {
            for (int h = 0; h < each; h += ROWS) {
                int rows = Math.min(ROWS, each - h);
                long first = (n * heads + g * each + h) * row;
                for (long j = 0; j < padded; j += LANE_BYTES) {
                    VectorProduct.sixteen(rows, q + first, row, 4,
                            keyPages + page(table, j / 4, g) * size * LANE_BYTES, LANE_BYTES, size, scores + j, padded);
                }
                for (int r = 0; r < rows; r++) {
                    ALL.set(FLOAT, inverses + r * 4L, VectorAttention.weights(scores + r * padded, scale, count,
                            (int) padded / 4, maximum, scratch.lanes));
                }
                VectorPointwise.fill(0, scores + rows * padded, (ROWS - rows) * (int) padded / 4);
                values(g, count, table, scores, padded, sums, blocks);
                for (int r = 0; r < rows; r++) {
                    VectorChains.scaled(sums + r * row, ALL.get(FLOAT, inverses + r * 4L), out + first + r * row, size);
                }
            }
        }
    }

    /// Overwrites the rows of `sums` with the weighted values, each as a chain of blocks.
    private void values(int group, int count, long table, long weights, long pitch, long sums, long blocks) {
        long row = size * 4L;
        for (int from = 0; from < count; from += Backend.BLOCK) {
            long block = from == 0 ? sums : blocks;
            VectorPointwise.fill(0, block, ROWS * size);
            for (int j = from; j < Math.min(count, from + Backend.BLOCK); j += Backend.LANES) {
                long page = valuePages + page(table, j, group) * LANE_BYTES * size;
                VectorChains.extendFour(weights + j * 4L, pitch, 4, page, row, Math.min(Backend.LANES, count - j),
                        block, row, size);
            }
            if (from > 0) {
                VectorColumns.add(sums, blocks, ROWS * size);
            }
        }
    }

    /// The number in [P · groups] of the page that holds key j.
    private long page(long table, long j, int group) {
        return ALL.get(INT, table + j / Backend.LANES * 4) * (long) groups + group;
    }
}
