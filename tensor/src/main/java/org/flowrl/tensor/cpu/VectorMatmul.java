package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorProduct.COLUMNS;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.MatmulKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;

/// Matrix products by register tiles over packed panels. M rows, K inputs, N outputs.
final class VectorMatmul implements MatmulKernels {
    /// The least multiplications in a part: some 10 µs.
    private static final long PART_WORK = 1 << 18;
    /// Rows of a part: at least this many, so that what a part copies of the weight is small beside its products.
    private static final int LEAST_ROWS = 48;
    /// Rows of y or dx in a part at the most: a block of x or dy that belongs to them stays in the second-level cache
    /// while panels go by, and what a part reads of the weight is small beside its products.
    static final int MOST_ROWS = 256;
    /// Panels of a part, where rows can be cut as well.
    private static final int LEAST_PANELS = 4;
    /// Parts of a weight gradient for each thread, at the most.
    private static final int PARTS_PER_THREAD = 4;
    /// Rows of dw in a part: at least two whole tiles.
    private static final int LEAST_GRADIENT_ROWS = 2 * VectorTile.ROWS;
    /// Multiplications that take as long as the copying of one number.
    private static final double COPY_COST = 10;
    /// How much longer a kernel takes whose threads have one part each, because one of them is disturbed; half as much
    /// with two parts each.
    private static final double DISTURBANCE = 0.02;

    private final VectorTeam team;

    VectorMatmul(VectorTeam team) {
        this.team = team;
    }

    /// How a product is cut: rows in `rowParts` equal parts, panels in `panelParts`, between groups of `group` panels.
    private record Grid(long rows, int rowParts, long panels, int panelParts, int group) {
        int count() {
            return rowParts * panelParts;
        }

        long firstRow(int part) {
            return rows * (part % rowParts) / rowParts;
        }

        int rowCount(int part) {
            return (int) (rows * (part % rowParts + 1) / rowParts - firstRow(part));
        }

        long firstPanel(int part) {
            return cut(part / rowParts);
        }

        long endPanel(int part) {
            return cut(part / rowParts + 1);
        }

        private long cut(int panelPart) {
            return Math.min(panels, partsOf(panels, group) * panelPart / panelParts * group);
        }
    }

    /// Cuts panels first, since parts of other panels read other weights, then rows where panels are few.
    private Grid grid(long rows, long panels, long chain) {
        long wanted = team.parts(rows * panels * COLUMNS * chain, PART_WORK);
        long forCache = Math.max(1, partsOf(rows, MOST_ROWS));
        long panelParts = Math.clamp(partsOf(wanted, forCache), 1, Math.max(1, panels / LEAST_PANELS));
        long rowParts = Math.clamp(partsOf(wanted, panelParts), forCache, Math.max(forCache, rows / LEAST_ROWS));
        // Few panels are not cut where rows alone give every thread as much: their halves are not equal.
        if (panelParts > 1 || rowParts % team.threads() != 0) {
            panelParts = Math.clamp(partsOf(wanted, rowParts), 1, Math.max(1, panels));
        }
        return new Grid(rows, Math.toIntExact(rowParts), panels, Math.toIntExact(panelParts),
                rows == 1 ? VectorProduct.STREAMS : 1);
    }

    /// Cuts a weight gradient into parts that are done together and copy little: each copies its columns of dy and of x
    /// where it does not read them in place.
    private Grid gradientGrid(long outputs, long inputs, long tokens) {
        long panels = VectorPanels.count(inputs);
        long threads = Math.clamp(outputs * inputs * tokens / PART_WORK, 1, team.threads());
        long forCache = Math.max(1, partsOf(outputs, VectorCopies.mostTileRows(tokens)));
        double copiesOfX = VectorCopies.ofPanels(inputs) ? 1.0 / outputs : 0;
        double copiesOfDy = VectorCopies.ofTiles(outputs * 4) ? 1.0 / inputs : 0;
        Grid best = null;
        double least = Double.POSITIVE_INFINITY;
        for (long perThread = 1; perThread <= (threads == 1 ? 1 : PARTS_PER_THREAD); perThread *= 2) {
            for (long panelParts = 1; panelParts <= Math.clamp(panels, 1, perThread * threads); panelParts++) {
                long rowParts = Math.clamp(partsOf(perThread * threads, panelParts), 1,
                        Math.max(1, outputs / LEAST_GRADIENT_ROWS));
                rowParts = partsOf(Math.max(rowParts, forCache) * panelParts, threads) * threads / panelParts;
                double largest = partsOf(outputs, rowParts) / (double) outputs * partsOf(panels, panelParts) / panels;
                double time = largest * partsOf(rowParts * panelParts, threads) * (1 + DISTURBANCE / perThread)
                        * (1 + COPY_COST * (rowParts * copiesOfX + panelParts * copiesOfDy));
                if (time < least) {
                    least = time;
                    best = new Grid(outputs, Math.toIntExact(rowParts), panels, Math.toIntExact(panelParts), 1);
                }
            }
        }
        return best;
    }

    private static long partsOf(long count, long size) {
        return (count + size - 1) / size;
    }

