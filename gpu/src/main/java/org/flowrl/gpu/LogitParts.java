package org.flowrl.gpu;

import org.flowrl.tensor.Tensor;

/// Logits of some rows at a time over all words, in one reused buffer.
///
/// @param bytes of logits that are held at a time
record LogitParts(Card card, Products products, long bytes) {
    /// Words of a part of a row, as logits.cuh has it: what one block reads.
    static final long PART_WORDS = 16L * Kernels.BLOCK_THREADS;

    /// Rows that tiles of cuBLAS's kernels come in: a part is whole tiles.
    private static final long TILE_ROWS = 128;
    /// Words for each thread of a block.
    private static final long WORDS_EACH = PART_WORDS / Kernels.BLOCK_THREADS;

    /// Some rows, whose logits lie at `logits`.
    record Part(long from, long rows, long logits) {
        Tensor of(Tensor tensor) {
            return tensor.slice(from, rows);
        }
    }

    /// What is done with the logits of some rows.
    @FunctionalInterface
    interface Use {
        void of(Part part);
    }

    /// Computes the logits of all rows, part by part.
    void each(Tensor hidden, CudaMatmul.Packed weight, Use use) {
        long rowBytes = Math.max(1, weight.rows()) * Float.BYTES;
        long rows = hidden.dim(0);
        long most = heldRows(bytes / rowBytes, Math.min(rows, CudaRows.MOST_LAYERS));
        long logits = card.scratch().address(Scratch.Use.LOGITS, most * rowBytes);
        for (long from = 0; from < rows; from += most) {
            Part part = new Part(from, Math.min(most, rows - from), logits);
            products.forward(part.of(hidden).address(), weight, part.rows, logits);
            use.of(part);
        }
    }

    /// Rows that are held at a time: at least 1, at most `rows`, and whole tiles where there is room for `room` rows
    /// and not for all.
    static long heldRows(long room, long rows) {
        long held = Math.clamp(room, 1, Math.max(1, rows));
        return held == rows || held < TILE_ROWS ? held : held / TILE_ROWS * TILE_ROWS;
    }

    /// Blocks that read a row of so many words; at least 1.
    static long parts(long words) {
        return Math.max(1, Math.ceilDiv(words, PART_WORDS));
    }

    /// Threads of such a block: whole warps, as many as have words.
    static int threads(long words) {
        return Math.clamp(Math.ceilDiv(words, WORDS_EACH * Kernels.WARP) * Kernels.WARP, Kernels.WARP,
                Kernels.BLOCK_THREADS);
    }
}
