package org.flowrl.tensor.cpu;

import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;

/// The attention of a planned backend beside weights of a type, as {@link PlanKernels}.
record PlanAttention(PlanScratch scratch, DType storage) implements AttentionKernels {
    @Override
    public void forward(Tensor q, Tensor k, Tensor v, Tensor starts, double scale, Tensor out, Tensor statistics) {
        Arguments.attentionForward(q, k, v, starts, scale, out, statistics);
        scratch.attention(heads(q, k, starts), storage);
    }

    @Override
    public void backward(Tensor dout, Tensor q, Tensor k, Tensor v, Tensor out, Tensor statistics, Tensor starts,
            double scale, Tensor dq, Tensor dk, Tensor dv) {
        Arguments.attentionBackward(dout, q, k, v, out, statistics, starts, scale, dq, dk, dv);
        scratch.attentionBackward(heads(q, k, starts), storage);
    }

    /// Of packed sequences that are all as long.
    private static PlanScratch.Heads heads(Tensor q, Tensor k, Tensor starts) {
        return new PlanScratch.Heads(q.dim(0), q.dim(1), k.dim(1), q.dim(2),
                Math.ceilDiv(q.dim(0), Math.max(1, starts.elements() - 1)));
    }

    @Override
    public void writePages(Tensor k, Tensor v, Tensor slots, Tensor keyPages, Tensor valuePages) {
        Arguments.attentionWritePages(k, v, slots, keyPages, valuePages);
    }

    @Override
    public void forwardPaged(Tensor q, Tensor keyPages, Tensor valuePages, Tensor positions, Tensor sequences,
            Tensor pageTable, double scale, Tensor out) {
        Arguments.attentionForwardPaged(q, keyPages, valuePages, positions, sequences, pageTable, scale, out);
        scratch.pagedAttention(q.dim(0), q.dim(1), pageTable.dim(1) * Backend.LANES, q.dim(2));
    }
}
