package org.flowrl.tensor.cpu;

import org.flowrl.tensor.Backend;

/// Which rows of its left operand a matrix product copies before it reads them, a block of columns at a time, and what
/// room that takes in {@link VectorScratch}. Plans ask this too, so nothing here touches a vector.
final class VectorCopies {
    /// Bytes of one block of a copied row, an odd number of cache lines.
    static final long ROW_PITCH = Backend.BLOCK * (long) Float.BYTES + 64;
    /// Bytes of one token in a copied tile of dy: eight floats.
    static final long TOKEN_BYTES = 8L * Float.BYTES;
    /// Rows of dw of which dy is copied at once, where the block has all its tokens and where it has few.
    private static final int LEAST_TILE_ROWS = 256;
    private static final int MOST_TILE_ROWS = 1024;
    /// The room for what a part of a matrix product copies: rows or tiles of 256 · 256 numbers with what lies between.
    static final long BYTES = 3L << 17;

    /// The weight gradient reads rows of dy up to this long in place.
    private static final long SHORT_ROW_BYTES = 768;
    /// Lines this far apart share a set of a first-level cache of 32 KB in eight ways (48 KB in twelve).
    private static final long PAGE_BYTES = 4096;

    private VectorCopies() {
    }

    /// Whether forward products and input gradients copy their rows: where these would evict each other and the panel.
    static boolean ofRows(long rows, long rowBytes) {
        return rows > VectorTile.ROWS && collide(rowBytes);
    }

    /// Whether weight gradients copy rows of dy, the numbers of a tile of dw together.
    static boolean ofTiles(long rowBytes) {
        return rowBytes > SHORT_ROW_BYTES;
    }

    /// Whether weight gradients copy panels of x, rows of so many inputs: a single full panel lies there as it is.
    static boolean ofPanels(long inputs) {
        return inputs != VectorProduct.COLUMNS;
    }

    /// Rows of dw for which a copy of so many tokens of dy stays in the second-level cache.
    static long mostTileRows(long tokens) {
        long rows = (long) LEAST_TILE_ROWS * Backend.BLOCK / Math.max(1, tokens);
        return Math.clamp(rows, LEAST_TILE_ROWS, MOST_TILE_ROWS);
    }

    /// Bytes from one copied tile of `tokens` tokens to the next: for an even number, an odd number of cache lines.
    static long tilePitch(int tokens) {
        return tokens * TOKEN_BYTES + 64;
    }

    /// True where rows that far apart fall on the same lines of the first-level cache: widths of 1024, 2048 and so on.
    static boolean collide(long rowBytes) {
        return rowBytes > 0 && rowBytes % PAGE_BYTES == 0;
    }
}
