package org.flowrl.tensor.cpu;

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
    /// Panels that a single row reads at once, to have enough sums in flight.
    static final int STREAMS = 4;
    /// Up to this many rows the input gradient reads the row-major weight in place.
    private static final int FEW_ROWS = 12;
    private static final long ROW_BYTES = COLUMNS * (long) Float.BYTES;
    /// Lines this far apart share a set of a first-level cache of 32 KB in eight ways (48 KB in twelve).
    private static final long PAGE_BYTES = 4096;
    /// Bytes of one block of a copied row, an odd number of cache lines.
    private static final long COPY_PITCH = Backend.BLOCK * (long) Float.BYTES + 64;

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
        long outputs = w.rows();
        for (long p = firstPanel; p < endPanel; ) {
            boolean streams = rows == 1 && p + STREAMS <= endPanel;
            int wide = streams ? STREAMS : 1;
            int columns = (int) Math.min(wide * COLUMNS, outputs - p * COLUMNS);
            long biasAt = bias == 0 ? 0 : bias + p * ROW_BYTES;
            long to = y + (p - firstPanel) * ROW_BYTES;
            if (streams) {
                streamedRow(w, x, p, columns, biasAt, to, scratch);
            } else {
                panel(w, x, rows, p, columns, biasAt, to, pitch, scratch);
            }
            p += wide;
        }
    }

    private static void panel(VectorPanels w, long x, int rows, long panel, int columns, long bias, long y, long pitch,
            VectorScratch scratch) {
        int inputs = (int) w.columns();
        int from = 0;
        do {
            int chain = Math.min(Backend.BLOCK, inputs - from);
            boolean last = from + chain == inputs;
            tiles(x + from * 4L, inputs * 4L, 4, rows, block(w, panel, from, chain, scratch), ROW_BYTES, chain, y,
                    pitch, columns, from > 0, last ? bias : 0, scratch);
            from += chain;
        } while (from < inputs);
    }

    /// One block of a panel in F32: as it is packed, or widened into scratch.
    private static long block(VectorPanels w, long panel, int from, int chain, VectorScratch scratch) {
        long packed = w.address(panel, from);
        if (!w.isNarrow()) {
            return packed;
        }
        VectorPanels.widen(packed, chain, scratch.panel);
        return scratch.panel;
    }

    private static void streamedRow(VectorPanels w, long x, long panel, int columns, long bias, long y,
            VectorScratch scratch) {
        int inputs = (int) w.columns();
        int from = 0;
        do {
            int chain = Math.min(Backend.BLOCK, inputs - from);
            long apart = w.address(1, 0) - w.address(0, 0);
            if (w.isNarrow()) {
                VectorStream.narrowRow(x + from * 4L, w.address(panel, from), apart, chain, scratch.tile);
            } else {
                VectorStream.row(x + from * 4L, w.address(panel, from), apart, chain, scratch.tile);
            }
            boolean last = from + chain == inputs;
            flush(scratch.tile, 1, columns, 0, y, 0, from > 0, last ? bias : 0);
            from += chain;
        } while (from < inputs);
    }

    /// True where rows that far apart fall on the same lines of the first-level cache, so that a gradient's rows evict
    /// each other and the panel: widths of 1024, 2048 and so on. Gradients then work on a copy; a forward pass, which
    /// goes through a panel block by block, gains nothing by it.
    private static boolean collides(long rowBytes) {
        return rowBytes > 0 && rowBytes % PAGE_BYTES == 0;
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
        boolean copies = rows > VectorTile.ROWS && collides(across);
        long copy = copies ? scratch.copies(rows * COPY_PITCH) : 0;
        int from = 0;
        do {
            int chain = Math.min(Backend.BLOCK, chainLength - from);
            long a = dy + from * 4L;
            if (copies) {
                VectorPanels.copyRows(a, across, rows, chain, copy, COPY_PITCH);
            }
            for (long p = firstPanel; p < endPanel; p++) {
                int columns = (int) Math.min(COLUMNS, inputs - p * COLUMNS);
                long b = weight + ((long) from * inputs + p * COLUMNS) * 4;
                boolean inPlace = !narrowed && columns == COLUMNS && rows <= FEW_ROWS;
                if (narrowed) {
                    VectorPanels.copyNarrowed(b, inputs * 4L, chain, columns, scratch.panel);
                } else if (!inPlace) {
                    VectorPanels.copy(b, inputs * 4L, chain, columns, scratch.panel);
                }
                tiles(copies ? copy : a, copies ? COPY_PITCH : across, 4, rows, inPlace ? b : scratch.panel,
                        inPlace ? inputs * 4L : ROW_BYTES, chain, dx + p * ROW_BYTES, inputs * 4L, columns,
                        add || from > 0, 0, scratch);
            }
            from += chain;
        } while (from < chainLength);
    }

    /// dw += dyᵀ · x for `rows` rows of dw and the panels firstPanel … endPanel−1 of dw.
    ///
    /// @param dy the first row of dw's column of dy, `across` bytes from one token to the next
    /// @param x the first token, rows of K floats
    /// @param dw the first row, rows of K floats
    static void weightGradient(long dy, long across, long x, int tokens, int inputs, int rows, long firstPanel,
            long endPanel, long dw, VectorScratch scratch) {
        boolean copies = collides(across);
        // An odd number of cache lines from one copied token to the next.
        long copyPitch = (rows * 4L + 63) / 128 * 128 + 64;
        long copy = copies ? scratch.copies(Backend.BLOCK * copyPitch) : 0;
        for (int from = 0; from < tokens; from += Backend.BLOCK) {
            int chain = Math.min(Backend.BLOCK, tokens - from);
            if (copies) {
                VectorPanels.copyRows(dy + from * across, across, chain, rows, copy, copyPitch);
            }
            long a = copies ? copy : dy + from * across;
            for (long p = firstPanel; p < endPanel; p++) {
                int columns = (int) Math.min(COLUMNS, inputs - p * COLUMNS);
                VectorPanels.copy(x + ((long) from * inputs + p * COLUMNS) * 4, inputs * 4L, chain, columns,
                        scratch.panel);
                tiles(a, 4, copies ? copyPitch : across, rows, scratch.panel, ROW_BYTES, chain, dw + p * ROW_BYTES,
                        inputs * 4L, columns, true, 0, scratch);
            }
        }
    }

    /// One block of one panel for all rows, in tiles of nearly equal height.
    private static void tiles(long a, long down, long across, int rows, long b, long step, int chain, long c,
            long pitch, int columns, boolean add, long bias, VectorScratch scratch) {
        boolean direct = columns == COLUMNS && !add && bias == 0;
        int left = (rows + VectorTile.ROWS - 1) / VectorTile.ROWS;
        for (int row = 0; row < rows; left--) {
            int height = (rows - row + left - 1) / left;
            if (direct) {
                tile(height, a + row * down, down, across, b, step, chain, c + row * pitch, pitch);
            } else {
                tile(height, a + row * down, down, across, b, step, chain, scratch.tile, ROW_BYTES);
                flush(scratch.tile, height, columns, ROW_BYTES, c + row * pitch, pitch, add, bias);
            }
            row += height;
        }
    }

    private static void tile(int rows, long a, long down, long across, long b, long step, int chain, long c,
            long pitch) {
        if (IS_WIDE) {
            VectorWideTile.run(rows, a, down, across, b, step, chain, c, pitch);
        } else {
            VectorTile.run(rows, a, down, across, b, step, chain, c, pitch);
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

    /// Moves the sums of a block to the result: overwrites or adds, then adds bias (0: none).
    private static void flush(long tile, int rows, int columns, long tilePitch, long c, long pitch, boolean add,
            long bias) {
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
