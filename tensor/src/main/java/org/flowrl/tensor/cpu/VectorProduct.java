package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ADDRESS;
import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;
import org.flowrl.tensor.Backend;

/// The three matrix products over ranges of rows and panels, on one thread: what a part of a matmul or of the
/// vocabulary head does. M rows, K inputs, N outputs; addresses and strides are in bytes.
///
/// A chain of blocks is cut at {@link Backend#BLOCK}: the kernel makes one block's sums of a tile, which overwrite or
/// are added to the result.
final class VectorProduct {
    private static final boolean IS_WIDE = LENGTH == Backend.LANES;
    /// Columns of a panel and of a tile.
    static final int COLUMNS = LENGTH * (IS_WIDE ? VectorWideTile.VECTORS : VectorTile.VECTORS);
    /// Columns of two and of three vectors: a last panel of no more than these has narrower tiles.
    private static final int TWO = 2 * LENGTH;
    private static final int THREE = 3 * LENGTH;
    /// Panels that a single row reads at once, to have enough sums in flight.
    static final int STREAMS = 4;
    /// Up to this many rows weights in BF16 are read as they are packed: of any number where tiles of four vectors do
    /// so, which are as fast on BF16 panels as on F32 ones.
    private static final int HALF_ROWS = IS_WIDE ? Integer.MAX_VALUE : 12;
    /// Up to this many rows the input gradient does not copy a panel whose rows collide.
    private static final int FEW_ROWS = 12;
    /// Up to this many rows the input gradient reads the row-major weight in place: copying a panel would cost more.
    private static final int IN_PLACE_ROWS = 64;
    /// Panels that a tile of rows meets before the next tile: a block of them fills a quarter of a second-level cache.
    static final int TOGETHER = 4;
    private static final long ROW_BYTES = COLUMNS * (long) Float.BYTES;

    private VectorProduct() {
    }

    /// y = x · wᵀ + bias for `rows` rows and the panels firstPanel … endPanel−1.
    ///
    /// @param x the first row, rows of K floats
    /// @param bias [N], or 0
    /// @param y the first row at the first panel's first column
    /// @param pitch bytes from one row of y to the next
    static void forward(VectorPanels w, long x, int rows, long firstPanel, long endPanel, long bias, long y,
            long pitch, VectorScratch scratch) {
        for (long p = firstPanel; p < endPanel; ) {
            int panels = (int) Math.min(rows == 1 ? STREAMS : TOGETHER, endPanel - p);
            long biasAt = bias == 0 ? 0 : bias + p * ROW_BYTES;
            long to = y + (p - firstPanel) * ROW_BYTES;
            if (rows == 1) {
                streamedRow(w, x, p, panels, biasAt, to, scratch);
            } else {
                panels(w, x, rows, p, panels, biasAt, to, pitch, scratch);
            }
            p += panels;
        }
    }

    private static void panels(VectorPanels w, long x, int rows, long panel, int count, long bias, long y, long pitch,
            VectorScratch scratch) {
        int inputs = (int) w.columns();
        int columns = (int) Math.min(count * COLUMNS, w.rows() - panel * COLUMNS);
        boolean halves = w.isNarrow() && rows <= HALF_ROWS;
        boolean copies = VectorCopies.ofRows(rows, inputs * 4L);
        long copy = copies ? scratch.copies(rows * VectorCopies.ROW_PITCH) : 0;
        long apart = w.address(1, 0) - w.address(0, 0);
        int from = 0;
        do {
            int chain = Math.min(Backend.BLOCK, inputs - from);
            long biasAt = from + chain == inputs ? bias : 0;
            long a = x + from * 4L;
            if (copies) {
                VectorPanels.copyRows(a, inputs * 4L, rows, chain, copy, VectorCopies.ROW_PITCH);
            }
            long rowsAt = copies ? copy : a;
            long down = copies ? VectorCopies.ROW_PITCH : inputs * 4L;
            long b = w.address(panel, from);
            if (halves) {
                halfTiles(rowsAt, down, rows, b, apart, chain, y, pitch, columns, from > 0, biasAt, scratch);
            } else {
                if (w.isNarrow()) {
                    for (int p = 0; p < count; p++) {
                        VectorPanels.widen(b + p * apart, chain, scratch.panels + p * chain * ROW_BYTES);
                    }
                }
                tiles(rowsAt, down, 4, 0, rows, w.isNarrow() ? scratch.panels : b,
                        w.isNarrow() ? chain * ROW_BYTES : apart, ROW_BYTES, chain, y, pitch, columns, from > 0, biasAt,
                        scratch);
            }
            from += chain;
        } while (from < inputs);
    }

