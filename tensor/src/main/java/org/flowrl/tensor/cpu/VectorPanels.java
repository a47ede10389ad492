package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorCopies.TOKEN_BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.ADDRESS;
import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.BYTES;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.INT;
import static org.flowrl.tensor.cpu.VectorLanes.INTS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;
import static org.flowrl.tensor.cpu.VectorProduct.COLUMNS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Tensor;

/// A weight [N, K] packed in panels of {@link VectorProduct#COLUMNS} outputs: panel p holds, for each k in order, the
/// weights w[p · COLUMNS + j, k]; outputs beyond N are zero. The row-major weight serves the input gradient.
///
/// In BF16, each pair of vectors of a row shares one vector of integers: lane i holds column i of the first in its low
/// half and column i of the second in its high half, so that a shift and a mask widen them.
final class VectorPanels implements PackedMatrix {
    private static final VectorMask<Float> SECOND_ROW = VectorMask.fromLong(FLOATS, -1L << 8);
    private static final int HIGH_HALF = 0xffff0000;

    private final DType storage;
    private final Tensor panels;
    private Tensor weight;

    /// @param panels F32 [panels, K, COLUMNS], or I32 [panels, K, COLUMNS / 2] for BF16
    VectorPanels(Tensor weight, DType storage, Tensor panels) {
        this.weight = weight;
        this.storage = storage;
        this.panels = panels;
    }

    /// The panels of a packed copy that this backend made.
    static VectorPanels of(String operation, PackedMatrix packed) {
        if (!(packed instanceof VectorPanels own)) {
            throw new IllegalArgumentException(operation + ": weight was packed by another backend ("
                    + packed.getClass().getSimpleName() + "), it must be packed by the vector backend");
        }
        return own;
    }

    /// Number of panels for `outputs` columns.
    static long count(long outputs) {
        return (outputs + COLUMNS - 1) / COLUMNS;
    }

    @Override
    public long rows() {
        return weight.dim(0);
    }

    @Override
    public long columns() {
        return weight.dim(1);
    }

    @Override
    public DType storage() {
        return storage;
    }

    @Override
    public long bytes() {
        return panels.bytes();
    }

    @Override
    public boolean readsWeightBackward() {
        return true;
    }

    boolean isNarrow() {
        return storage == DType.BF16;
    }

    /// The address of the row-major weight.
    long weightAddress() {
        return weight.address();
    }

    /// Bytes of one row of a panel.
    long rowBytes() {
        return COLUMNS * (long) storage.bytes();
    }

    /// The address of row k of a panel.
    long address(long panel, long k) {
        return panels.address() + (panel * columns() + k) * rowBytes();
    }

    /// Takes the weights anew.
    void fill(Tensor from, VectorTeam team) {
        weight = from;
        long to = panels.address();
        long source = from.address();
        long outputs = rows();
        long inputs = columns();
        team.forEach(count(outputs), Math.max(1, (1 << 16) / Math.max(1, inputs * COLUMNS)), (first, end, worker) -> {
            for (long p = first; p < end; p++) {
                int columns = (int) Math.min(COLUMNS, outputs - p * COLUMNS);
                long at = source + p * COLUMNS * inputs * 4;
                if (isNarrow()) {
                    packNarrow(at, inputs, columns, to + p * inputs * rowBytes());
                } else {
                    pack(at, inputs, columns, to + p * inputs * rowBytes());
                }
            }
        });
    }

    private static void pack(long weights, long inputs, int columns, long to) {
        long whole = columns == COLUMNS ? inputs - inputs % LENGTH : 0;
        for (long k = 0; k < whole; k += LENGTH, to += LENGTH * COLUMNS * 4L) {
            for (int j = 0; j < COLUMNS; j += LENGTH) {
                VectorTranspose.block(weights + (j * inputs + k) * 4, inputs * 4, LENGTH - 1, to + j * 4L,
                        COLUMNS * 4L);
            }
        }
        for (long k = whole; k < inputs; k++, to += COLUMNS * 4L) {
            for (int j = 0; j < COLUMNS; j++) {
                ALL.set(FLOAT, to + j * 4L, j < columns ? ALL.get(FLOAT, weights + (j * inputs + k) * 4) : 0f);
            }
        }
    }

