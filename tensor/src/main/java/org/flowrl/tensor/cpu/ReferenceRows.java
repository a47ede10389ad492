package org.flowrl.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.RowKernels;
import org.flowrl.tensor.Tensor;

/// Row kernels in plain loops. R rows of D numbers, N tokens, H heads of E numbers, V words, B sequences.
final class ReferenceRows implements RowKernels {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    @Override
    public void rmsNorm(Tensor x, Tensor weight, double eps, Tensor y, Tensor inverse) {
        Arguments.rmsNorm(x, weight, eps, y, inverse);
        Precision p = Precision.of(x.dtype());
        ReferenceMatrix xs = ReferenceMatrix.of(x);
        ReferenceMatrix ys = ReferenceMatrix.of(y);
        MemorySegment weights = weight.segment();
        MemorySegment inverses = inverse.segment();
        ReferenceLanes squares = new ReferenceLanes(p);
        long columns = x.dim(-1);
        double epsilon = p.round(eps);
        for (long r = 0; r < x.shape().rows(); r++) {
            for (long d = 0; d < columns; d++) {
                squares.addProduct(d, xs.at(p, r, d), xs.at(p, r, d));
            }
            double meanSquare = p.divide(squares.fold(), p.round(columns));
            double scale = p.divide(1, p.sqrt(p.add(meanSquare, epsilon)));
            p.store(inverses, r, scale);
            for (long d = 0; d < columns; d++) {
                ys.set(p, r, d, p.multiply(p.multiply(xs.at(p, r, d), scale), p.load(weights, d)));
            }
        }
    }

    @Override
    public void rmsNormBackward(Tensor dy, Tensor x, Tensor weight, Tensor inverse, Tensor dx, Tensor dweight) {
        Arguments.rmsNormBackward(dy, x, weight, inverse, dx, dweight);
        Precision p = Precision.of(x.dtype());
        ReferenceMatrix xs = ReferenceMatrix.of(x);
        ReferenceMatrix dys = ReferenceMatrix.of(dy);
        ReferenceMatrix dxs = ReferenceMatrix.of(dx);
        MemorySegment weights = weight.segment();
        MemorySegment inverses = inverse.segment();
        ReferenceLanes products = new ReferenceLanes(p);
        long columns = x.dim(-1);
        for (long r = 0; r < x.shape().rows(); r++) {
            double scale = p.load(inverses, r);
            for (long d = 0; d < columns; d++) {
                products.addProduct(d, p.multiply(dys.at(p, r, d), p.load(weights, d)), xs.at(p, r, d));
            }
            double cube = p.multiply(p.multiply(scale, scale), scale);
            double c = p.divide(p.multiply(products.fold(), cube), p.round(columns));
            for (long d = 0; d < columns; d++) {
                double g = p.multiply(dys.at(p, r, d), p.load(weights, d));
                dxs.set(p, r, d, p.fma(-c, xs.at(p, r, d), p.multiply(g, scale)));
            }
        }
        addColumnChains(p, dweight, x.shape().rows(), (r, d, sum) ->
                p.fma(dys.at(p, r, d), p.multiply(xs.at(p, r, d), p.load(inverses, r)), sum));
    }

    @Override
    public void layerNorm(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor inverse) {
        Arguments.layerNorm(x, gamma, beta, eps, y, mean, inverse);
        Precision p = Precision.of(x.dtype());
        ReferenceMatrix xs = ReferenceMatrix.of(x);
        ReferenceMatrix ys = ReferenceMatrix.of(y);
        MemorySegment gammas = gamma.segment();
        MemorySegment betas = beta.segment();
        ReferenceLanes lanes = new ReferenceLanes(p);
        long columns = x.dim(-1);
        double size = p.round(columns);
        double epsilon = p.round(eps);
        for (long r = 0; r < x.shape().rows(); r++) {
            for (long d = 0; d < columns; d++) {
                lanes.add(d, xs.at(p, r, d));
            }
            double centre = p.divide(lanes.fold(), size);
            for (long d = 0; d < columns; d++) {
                double difference = p.subtract(xs.at(p, r, d), centre);
                lanes.addProduct(d, difference, difference);
            }
            double scale = p.divide(1, p.sqrt(p.add(p.divide(lanes.fold(), size), epsilon)));
            p.store(mean.segment(), r, centre);
            p.store(inverse.segment(), r, scale);
            for (long d = 0; d < columns; d++) {
                double normal = p.multiply(p.subtract(xs.at(p, r, d), centre), scale);
                ys.set(p, r, d, p.fma(normal, p.load(gammas, d), p.load(betas, d)));
            }
        }
    }

    @Override
    public void layerNormBackward(Tensor dy, Tensor x, Tensor gamma, Tensor mean, Tensor inverse, Tensor dx,
            Tensor dgamma, Tensor dbeta) {
        Arguments.layerNormBackward(dy, x, gamma, mean, inverse, dx, dgamma, dbeta);
        Precision p = Precision.of(x.dtype());
        ReferenceMatrix xs = ReferenceMatrix.of(x);
        ReferenceMatrix dys = ReferenceMatrix.of(dy);
        ReferenceMatrix dxs = ReferenceMatrix.of(dx);
        MemorySegment gammas = gamma.segment();
        MemorySegment means = mean.segment();
        MemorySegment inverses = inverse.segment();
        ReferenceLanes sums = new ReferenceLanes(p);
        ReferenceLanes products = new ReferenceLanes(p);
        long columns = x.dim(-1);
        double size = p.round(columns);
        for (long r = 0; r < x.shape().rows(); r++) {
            double centre = p.load(means, r);
            double scale = p.load(inverses, r);
            for (long d = 0; d < columns; d++) {
                double g = p.multiply(dys.at(p, r, d), p.load(gammas, d));
                sums.add(d, g);
                products.addProduct(d, g, p.multiply(p.subtract(xs.at(p, r, d), centre), scale));
            }
            double a = p.divide(sums.fold(), size);
            double b = p.divide(products.fold(), size);
            for (long d = 0; d < columns; d++) {
                double n = p.multiply(p.subtract(xs.at(p, r, d), centre), scale);
                double g = p.multiply(dys.at(p, r, d), p.load(gammas, d));
                dxs.set(p, r, d, p.multiply(p.subtract(p.subtract(g, a), p.multiply(n, b)), scale));
            }
        }
        addColumnChains(p, dgamma, x.shape().rows(), (r, d, sum) -> {
            double n = p.multiply(p.subtract(xs.at(p, r, d), p.load(means, r)), p.load(inverses, r));
            return p.fma(dys.at(p, r, d), n, sum);
        });
        addColumnChains(p, dbeta, x.shape().rows(), (r, d, sum) -> p.add(sum, dys.at(p, r, d)));
    }

