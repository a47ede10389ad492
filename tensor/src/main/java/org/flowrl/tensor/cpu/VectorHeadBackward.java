package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;

/// The backward pass of attention for the query heads of one key head of one sequence.
///
/// @param dout, q, out, dq [N, heads, size]
/// @param k, v, dk, dv [N, groups, size]
/// @param statistics [N, heads, 2]
record VectorHeadBackward(long dout, long q, long k, long v, long out, long statistics, long dq, long dk, long dv,
        int heads, int groups, int size, float scale) {

    /// Overwrites the rows of dq, dk and dv of `tokens` tokens from `first` on, for the heads of `group`.
    void attend(long first, int tokens, int group, VectorScratch scratch) {
        long row = size * 4L;
        int padded = VectorLanes.padded(tokens);
        long keys = scratch.buffer(row * (2L * padded + 2L * tokens + VectorTile.ROWS)
                + 2L * VectorTile.ROWS * padded * 4);
        long values = keys + row * padded;
        // Sums of a key head's own: in dk and dv its rows lie between those of heads that other threads write.
        long ofKeys = values + row * padded;
        long ofValues = ofKeys + row * tokens;
        long sums = ofValues + row * tokens;
        long probabilities = sums + row * VectorTile.ROWS;
        long slopes = probabilities + 4L * VectorTile.ROWS * padded;
        long ofGroup = (first * groups + group) * row;
        long pitch = groups * row;
        VectorAttention.transpose(k + ofGroup, pitch, tokens, size, keys);
        VectorAttention.transpose(v + ofGroup, pitch, tokens, size, values);
        VectorPointwise.fill(0, ofKeys, 2 * tokens * size);
        int each = heads / groups;
        for (int h = group * each; h < (group + 1) * each; h++) {
            int left = (tokens + VectorTile.ROWS - 1) / VectorTile.ROWS;
            for (int i = 0; i < tokens; left--) {
                int rows = (tokens - i + left - 1) / left;
                long number = (first + i) * heads + h;
                slopes(number, i, rows, keys, values, probabilities, slopes, scratch.lanes);
                int width = VectorLanes.padded(i + rows);
                VectorChains.causal(rows, i + 1, slopes, width * 4L, k + ofGroup, pitch, size, dq + number * row,
                        heads * row, sums);
                extendKeys(i, rows, slopes, width, q + number * row, ofKeys);
                extendKeys(i, rows, probabilities, width, dout + number * row, ofValues);
                i += rows;
            }
        }
        VectorPanels.copyRows(ofKeys, row, tokens, size, dk + ofGroup, pitch);
        VectorPanels.copyRows(ofValues, row, tokens, size, dv + ofGroup, pitch);
    }

    /// Overwrites the probabilities and slopes dS of rows i … i + rows − 1 of one head.
    private void slopes(long row, int i, int rows, long keys, long values, long probabilities, long slopes,
            long lanes) {
        int padded = VectorLanes.padded(i + rows);
        long down = heads * size * 4L;
        VectorAttention.scores(rows, q + row * size * 4, down, size, keys, padded, probabilities);
        VectorAttention.scores(rows, dout + row * size * 4, down, size, values, padded, slopes);
        for (int r = 0; r < rows; r++) {
            long number = row + (long) r * heads;
            float d = VectorSums.ofProducts(dout + number * size * 4, out + number * size * 4, size, lanes);
            long p = probabilities + r * padded * 4L;
            VectorExponential.slopes(p, slopes + r * padded * 4L, d, scale, ALL.get(FLOAT, statistics + number * 8),
                    ALL.get(FLOAT, statistics + number * 8 + 4), padded);
        }
    }

    /// Continues the chain of each key over rows i … i + rows − 1: sums[j] = fma(w[r, j], x[r], sums[j]).
    private void extendKeys(int i, int rows, long w, int width, long x, long sums) {
        long down = heads * size * 4L;
        long pitch = size * 4L;
        int j = 0;
        for (; j <= i + 1 - VectorChains.FOUR_CHAINS; j += VectorChains.FOUR_CHAINS) {
            VectorChains.extendFour(w + j * 4L, 4, width * 4L, x, down, rows, sums + j * pitch, pitch, size);
        }
        for (; j < i + rows; j++) {
            int r = Math.max(0, j - i);
            VectorChains.extend(w + (r * (long) width + j) * 4, width * 4L, x + r * down, down, rows - r,
                    sums + j * pitch, size);
        }
    }
}
