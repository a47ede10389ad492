package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;

/// The forward pass of attention for the query heads of one key head of one sequence.
///
/// @param q, out [N, heads, size]
/// @param k, v [N, groups, size]
/// @param statistics [N, heads, 2]
record VectorHeadForward(long q, long k, long v, long out, long statistics, int heads, int groups, int size,
        float scale) {

    /// Overwrites the rows of out and statistics of `tokens` tokens from `first` on, for the heads of `group`.
    void attend(long first, int tokens, int group, VectorScratch scratch) {
        int padded = VectorLanes.padded(tokens);
        long keys = scratch.buffer(4L * (size * (padded + VectorTile.ROWS) + VectorTile.ROWS * padded));
        long sums = keys + 4L * size * padded;
        long scores = sums + 4L * size * VectorTile.ROWS;
        long rowOfKeys = (first * groups + group) * size * 4;
        VectorAttention.transpose(k + rowOfKeys, groups * size * 4L, tokens, size, keys);
        int each = heads / groups;
        for (int h = group * each; h < (group + 1) * each; h++) {
            int left = (tokens + VectorTile.ROWS - 1) / VectorTile.ROWS;
            for (int i = 0; i < tokens; left--) {
                int rows = (tokens - i + left - 1) / left;
                rows((first + i) * heads + h, i, rows, keys, v + rowOfKeys, scores, sums, scratch.lanes);
                i += rows;
            }
        }
    }

    /// Rows i … i + rows − 1 of one head; `row` is the first one's number in [N · heads].
    private void rows(long row, int i, int rows, long keys, long values, long scores, long sums, long lanes) {
        int padded = VectorLanes.padded(i + rows);
        long down = heads * size * 4L;
        VectorAttention.scores(rows, q + row * size * 4, down, size, keys, padded, scores);
        for (int r = 0; r < rows; r++) {
            long statistic = statistics + (row + (long) r * heads) * 8;
            ALL.set(FLOAT, statistic + 4, VectorAttention.weights(scores + r * padded * 4L, scale, i + r + 1, padded,
                    statistic, lanes));
        }
        long to = out + row * size * 4;
        VectorChains.causal(rows, i + 1, scores, padded * 4L, values, groups * size * 4L, size, to, down, sums);
        for (int r = 0; r < rows; r++) {
            float inverse = ALL.get(FLOAT, statistics + (row + (long) r * heads) * 8 + 4);
            VectorChains.scaled(to + r * down, inverse, to + r * down, size);
        }
    }
}