    private static void packNarrow(long weights, long inputs, int columns, long to) {
        for (long k = 0; k < inputs; k++, to += COLUMNS * 2L) {
            for (int i = 0; i < COLUMNS / 2; i++) {
                int low = i / LENGTH * 2 * LENGTH + i % LENGTH;
                int bits = halfAt(weights, inputs, k, low, columns) & 0xffff
                        | halfAt(weights, inputs, k, low + LENGTH, columns) << 16;
                ALL.set(INT, to + i * 4L, bits);
            }
        }
    }

    private static int halfAt(long weights, long inputs, long k, int column, int columns) {
        return column < columns ? DType.toBfloat16(ALL.get(FLOAT, weights + (column * inputs + k) * 4)) : 0;
    }

    /// Widens `rows` rows of a BF16 panel to floats.
    static void widen(long panel, int rows, long to) {
        for (int i = 0; i < rows * (COLUMNS / (2 * LENGTH)); i++) {
            IntVector pair = IntVector.fromMemorySegment(INTS, ALL, panel + i * BYTES, ORDER);
            pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats()
                    .intoMemorySegment(ALL, to + i * 2 * BYTES, ORDER);
            pair.lanewise(VectorOperators.AND, HIGH_HALF).reinterpretAsFloats()
                    .intoMemorySegment(ALL, to + (i * 2 + 1) * BYTES, ORDER);
        }
    }

    /// Copies `rows` rows of `columns` floats, `pitch` bytes apart, into blocks of panels which follow each other,
    /// zeros beyond `columns`.
    ///
    /// @param narrowed whether each number is rounded to BF16
    static void copy(long from, long pitch, int rows, int columns, boolean narrowed, long to) {
        int whole = narrowed ? 0 : columns / COLUMNS;
        if (whole > 0) {
            copyWhole(from, pitch, rows, whole, to);
        }
        long block = rows * COLUMNS * 4L;
        for (int panel = whole; panel * COLUMNS < columns; panel++) {
            copyPart(from + panel * COLUMNS * 4L, pitch, rows, Math.min(COLUMNS, columns - panel * COLUMNS), narrowed,
                    to + panel * block);
        }
    }

    private static void copyWhole(long from, long pitch, int rows, int panels, long to) {
        long block = rows * COLUMNS * 4L;
        for (int k = 0; k < rows; k++) {
            long at = from + k * pitch & ADDRESS;
            long panel = to + k * COLUMNS * 4L & ADDRESS;
            for (int p = 0; p < panels; p++) {
                for (int j = 0; j < COLUMNS; j += LENGTH) {
                    FloatVector.fromMemorySegment(FLOATS, ALL, at + j * 4L, ORDER)
                            .intoMemorySegment(ALL, panel + j * 4L, ORDER);
                }
                at = at + COLUMNS * 4L & ADDRESS;
                panel = panel + block & ADDRESS;
            }
        }
    }

    private static void copyPart(long from, long pitch, int rows, int columns, boolean narrowed, long to) {
        int whole = narrowed ? 0 : columns - columns % LENGTH;
        for (int k = 0; k < rows; k++, from += pitch, to += COLUMNS * 4L) {
            for (int j = 0; j < whole; j += LENGTH) {
                FloatVector.fromMemorySegment(FLOATS, ALL, from + j * 4L, ORDER)
                        .intoMemorySegment(ALL, to + j * 4L, ORDER);
            }
            for (int j = whole; j < columns; j++) {
                float value = ALL.get(FLOAT, from + j * 4L);
                ALL.set(FLOAT, to + j * 4L, narrowed ? DType.fromBfloat16(DType.toBfloat16(value)) : value);
            }
            for (int j = columns; j < COLUMNS; j++) {
                ALL.set(FLOAT, to + j * 4L, 0f);
            }
        }
    }

