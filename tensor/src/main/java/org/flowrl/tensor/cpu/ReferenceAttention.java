package org.flowrl.tensor.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Tensor;

/// Attention in plain loops. N tokens, B sequences, H query heads, G key/value heads of E numbers; i is a row (query)
/// and j a key of one sequence, both counted from its first token.
final class ReferenceAttention implements AttentionKernels {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    @Override
    public void forward(Tensor q, Tensor k, Tensor v, Tensor starts, double scale, Tensor out, Tensor statistics) {
        Arguments.attentionForward(q, k, v, starts, scale, out, statistics);
        Precision p = Precision.of(q.dtype());
        long groupSize = q.dim(1) / k.dim(1);
        MemorySegment bounds = starts.segment();
        try (Arena scratch = Arena.ofConfined()) {
            Row row = new Row(p, scratch, q, q.dim(0), scale);
            for (long b = 0; b < starts.elements() - 1; b++) {
                int first = bounds.get(INT, b * Integer.BYTES);
                int tokens = bounds.get(INT, (b + 1) * Integer.BYTES) - first;
                for (long h = 0; h < q.dim(1); h++) {
                    ReferenceMatrix queries = ReferenceMatrix.ofHead(q, first, h);                  // [tokens, E]
                    ReferenceMatrix keys = ReferenceMatrix.ofHead(k, first, h / groupSize);         // [tokens, E]
                    ReferenceMatrix values = ReferenceMatrix.ofHead(v, first, h / groupSize);       // [tokens, E]
                    ReferenceMatrix outs = ReferenceMatrix.ofHead(out, first, h);                   // [tokens, E]
                    ReferenceMatrix extremes = ReferenceMatrix.ofHead(statistics, first, h);        // [tokens, 2]
                    for (long i = 0; i < tokens; i++) {
                        row.attend(queries.from(i), keys, values, i + 1, outs.from(i));
                        extremes.set(p, i, 0, row.maximum);
                        extremes.set(p, i, 1, row.inverse);
                    }
                }
            }
        }
    }

    /// One query row over its keys; the one text that packed and paged attention share.
    private static final class Row {
        private final Precision p;
        private final double scale;
        private final int size;
        private final ReferenceMatrix weights;
        private final ReferenceLanes lanes;
        private double maximum;
        private double inverse;

        Row(Precision p, Arena scratch, Tensor q, long mostKeys, double scale) {
            this.p = p;
            this.scale = p.round(scale);
            this.size = Math.toIntExact(q.dim(2));
            this.weights = scratchRow(scratch, q, mostKeys);
            this.lanes = new ReferenceLanes(p);
        }

        /// Overwrites the first row of `out` from the first row of `query` over `count` rows of keys and values.
        void attend(ReferenceMatrix query, ReferenceMatrix keys, ReferenceMatrix values, long count,
                ReferenceMatrix out) {
            maximum = Double.NEGATIVE_INFINITY;
            for (long j = 0; j < count; j++) {
                double s = p.multiply(ReferenceMatrix.dot(p, query, 0, keys, j, size), scale);
                weights.set(p, 0, j, s);
                maximum = Math.max(maximum, s);
            }
            for (long j = 0; j < count; j++) {
                double w = p.exp(p.subtract(weights.at(p, 0, j), maximum));
                weights.set(p, 0, j, w);
                lanes.add(j, w);
            }
            inverse = p.divide(1, lanes.fold());
            ReferenceMatrix.product(p, weights, values, out, 1, count, size, false);
            for (long e = 0; e < size; e++) {
                out.set(p, 0, e, p.multiply(out.at(p, 0, e), inverse));
            }
        }
    }

