package org.flowrl.gpu;

import java.util.stream.Stream;
import org.flowrl.tensor.RowKernels;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.Arguments;

/// Row kernels, of rows.cu.
final class CudaRows implements RowKernels {
    /// The grid's limit in its second dimension.
    static final long MOST_LAYERS = 65_535;
    /// Numbers that a thread reads in one access.
    static final long FOUR = 4;
    /// Numbers of a row from which on a block of threads has enough of them to do.
    private static final long WIDE_ROW = FOUR * Kernels.BLOCK_THREADS;

    private final Card card;

    CudaRows(Card card) {
        this.card = card;
    }

    private Kernels.Launch launch(String kernel) {
        return card.kernels().launch("rows", kernel);
    }

    @Override
    public void rmsNorm(Tensor x, Tensor weight, double eps, Tensor y, Tensor inverse) {
        Arguments.rmsNorm(x, weight, eps, y, inverse);
        card.requireFloats("rmsNorm", x);
        long rows = x.shape().rows();
        if (isWide(x.dim(-1), x, weight, y)) {
            launch("rmsNormWide").tensor(x).tensor(weight).real(eps).tensor(y).tensor(inverse).number(x.dim(-1))
                    .grid(rows, 1, Kernels.BLOCK_THREADS, 0);
            return;
        }
        launch("rmsNorm").tensor(x).tensor(weight).real(eps).tensor(y).tensor(inverse).number(rows).number(x.dim(-1))
                .overWarps(rows);
    }

    @Override
    public void rmsNormBackward(Tensor dy, Tensor x, Tensor weight, Tensor inverse, Tensor dx, Tensor dweight) {
        Arguments.rmsNormBackward(dy, x, weight, inverse, dx, dweight);
        card.requireFloats("rmsNormBackward", x);
        long rows = x.shape().rows();
        long size = x.dim(-1);
        if (isWide(size, dy, x, weight, dx)) {
            launch("rmsNormInputGradientWide").tensor(dy).tensor(x).tensor(weight).tensor(inverse).tensor(dx)
                    .number(size).grid(rows, 1, Kernels.BLOCK_THREADS, 0);
        } else {
            launch("rmsNormInputGradient").tensor(dy).tensor(x).tensor(weight).tensor(inverse).tensor(dx).number(rows)
                    .number(size).overWarps(rows);
        }
        addNormWeightGradient(card, dy, x, inverse, dweight);
    }

    /// Adds the sum over all rows of dy · x · inverse to the gradient of a norm's weight.
    static void addNormWeightGradient(Card card, Tensor dy, Tensor x, Tensor inverse, Tensor dweight) {
        new ColumnSums(card, x.shape().rows(), x.dim(-1)).add(card.kernels().launch("rows", "rmsNormWeightSum")
                .tensor(dy).tensor(x).tensor(inverse), dweight);
    }

    /// True where a row is worth a block, and can be read 16 bytes at a time.
    private static boolean isWide(long size, Tensor... tensors) {
        return size >= WIDE_ROW && size % FOUR == 0
                && Stream.of(tensors).allMatch(tensor -> tensor.address() % (FOUR * Float.BYTES) == 0);
    }

    @Override
    public void layerNorm(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor inverse) {
        Arguments.layerNorm(x, gamma, beta, eps, y, mean, inverse);
        card.requireFloats("layerNorm", x);
        long rows = x.shape().rows();
        launch("layerNorm").tensor(x).tensor(gamma).tensor(beta).real(eps).tensor(y).tensor(mean).tensor(inverse)
                .number(rows).number(x.dim(-1)).overWarps(rows);
    }

    @Override
    public void layerNormBackward(Tensor dy, Tensor x, Tensor gamma, Tensor mean, Tensor inverse, Tensor dx,
            Tensor dgamma, Tensor dbeta) {
        Arguments.layerNormBackward(dy, x, gamma, mean, inverse, dx, dgamma, dbeta);
        card.requireFloats("layerNormBackward", x);
        long rows = x.shape().rows();
        long size = x.dim(-1);
        launch("layerNormInputGradient").tensor(dy).tensor(x).tensor(gamma).tensor(mean).tensor(inverse).tensor(dx)
                .number(rows).number(size).overWarps(rows);
        ColumnSums sums = new ColumnSums(card, rows, size);
        sums.add(launch("layerNormWeightSum").tensor(dy).tensor(x).tensor(mean).tensor(inverse), dgamma);
        sums.add(launch("columnSum").tensor(dy), dbeta);
    }