    private static void streamedRow(VectorPanels w, long x, long panel, int panels, long bias, long y,
            VectorScratch scratch) {
        int inputs = (int) w.columns();
        int columns = (int) Math.min(panels * COLUMNS, w.rows() - panel * COLUMNS);
        int from = 0;
        do {
            int chain = Math.min(Backend.BLOCK, inputs - from);
            long apart = w.address(1, 0) - w.address(0, 0);
            if (w.isNarrow()) {
                VectorStream.narrowRow(x + from * 4L, w.address(panel, from), apart, panels, chain,
                        scratch.tile);
            } else {
                VectorStream.row(x + from * 4L, w.address(panel, from), apart, panels, chain,
                        scratch.tile);
            }
            boolean last = from + chain == inputs;
            flush(scratch.tile, 1, columns, 0, y, 0, from > 0, last ? bias : 0);
            from += chain;
        } while (from < inputs);
    }

    /// dx = dy · w, or dx += dy · w, for `rows` rows and the panels firstPanel … endPanel−1 of dx.
    ///
    /// @param weight the row-major weight's row that belongs to the first column of dy
    /// @param inputs K
    /// @param chainLength the columns of dy that are summed over
    /// @param dy the first row, `across` bytes from one row to the next
    /// @param dx the first row, rows of K floats
    static void inputGradient(long weight, int inputs, boolean narrowed, int chainLength, long dy, long across,
            int rows, long firstPanel, long endPanel, long dx, boolean add, VectorScratch scratch) {
        boolean copies = VectorCopies.ofRows(rows, across);
        long copy = copies ? scratch.copies(rows * VectorCopies.ROW_PITCH) : 0;
        int inPlaceRows = VectorCopies.collide(inputs * 4L) ? FEW_ROWS : IN_PLACE_ROWS;
        boolean inPlaceIfFull = !narrowed && (rows <= inPlaceRows || inputs == COLUMNS);
        for (long p = firstPanel; p < endPanel; p += TOGETHER) {
            int panels = (int) Math.min(TOGETHER, endPanel - p);
            int columns = (int) Math.min(panels * COLUMNS, inputs - p * COLUMNS);
            boolean inPlace = inPlaceIfFull && columns % COLUMNS == 0;
            int from = 0;
            do {
                int chain = Math.min(Backend.BLOCK, chainLength - from);
                long a = dy + from * 4L;
                if (copies) {
                    VectorPanels.copyRows(a, across, rows, chain, copy, VectorCopies.ROW_PITCH);
                }
                long b = weight + ((long) from * inputs + p * COLUMNS) * 4;
                if (!inPlace) {
                    VectorPanels.copy(b, inputs * 4L, chain, columns, narrowed, scratch.panels);
                }
                tiles(copies ? copy : a, copies ? VectorCopies.ROW_PITCH : across, 4, 0, rows,
                        inPlace ? b : scratch.panels, inPlace ? ROW_BYTES : chain * ROW_BYTES,
                        inPlace ? inputs * 4L : ROW_BYTES, chain, dx + p * ROW_BYTES, inputs * 4L, columns,
                        add || from > 0, 0, scratch);
                from += chain;
            } while (from < chainLength);
        }
    }