    @Override
    public void backward(Tensor dout, Tensor q, Tensor k, Tensor v, Tensor out, Tensor statistics, Tensor starts,
            double scale, Tensor dq, Tensor dk, Tensor dv) {
        Arguments.attentionBackward(dout, q, k, v, out, statistics, starts, scale, dq, dk, dv);
        long groupSize = q.dim(1) / k.dim(1);
        MemorySegment bounds = starts.segment();
        dk.fillBytes((byte) 0);
        dv.fillBytes((byte) 0);
        try (Arena scratch = Arena.ofConfined()) {
            ReferenceMatrix dS = scratchRow(scratch, q, q.dim(0));                                  // [1, tokens]
            for (long b = 0; b < starts.elements() - 1; b++) {
                int first = bounds.get(INT, b * Integer.BYTES);
                int tokens = bounds.get(INT, (b + 1) * Integer.BYTES) - first;
                for (long h = 0; h < q.dim(1); h++) {
                    long g = h / groupSize;
                    HeadGradient head = new HeadGradient(Precision.of(q.dtype()), scale, q.dim(2),
                            ReferenceMatrix.ofHead(dout, first, h), ReferenceMatrix.ofHead(q, first, h),
                            ReferenceMatrix.ofHead(k, first, g), ReferenceMatrix.ofHead(v, first, g),
                            ReferenceMatrix.ofHead(out, first, h), ReferenceMatrix.ofHead(statistics, first, h), dS,
                            ReferenceMatrix.ofHead(dq, first, h), ReferenceMatrix.ofHead(dk, first, g),
                            ReferenceMatrix.ofHead(dv, first, g));
                    for (long i = 0; i < tokens; i++) {
                        head.ofRow(i);
                    }
                }
            }
        }
    }

    /// The gradients of one query head of one sequence; every matrix is [tokens, E] but statistics [tokens, 2] and
    /// dS [1, tokens]. Rows are taken in order, and with them the chains of dk and dv.
    private record HeadGradient(Precision p, double scale, long size, ReferenceMatrix dout, ReferenceMatrix q,
            ReferenceMatrix k, ReferenceMatrix v, ReferenceMatrix out, ReferenceMatrix statistics, ReferenceMatrix dS,
            ReferenceMatrix dq, ReferenceMatrix dk, ReferenceMatrix dv) {

        void ofRow(long i) {
            ReferenceLanes lanes = new ReferenceLanes(p);
            for (long e = 0; e < size; e++) {
                lanes.addProduct(e, dout.at(p, i, e), out.at(p, i, e));
            }
            double d = lanes.fold();
            double maximum = statistics.at(p, i, 0);
            double inverse = statistics.at(p, i, 1);
            double factor = p.round(scale);
            for (long j = 0; j <= i; j++) {
                double s = p.multiply(ReferenceMatrix.dot(p, q, i, k, j, size), factor);
                double probability = p.multiply(p.exp(p.subtract(s, maximum)), inverse);
                double dP = ReferenceMatrix.dot(p, dout, i, v, j, size);
                double slope = p.multiply(p.multiply(probability, p.subtract(dP, d)), factor);
                dS.set(p, 0, j, slope);
                for (long e = 0; e < size; e++) {
                    dk.set(p, j, e, p.fma(slope, q.at(p, i, e), dk.at(p, j, e)));
                    dv.set(p, j, e, p.fma(probability, dout.at(p, i, e), dv.at(p, j, e)));
                }
            }
            ReferenceMatrix.product(p, dS, k, dq.from(i), 1, i + 1, Math.toIntExact(size), false);
        }
    }