    @Override
    public PackedMatrix pack(Tensor weight, DType storage, Scope scope) {
        Arguments.matmulPack(weight, storage);
        VectorBackend.requireFloats("matmul pack", weight);
        long panels = VectorPanels.count(weight.dim(0));
        Tensor data = storage == DType.BF16
                ? scope.allocateExactly(DType.I32, Shape.of(panels, weight.dim(1), COLUMNS / 2))
                : scope.allocateExactly(DType.F32, Shape.of(panels, weight.dim(1), COLUMNS));
        VectorPanels packed = new VectorPanels(weight, storage, data);
        packed.fill(weight, team);
        return packed;
    }

    @Override
    public void repack(Tensor weight, PackedMatrix packed) {
        Arguments.matmulRepack(weight, packed);
        VectorBackend.requireFloats("matmul repack", weight);
        VectorPanels.of("matmul repack", packed).fill(weight, team);
    }

    @Override
    public void forward(Tensor x, PackedMatrix w, Tensor bias, Tensor y) {
        Arguments.matmulForward(x, w, bias, y);
        VectorBackend.requireFloats("matmul forward", x);
        VectorPanels panels = VectorPanels.of("matmul forward", w);
        long inputs = w.columns();
        long outputs = w.rows();
        Grid grid = grid(x.dim(0), VectorPanels.count(outputs), inputs);
        long from = x.address();
        long to = y.address();
        long biases = bias == null ? 0 : bias.address();
        team.run(grid.count(), (part, worker) -> {
            long row = grid.firstRow(part);
            long panel = grid.firstPanel(part);
            VectorProduct.forward(panels, from + row * inputs * 4, grid.rowCount(part), panel, grid.endPanel(part),
                    biases, to + (row * outputs + panel * COLUMNS) * 4, outputs * 4, team.scratch(worker));
        });
    }

    @Override
    public void inputGradient(Tensor dy, PackedMatrix w, Tensor dx, boolean add) {
        Arguments.matmulInputGradient(dy, w, dx);
        VectorBackend.requireFloats("matmul inputGradient", dy);
        VectorPanels panels = VectorPanels.of("matmul inputGradient", w);
        inputGradient(panels, 0, Math.toIntExact(w.rows()), dy.address(), dy.dim(0), dx.address(), add);
    }

    /// dx = dy · w, or dx += dy · w, over the rows firstOutput … firstOutput + outputs − 1 of the weight.
    ///
    /// @param dy [rows, outputs]
    void inputGradient(VectorPanels panels, long firstOutput, int outputs, long dy, long rows, long dx, boolean add) {
        int inputs = Math.toIntExact(panels.columns());
        Grid grid = grid(rows, VectorPanels.count(inputs), outputs);
        long weight = panels.weightAddress() + firstOutput * inputs * 4;
        team.run(grid.count(), (part, worker) -> {
            long row = grid.firstRow(part);
            VectorProduct.inputGradient(weight, inputs, panels.isNarrow(), outputs, dy + row * outputs * 4,
                    outputs * 4L, grid.rowCount(part), grid.firstPanel(part), grid.endPanel(part),
                    dx + row * inputs * 4, add, team.scratch(worker));
        });
    }

    @Override
    public void weightGradient(Tensor dy, Tensor x, Tensor dw) {
        Arguments.matmulWeightGradient(dy, x, dw);
        VectorBackend.requireFloats("matmul weightGradient", dy);
        weightGradient(dy.address(), dy.dim(1) * 4, x.address(), Math.toIntExact(x.dim(0)),
                Math.toIntExact(x.dim(1)), dy.dim(1), dw.address());
    }

    /// dw += dyᵀ · x over addresses.
    ///
    /// @param across bytes from one token of dy to the next
    void weightGradient(long dy, long across, long x, int tokens, int inputs, long outputs, long dw) {
        Grid grid = gradientGrid(outputs, inputs, tokens);
        team.run(grid.count(), (part, worker) -> {
            long row = grid.firstRow(part);
            VectorProduct.weightGradient(dy + row * 4, across, x, tokens, inputs, grid.rowCount(part),
                    grid.firstPanel(part), grid.endPanel(part), dw + row * inputs * 4, team.scratch(worker));
        });
    }

    @Override
    public void biasGradient(Tensor dy, Tensor db) {
        Arguments.matmulBiasGradient(dy, db);
        VectorBackend.requireFloats("matmul biasGradient", dy);
        long tokens = dy.dim(0);
        int outputs = Math.toIntExact(dy.dim(1));
        long from = dy.address();
        long blocks = (tokens + Backend.BLOCK - 1) / Backend.BLOCK;
        long sums = team.shared().buffer(blocks * outputs * 4);
        team.forEach(blocks, 1 + (1 << 15) / (Backend.BLOCK * Math.max(1, outputs)), (first, end, worker) -> {
            for (long block = first; block < end; block++) {
                int rows = (int) Math.min(Backend.BLOCK, tokens - block * Backend.BLOCK);
                VectorColumns.sum(from + block * Backend.BLOCK * outputs * 4, outputs, rows,
                        sums + block * outputs * 4);
            }
        });
        VectorColumns.addBlocks(sums, (int) blocks, outputs, db.address());
    }
}