    @Override
    public void gather(Tensor table, Tensor ids, Tensor out) {
        Arguments.gather(table, ids, out);
        card.requireFloats("gather", table);
        launch("gather").tensor(table).tensor(ids).tensor(out).number(ids.elements()).number(table.dim(0))
                .number(table.dim(1)).fault(Fault.GATHER_IDS).overWarps(ids.elements());
    }

    @Override
    public void scatterAdd(Tensor dout, Tensor ids, Tensor dtable) {
        Arguments.scatterAdd(dout, ids, dtable);
        card.requireFloats("scatterAdd", dtable);
        long rows = ids.elements();
        long size = dtable.dim(1);
        long next = card.scratch().address(Scratch.Use.SUMS, 2 * rows * Integer.BYTES);
        long isFirst = next + rows * Integer.BYTES;
        launch("chainRows").tensor(ids).number(rows).number(dtable.dim(0)).number(next).number(isFirst)
                .fault(Fault.SCATTER_ADD_IDS).overWarps(rows);
        int threads = Math.clamp(Math.ceilDiv(size, (long) Kernels.WARP) * Kernels.WARP, Kernels.WARP,
                Kernels.BLOCK_THREADS);
        launch("scatterAdd").tensor(dout).tensor(ids).number(next).number(isFirst).tensor(dtable).number(rows)
                .number(size).grid(rows, Math.ceilDiv(size, (long) threads), threads, 0);
    }

    @Override
    public void rope(Tensor x, Tensor positions, Tensor cos, Tensor sin, boolean inverse, Tensor out) {
        Arguments.rope(x, positions, cos, sin, out);
        card.requireFloats("rope", x);
        launch("rope").tensor(x).tensor(positions).tensor(cos).tensor(sin).real(inverse ? -1 : 1).tensor(out)
                .number(x.dim(0)).integer(x.dim(1)).integer(x.dim(2)).number(cos.dim(0)).fault(Fault.ROPE_POSITIONS)
                .overColumns(x.dim(1) * x.dim(2) / 2, Math.min(x.dim(0), MOST_LAYERS));
    }

    @Override
    public void segmentSum(Tensor x, Tensor starts, Tensor out) {
        Arguments.segmentSum(x, starts, out);
        card.requireFloats("segmentSum", x);
        segments("segmentSum", x, starts, out, x.dim(0), out, Fault.SEGMENT_SUM_STARTS);
    }

    @Override
    public void segmentBroadcast(Tensor x, Tensor starts, Tensor out) {
        Arguments.segmentBroadcast(x, starts, out);
        card.requireFloats("segmentBroadcast", x);
        out.fillBytes((byte) 0);
        segments("segmentBroadcast", x, starts, out, out.dim(0), x, Fault.SEGMENT_BROADCAST_STARTS);
    }

    private void segments(String kernel, Tensor x, Tensor starts, Tensor out, long tokens, Tensor sums, Fault fault) {
        checkStarts(card, starts, tokens, false, fault);
        long sequences = starts.elements() - 1;
        long size = sums.shape().rank() == 1 ? 1 : sums.dim(1);
        launch(kernel).tensor(x).tensor(starts).tensor(out).number(sequences).number(tokens).number(size)
                .over(sequences * size);
    }

    /// Has the card look at the starts of sequences.
    static void checkStarts(Card card, Tensor starts, long tokens, boolean covers, Fault fault) {
        card.kernels().launch("rows", "checkStarts").tensor(starts).number(starts.elements()).number(tokens)
                .integer(covers ? 1 : 0).fault(fault).grid(1, 1, Kernels.BLOCK_THREADS, 0);
    }
}