    @Override
    public void writePages(Tensor k, Tensor v, Tensor slots, Tensor keyPages, Tensor valuePages) {
        Arguments.attentionWritePages(k, v, slots, keyPages, valuePages);
        Precision p = Precision.of(k.dtype());
        for (long n = 0; n < k.dim(0); n++) {
            int slot = slots.segment().get(INT, n * Integer.BYTES);
            for (long g = 0; g < k.dim(1); g++) {
                ReferenceMatrix key = ReferenceMatrix.ofHead(k, n, g);                              // [1, E]
                ReferenceMatrix value = ReferenceMatrix.ofHead(v, n, g);                            // [1, E]
                ReferenceMatrix keys = pageOfKeys(keyPages, slot / Backend.LANES, g);               // [LANES, E]
                ReferenceMatrix values = pageOfValues(valuePages, slot / Backend.LANES, g);         // [LANES, E]
                for (long e = 0; e < k.dim(2); e++) {
                    keys.set(p, slot % Backend.LANES, e, key.at(p, 0, e));
                    values.set(p, slot % Backend.LANES, e, value.at(p, 0, e));
                }
            }
        }
    }

    @Override
    public void forwardPaged(Tensor q, Tensor keyPages, Tensor valuePages, Tensor positions, Tensor sequences,
            Tensor pageTable, double scale, Tensor out) {
        Arguments.attentionForwardPaged(q, keyPages, valuePages, positions, sequences, pageTable, scale, out);
        Precision p = Precision.of(q.dtype());
        long mostKeys = pageTable.dim(1) * Backend.LANES;
        long groupSize = q.dim(1) / keyPages.dim(1);
        try (Arena scratch = Arena.ofConfined()) {
            Row row = new Row(p, scratch, q, mostKeys, scale);
            ReferenceMatrix keys = scratchRows(scratch, q, mostKeys);                               // [keys, E]
            ReferenceMatrix values = scratchRows(scratch, q, mostKeys);                             // [keys, E]
            for (long n = 0; n < q.dim(0); n++) {
                long count = positions.segment().get(INT, n * Integer.BYTES) + 1L;
                long entry = sequences.segment().get(INT, n * Integer.BYTES) * pageTable.dim(1);
                for (long g = 0; g < keyPages.dim(1); g++) {
                    for (long j = 0; j < count; j++) {
                        int page = pageTable.segment().get(INT, (entry + j / Backend.LANES) * Integer.BYTES);
                        copyRow(p, pageOfKeys(keyPages, page, g), j % Backend.LANES, keys, j, q.dim(2));
                        copyRow(p, pageOfValues(valuePages, page, g), j % Backend.LANES, values, j, q.dim(2));
                    }
                    for (long h = g * groupSize; h < (g + 1) * groupSize; h++) {
                        row.attend(ReferenceMatrix.ofHead(q, n, h), keys, values, count,
                                ReferenceMatrix.ofHead(out, n, h));
                    }
                }
            }
        }
    }

    private static void copyRow(Precision p, ReferenceMatrix from, long row, ReferenceMatrix to, long toRow,
            long size) {
        for (long e = 0; e < size; e++) {
            to.set(p, toRow, e, from.at(p, row, e));
        }
    }

    /// Keys of one page and head, stored transposed, as [LANES, E].
    private static ReferenceMatrix pageOfKeys(Tensor keyPages, long page, long g) {
        long start = (page * keyPages.dim(1) + g) * keyPages.dim(2) * Backend.LANES;
        return new ReferenceMatrix(keyPages.segment(), start, 1, Backend.LANES);
    }

    /// Values of one page and head as [LANES, E].
    private static ReferenceMatrix pageOfValues(Tensor valuePages, long page, long g) {
        long start = (page * valuePages.dim(1) + g) * valuePages.dim(3) * Backend.LANES;
        return new ReferenceMatrix(valuePages.segment(), start, valuePages.dim(3), 1);
    }

    private static ReferenceMatrix scratchRow(Arena scratch, Tensor like, long columns) {
        return new ReferenceMatrix(scratch.allocate(columns * like.dtype().bytes(), 64), 0, columns, 1);
    }

    private static ReferenceMatrix scratchRows(Arena scratch, Tensor q, long rows) {
        return new ReferenceMatrix(scratch.allocate(rows * q.dim(2) * q.dtype().bytes(), 64), 0, q.dim(2), 1);
    }
}
