package org.flowrl.gpu;

import org.flowrl.tensor.Tensor;

/// Sums over the rows of [rows, size]: blocks of 64 rows, or of as many times 64 as a grid's layers ask for, by one
/// kernel, their sums in order by another.
record ColumnSums(Card card, long rows, long size) {
    /// Few enough that 8,192 rows of 896 numbers give each multiprocessor of a large card several blocks.
    private static final long BLOCK_ROWS = 64;

    /// Adds the sums of what `launch` computes to `totals` [size].
    ///
    /// @param launch of a kernel made by COLUMN_SUM, with its own parameters given
    void add(Kernels.Launch launch, Tensor totals) {
        long blockRows = BLOCK_ROWS * Math.max(1, Math.ceilDiv(rows, BLOCK_ROWS * CudaRows.MOST_LAYERS));
        long blocks = Math.ceilDiv(rows, blockRows);
        long sums = card.scratch().address(Scratch.Use.SUMS, blocks * size * Float.BYTES);
        launch.number(rows).number(size).number(blockRows).number(sums).overColumns(size, blocks);
        card.kernels().launch("rows", "foldBlocks").number(sums).number(blocks).number(size).tensor(totals)
                .overColumns(size, 1);
    }
}