    /// Copies `rows` rows of `count` floats, from rows `pitch` bytes apart to rows `toPitch` bytes apart.
    static void copyRows(long from, long pitch, int rows, int count, long to, long toPitch) {
        for (int r = 0; r < rows; r++, from += pitch, to += toPitch) {
            int j = 0;
            for (; j <= count - LENGTH; j += LENGTH) {
                FloatVector.fromMemorySegment(FLOATS, ALL, from + j * 4L, ORDER)
                        .intoMemorySegment(ALL, to + j * 4L, ORDER);
            }
            for (; j < count; j++) {
                ALL.set(FLOAT, to + j * 4L, ALL.get(FLOAT, from + j * 4L));
            }
        }
    }

    /// Copies the columns of `rows` rows, in `tiles` groups of as equal width as can be and of eight at the most, so
    /// that a group's floats of one row, in {@link VectorCopies#TOKEN_BYTES}, follow those of the row before. What
    /// follows the floats of a group is undefined. Rows are read one after the other, as the processor's prefetch
    /// foresees.
    ///
    /// @param pitch bytes from one row to the next, at least those of sixteen floats
    /// @param apart bytes from one group's copy to the next
    static void copyTiles(long from, long pitch, int rows, int columns, int tiles, long to, long apart) {
        int done = LENGTH == Backend.LANES ? copyPairs(from, pitch, rows, columns, tiles, to, apart)
                : copySingles(from, pitch, rows, columns, tiles, to, apart);
        int wider = columns % tiles;
        for (int k = done; k < rows; k++) {
            long at = from + k * pitch;
            for (int tile = 0; tile < tiles; tile++) {
                long out = to + tile * apart + k * TOKEN_BYTES;
                for (int width = columns / tiles + (tile < wider ? 1 : 0); width > 0; width--, at += 4, out += 4) {
                    ALL.set(FLOAT, out, ALL.get(FLOAT, at));
                }
            }
        }
    }

    /// Two rows at a time, in one vector. Returns how many rows: not the last, beyond which nothing may be read.
    private static int copyPairs(long from, long pitch, int rows, int columns, int tiles, long to, long apart) {
        int wider = columns % tiles;
        int done = Math.max(0, (rows - 1) / 2 * 2);
        for (int k = 0; k < done; k += 2) {
            long at = from + k * pitch & ADDRESS;
            long below = at + pitch - TOKEN_BYTES & ADDRESS;
            long out = to + k * TOKEN_BYTES & ADDRESS;
            long step = (columns / tiles + 1) * 4L;
            for (int tile = 0; tile < tiles; tile++) {
                if (tile == wider) {
                    step -= 4;
                }
                FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER)
                        .blend(FloatVector.fromMemorySegment(FLOATS, ALL, below, ORDER), SECOND_ROW)
                        .intoMemorySegment(ALL, out, ORDER);
                at = at + step & ADDRESS;
                below = below + step & ADDRESS;
                out = out + apart & ADDRESS;
            }
        }
        return done;
    }

    private static int copySingles(long from, long pitch, int rows, int columns, int tiles, long to, long apart) {
        int wider = columns % tiles;
        for (int k = 0; k < rows - 1; k++) {
            long at = from + k * pitch & ADDRESS;
            long out = to + k * TOKEN_BYTES & ADDRESS;
            long step = (columns / tiles + 1) * 4L;
            for (int tile = 0; tile < tiles; tile++) {
                if (tile == wider) {
                    step -= 4;
                }
                for (int j = 0; j < 8; j += LENGTH) {
                    FloatVector.fromMemorySegment(FLOATS, ALL, at + j * 4L, ORDER)
                            .intoMemorySegment(ALL, out + j * 4L, ORDER);
                }
                at = at + step & ADDRESS;
                out = out + apart & ADDRESS;
            }
        }
        return Math.max(0, rows - 1);
    }
}