    /// One link of a column's chain: `sum` with element (r, d) taken in.
    private interface Link {
        double next(long r, long d, double sum);
    }

    /// Adds to each of `sums` [D] its column's chain over rows, block by block.
    private static void addColumnChains(Precision p, Tensor sums, long rows, Link link) {
        MemorySegment out = sums.segment();
        for (long d = 0; d < sums.elements(); d++) {
            for (long from = 0; from < rows; from += Backend.BLOCK) {
                double block = 0;
                for (long r = from; r < Math.min(rows, from + Backend.BLOCK); r++) {
                    block = link.next(r, d, block);
                }
                p.store(out, d, p.add(p.load(out, d), block));
            }
        }
    }

    @Override
    public void gather(Tensor table, Tensor ids, Tensor out) {
        Arguments.gather(table, ids, out);
        long bytes = table.dim(1) * table.dtype().bytes();
        for (long n = 0; n < ids.elements(); n++) {
            MemorySegment.copy(table.segment(), ids.segment().get(INT, n * Integer.BYTES) * bytes, out.segment(),
                    n * bytes, bytes);
        }
    }

    @Override
    public void scatterAdd(Tensor dout, Tensor ids, Tensor dtable) {
        Arguments.scatterAdd(dout, ids, dtable);
        Precision p = Precision.of(dtable.dtype());
        ReferenceMatrix from = ReferenceMatrix.of(dout);
        ReferenceMatrix to = ReferenceMatrix.of(dtable);
        MemorySegment rows = ids.segment();
        for (long n = 0; n < ids.elements(); n++) {
            int id = rows.get(INT, n * Integer.BYTES);
            for (long d = 0; d < dtable.dim(1); d++) {
                to.set(p, id, d, p.add(to.at(p, id, d), from.at(p, n, d)));
            }
        }
    }

    @Override
    public void rope(Tensor x, Tensor positions, Tensor cos, Tensor sin, boolean inverse, Tensor out) {
        Arguments.rope(x, positions, cos, sin, out);
        Precision p = Precision.of(x.dtype());
        ReferenceMatrix cosines = ReferenceMatrix.of(cos);
        ReferenceMatrix sines = ReferenceMatrix.of(sin);
        MemorySegment places = positions.segment();
        long half = x.dim(2) / 2;
        for (long head = 0; head < x.dim(1); head++) {
            ReferenceMatrix from = ReferenceMatrix.ofHead(x, 0, head);      // [N, E]
            ReferenceMatrix to = ReferenceMatrix.ofHead(out, 0, head);      // [N, E]
            for (long n = 0; n < x.dim(0); n++) {
                int position = places.get(INT, n * Integer.BYTES);
                for (long e = 0; e < half; e++) {
                    double c = cosines.at(p, position, e);
                    double s = inverse ? -sines.at(p, position, e) : sines.at(p, position, e);
                    double a = from.at(p, n, e);
                    double b = from.at(p, n, e + half);
                    to.set(p, n, e, p.subtract(p.multiply(a, c), p.multiply(b, s)));
                    to.set(p, n, e + half, p.add(p.multiply(b, c), p.multiply(a, s)));
                }
            }
        }
    }

    @Override
    public void segmentSum(Tensor x, Tensor starts, Tensor out) {
        Arguments.segmentSum(x, starts, out);
        Precision p = Precision.of(x.dtype());
        long columns = columns(x);
        MemorySegment from = x.segment();
        MemorySegment bounds = starts.segment();
        for (long b = 0; b < starts.elements() - 1; b++) {
            int first = bounds.get(INT, b * Integer.BYTES);
            int end = bounds.get(INT, (b + 1) * Integer.BYTES);
            for (long d = 0; d < columns; d++) {
                double sum = 0;
                for (long n = first; n < end; n++) {
                    sum = p.add(sum, p.load(from, n * columns + d));
                }
                p.store(out.segment(), b * columns + d, sum);
            }
        }
    }

    @Override
    public void segmentBroadcast(Tensor x, Tensor starts, Tensor out) {
        Arguments.segmentBroadcast(x, starts, out);
        long bytes = columns(x) * x.dtype().bytes();
        MemorySegment bounds = starts.segment();
        out.fillBytes((byte) 0);
        for (long b = 0; b < starts.elements() - 1; b++) {
            int end = bounds.get(INT, (b + 1) * Integer.BYTES);
            for (long n = bounds.get(INT, b * Integer.BYTES); n < end; n++) {
                MemorySegment.copy(x.segment(), b * bytes, out.segment(), n * bytes, bytes);
            }
        }
    }

    private static long columns(Tensor tensor) {
        return tensor.shape().rank() == 1 ? 1 : tensor.dim(1);
    }
}