    /// dw += dyᵀ · x for `rows` rows of dw and the panels firstPanel … endPanel−1 of dw.
    ///
    /// @param dy the first row of dw's column of dy, `across` bytes from one token to the next
    /// @param x the first token, rows of K floats
    /// @param dw the first row, rows of K floats
    static void weightGradient(long dy, long across, long x, int tokens, int inputs, int rows, long firstPanel,
            long endPanel, long dw, VectorScratch scratch) {
        boolean copies = VectorCopies.ofTiles(across);
        int longest = Math.min(Backend.BLOCK, tokens);
        long copy = copies ? scratch.copies(tileCount(rows) * VectorCopies.tilePitch(longest)) : 0;
        for (int from = 0; from < tokens; from += Backend.BLOCK) {
            int chain = Math.min(Backend.BLOCK, tokens - from);
            long a = copies ? copy : dy + from * across;
            long tokenBytes = copies ? VectorCopies.TOKEN_BYTES : across;
            long tileApart = copies ? VectorCopies.tilePitch(chain) : 0;
            if (copies) {
                VectorPanels.copyTiles(dy + from * across, across, chain, rows, tileCount(rows), copy, tileApart);
            }
            int most = TOGETHER * (Backend.BLOCK / chain);
            for (long p = firstPanel; p < endPanel; p += most) {
                int panels = (int) Math.min(most, endPanel - p);
                int columns = (int) Math.min(panels * COLUMNS, inputs - p * COLUMNS);
                long b = x + ((long) from * inputs + p * COLUMNS) * 4;
                if (VectorCopies.ofPanels(inputs)) {
                    VectorPanels.copy(b, inputs * 4L, chain, columns, false, scratch.panels);
                    b = scratch.panels;
                }
                tiles(a, 4, tokenBytes, tileApart, rows, b, chain * ROW_BYTES, ROW_BYTES, chain,
                        dw + p * ROW_BYTES, inputs * 4L, columns, true, 0, scratch);
            }
        }
    }

    private static int tileCount(int rows) {
        return (rows + VectorTile.ROWS - 1) / VectorTile.ROWS;
    }

    /// One block of panels that lie `apart` bytes from each other, for all rows, in tiles of nearly equal height. A
    /// tile of `a` stays in the first-level cache while the panels go by, which are read from the second, and what is
    /// written is written in long rows, which the processor's prefetch foresees.
    ///
    /// @param tileApart bytes from a tile of `a` to the next, or 0 where they are rows of one matrix, `down` apart
    /// @param columns of all panels, of which the last may have fewer
    private static void tiles(long a, long down, long across, long tileApart, int rows, long b, long apart, long step,
            int chain, long c, long pitch, int columns, boolean add, long bias, VectorScratch scratch) {
        int left = tileCount(rows);
        for (int row = 0, tile = 0; row < rows; left--, tile++) {
            int height = (rows - row + left - 1) / left;
            long rowsAt = a + (tileApart == 0 ? row * down : tile * tileApart);
            long to = c + row * pitch;
            long panel = b;
            for (int column = 0; column < columns; column += COLUMNS, panel += apart, to += ROW_BYTES) {
                int width = Math.min(COLUMNS, columns - column);
                if (width == COLUMNS && !add && bias == 0) {
                    tile(height, width, rowsAt, down, across, panel, step, chain, to, pitch);
                } else {
                    tile(height, width, rowsAt, down, across, panel, step, chain, scratch.tile, ROW_BYTES);
                    flush(scratch.tile, height, width, ROW_BYTES, to, pitch, add, bias == 0 ? 0 : bias + column * 4L);
                }
            }
            row += height;
        }
    }

    /// As {@link #tiles} over a block of BF16 panels, read as they are packed.
    private static void halfTiles(long a, long down, int rows, long b, long apart, int chain, long c, long pitch,
            int columns, boolean add, long bias, VectorScratch scratch) {
        int most = IS_WIDE ? VectorWideHalfTile.ROWS : VectorHalfTile.ROWS;
        int left = (rows + most - 1) / most;
        for (int row = 0; row < rows; left--) {
            int height = (rows - row + left - 1) / left;
            long rowsAt = a + row * down;
            long to = c + row * pitch;
            long panel = b;
            for (int column = 0; column < columns; column += COLUMNS, panel += apart, to += ROW_BYTES) {
                if (IS_WIDE) {
                    VectorWideHalfTile.run(height, rowsAt, down, 4, panel, COLUMNS * 2L, chain, scratch.tile,
                            ROW_BYTES);
                } else {
                    VectorHalfTile.run(height, rowsAt, down, 4, panel, COLUMNS * 2L, chain, scratch.tile, ROW_BYTES);
                }
                flush(scratch.tile, height, Math.min(COLUMNS, columns - column), ROW_BYTES, to, pitch, add,
                        bias == 0 ? 0 : bias + column * 4L);
            }
            row += height;
        }
    }

