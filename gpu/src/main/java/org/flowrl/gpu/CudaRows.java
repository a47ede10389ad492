package org.flowrl.gpu;

import org.flowrl.tensor.RowKernels;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.Arguments;

/// Row kernels, of rows.cu.
final class CudaRows implements RowKernels {
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
        launch("rmsNorm").tensor(x).tensor(weight).real(eps).tensor(y).tensor(inverse).number(rows).number(x.dim(-1))
                .overWarps(rows);
    }

    @Override
    public void rmsNormBackward(Tensor dy, Tensor x, Tensor weight, Tensor inverse, Tensor dx, Tensor dweight) {
        Arguments.rmsNormBackward(dy, x, weight, inverse, dx, dweight);
        card.requireFloats("rmsNormBackward", x);
        long rows = x.shape().rows();
        long size = x.dim(-1);
        launch("rmsNormInputGradient").tensor(dy).tensor(x).tensor(weight).tensor(inverse).tensor(dx).number(rows)
                .number(size).overWarps(rows);
        new ColumnSums(card, rows, size).add(launch("rmsNormWeightSum").tensor(dy).tensor(x).tensor(inverse), dweight);
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
        launch("scatterAdd").tensor(dout).tensor(ids).tensor(dtable).number(ids.elements()).number(dtable.dim(0))
                .number(dtable.dim(1)).fault(Fault.SCATTER_ADD_IDS).overWarps(ids.elements());
    }

    @Override
    public void rope(Tensor x, Tensor positions, Tensor cos, Tensor sin, boolean inverse, Tensor out) {
        Arguments.rope(x, positions, cos, sin, out);
        card.requireFloats("rope", x);
        launch("rope").tensor(x).tensor(positions).tensor(cos).tensor(sin).real(inverse ? -1 : 1).tensor(out)
                .number(x.dim(0)).number(x.dim(1)).number(x.dim(2)).number(cos.dim(0)).fault(Fault.ROPE_POSITIONS)
                .over(x.elements() / 2);
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
