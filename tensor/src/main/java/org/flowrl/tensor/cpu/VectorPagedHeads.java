package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
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

    /// Overwrites out of token n over its first `count` keys.
    ///
    /// @param table the page numbers of its sequence
    void attend(long n, int count, long table, VectorScratch scratch) {
        int padded = VectorLanes.padded(count);
        long sums = scratch.buffer(4L * (size + VectorTile.ROWS * padded) + LANE_BYTES);
        long maximum = sums + 4L * size;
        long scores = maximum + LANE_BYTES;
        int each = heads / groups;
        for (int g = 0; g < groups; g++) {
            for (int h = 0; h < each; h += VectorTile.ROWS) {
                int rows = Math.min(VectorTile.ROWS, each - h);
                long row = n * heads + g * each + h;
                for (int j = 0; j < padded; j += Backend.LANES) {
                    VectorProduct.sixteen(rows, q + row * size * 4, size * 4L, 4,
                            keyPages + page(table, j, g) * size * LANE_BYTES, LANE_BYTES, size, scores + j * 4L,
                            padded * 4L);
                }
                for (int r = 0; r < rows; r++) {
                    long weights = scores + r * padded * 4L;
                    float inverse = VectorAttention.weights(weights, scale, count, padded, maximum, scratch.lanes);
                    long to = out + (row + r) * size * 4;
                    values(g, count, table, weights, to, sums);
                    VectorChains.scale(to, inverse, size);
                }
            }
        }
    }

    /// Overwrites `to` with the weighted values, as a chain of blocks.
    private void values(int group, int count, long table, long weights, long to, long sums) {
        for (int from = 0; from < count; from += Backend.BLOCK) {
            long block = from == 0 ? to : sums;
            VectorPointwise.fill(0, block, size);
            for (int j = from; j < Math.min(count, from + Backend.BLOCK); j += Backend.LANES) {
                VectorChains.extend(weights + j * 4L, 4, valuePages + page(table, j, group) * size * LANE_BYTES,
                        size * 4L, Math.min(Backend.LANES, count - j), block, size);
            }
            if (from > 0) {
                VectorColumns.add(to, sums, size);
            }
        }
    }

    /// The number in [P · groups] of the page that holds key j.
    private long page(long table, int j, int group) {
        return ALL.get(INT, table + j / Backend.LANES * 4L) * (long) groups + group;
    }
}