    /// Sums of a tile, at least those of its first `columns` columns.
    private static void tile(int rows, int columns, long a, long down, long across, long b, long step, int chain,
            long c, long pitch) {
        if (!IS_WIDE) {
            VectorTile.run(rows, a, down, across, b, step, chain, c, pitch);
        } else if (columns > THREE) {
            VectorWideTile.run(rows, a, down, across, b, step, chain, c, pitch);
        } else {
            int done = columns > LENGTH ? TWO : 0;
            if (done > 0) {
                VectorTile.run(rows, a, down, across, b, step, chain, c, pitch);
            }
            if (columns > done) {
                VectorNarrowTile.run(rows, a, down, across, b + done * 4L, step, chain, c + done * 4L, pitch);
            }
        }
    }

    /// Sums of one tile of sixteen columns, whatever the length of vectors; parameters as {@link VectorTile#run}.
    static void sixteen(int rows, long a, long down, long across, long b, long step, int chain, long c, long pitch) {
        if (IS_WIDE) {
            VectorNarrowTile.run(rows, a, down, across, b, step, chain, c, pitch);
        } else {
            for (long column = 0; column < VectorLanes.LANE_BYTES; column += VectorTile.VECTORS * BYTES) {
                VectorTile.run(rows, a, down, across, b + column, step, chain, c + column, pitch);
            }
        }
    }

    /// Adds whole rows of a tile to the result.
    private static void addWhole(long tile, int rows, long c, long pitch) {
        tile &= ADDRESS;
        c &= ADDRESS;
        for (int r = 0; r < rows; r++) {
            for (long j = 0; j < ROW_BYTES; j += BYTES) {
                FloatVector.fromMemorySegment(FLOATS, ALL, c + j, ORDER)
                        .add(FloatVector.fromMemorySegment(FLOATS, ALL, tile + j, ORDER))
                        .intoMemorySegment(ALL, c + j, ORDER);
            }
            tile = tile + ROW_BYTES & ADDRESS;
            c = c + pitch & ADDRESS;
        }
    }

    /// Moves the sums of a block to the result: overwrites or adds, then adds bias (0: none).
    private static void flush(long tile, int rows, int columns, long tilePitch, long c, long pitch, boolean add,
            long bias) {
        if (add && bias == 0 && columns == COLUMNS) {
            addWhole(tile, rows, c, pitch);
            return;
        }
        for (int r = 0; r < rows; r++, tile += tilePitch, c += pitch) {
            int j = 0;
            for (; j <= columns - LENGTH; j += LENGTH) {
                FloatVector sum = FloatVector.fromMemorySegment(FLOATS, ALL, tile + j * 4L, ORDER);
                if (add) {
                    sum = FloatVector.fromMemorySegment(FLOATS, ALL, c + j * 4L, ORDER).add(sum);
                }
                if (bias != 0) {
                    sum = sum.add(FloatVector.fromMemorySegment(FLOATS, ALL, bias + j * 4L, ORDER));
                }
                sum.intoMemorySegment(ALL, c + j * 4L, ORDER);
            }
            for (; j < columns; j++) {
                float sum = ALL.get(FLOAT, tile + j * 4L);
                if (add) {
                    sum = ALL.get(FLOAT, c + j * 4L) + sum;
                }
                ALL.set(FLOAT, c + j * 4L, bias == 0 ? sum : sum + ALL.get(FLOAT, bias + j * 4L));
            }
        }
    }
}
