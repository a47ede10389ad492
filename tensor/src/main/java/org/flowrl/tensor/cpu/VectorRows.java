package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.INT;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.RowKernels;
import org.flowrl.tensor.Tensor;

/// Row kernels. R rows of D numbers, N tokens, H heads of E numbers, V words, B sequences.
///
/// Gradients of norm weights are summed in blocks of {@link Backend#BLOCK} rows, each by one worker into the call's
/// scratch, and the block sums are added in order.
final class VectorRows implements RowKernels {
    /// Numbers that are worth another thread, some 5 µs of work.
    private static final long PART_NUMBERS = 6 << 12;

    private final VectorTeam team;

    VectorRows(VectorTeam team) {
        this.team = team;
    }

    @Override
    public void rmsNorm(Tensor x, Tensor weight, double eps, Tensor y, Tensor inverse) {
        Arguments.rmsNorm(x, weight, eps, y, inverse);
        VectorBackend.requireFloats("rmsNorm", x);
        int size = Math.toIntExact(x.dim(-1));
        long from = x.address();
        long weights = weight.address();
        long to = y.address();
        long inverses = inverse.address();
        float epsilon = (float) eps;
        team.forEach(x.shape().rows(), size, PART_NUMBERS, (first, end, worker) -> {
            long lanes = team.scratch(worker).lanes;
            long bytes = size * 4L;
            float scale = first == end ? 0 : VectorNorms.inverseRms(from + first * bytes, epsilon, size, lanes);
            for (long r = first; r < end; r++) {
                long at = r * bytes;
                ALL.set(FLOAT, inverses + r * 4, scale);
                if (r + 1 < end) {
                    scale = VectorNorms.rms(from + at, weights, scale, size, to + at, from + at + bytes, epsilon,
                            lanes);
                } else {
                    VectorNorms.rms(from + at, weights, scale, size, to + at);
                }
            }
        });
    }

    @Override
    public void rmsNormBackward(Tensor dy, Tensor x, Tensor weight, Tensor inverse, Tensor dx, Tensor dweight) {
        Arguments.rmsNormBackward(dy, x, weight, inverse, dx, dweight);
        VectorBackend.requireFloats("rmsNormBackward", x);
        int size = Math.toIntExact(x.dim(-1));
        long rows = x.shape().rows();
        long gradient = dy.address();
        long from = x.address();
        long weights = weight.address();
        long inverses = inverse.address();
        long to = dx.address();
        long sums = team.shared().buffer(blocks(rows) * size * 4);
        team.forEach(blocks(rows), Backend.BLOCK * (long) size, PART_NUMBERS, (first, end, worker) -> {
            long lanes = team.scratch(worker).lanes;
            for (long block = first; block < end; block++) {
                long blockSums = sums + block * size * 4;
                VectorPointwise.fill(0, blockSums, size);
                for (long r = block * Backend.BLOCK; r < Math.min(rows, (block + 1) * Backend.BLOCK); r++) {
                    long at = r * size * 4;
                    VectorNorms.rmsBackward(gradient + at, from + at, weights, ALL.get(FLOAT, inverses + r * 4), size,
                            to + at, blockSums, lanes);
                }
            }
        });
        VectorColumns.addBlocks(sums, (int) blocks(rows), size, dweight.address());
    }

    @Override
    public void layerNorm(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor inverse) {
        Arguments.layerNorm(x, gamma, beta, eps, y, mean, inverse);
        VectorBackend.requireFloats("layerNorm", x);
        int size = Math.toIntExact(x.dim(-1));
        long from = x.address();
        long gammas = gamma.address();
        long betas = beta.address();
        long to = y.address();
        long means = mean.address();
        long inverses = inverse.address();
        float epsilon = (float) eps;
        team.forEach(x.shape().rows(), size, PART_NUMBERS, (first, end, worker) -> {
            long lanes = team.scratch(worker).lanes;
            for (long r = first; r < end; r++) {
                long at = r * size * 4;
                VectorNorms.layer(from + at, gammas, betas, epsilon, size, to + at, means + r * 4, inverses + r * 4,
                        lanes);
            }
        });
    }

    @Override
    public void layerNormBackward(Tensor dy, Tensor x, Tensor gamma, Tensor mean, Tensor inverse, Tensor dx,
            Tensor dgamma, Tensor dbeta) {
        Arguments.layerNormBackward(dy, x, gamma, mean, inverse, dx, dgamma, dbeta);
        VectorBackend.requireFloats("layerNormBackward", x);
        int size = Math.toIntExact(x.dim(-1));
        long rows = x.shape().rows();
        long gradient = dy.address();
        long from = x.address();
        long gammas = gamma.address();
        long means = mean.address();
        long inverses = inverse.address();
        long to = dx.address();
        long gammaSums = team.shared().buffer(2 * blocks(rows) * size * 4);
        long betaSums = gammaSums + blocks(rows) * size * 4;
        team.forEach(blocks(rows), Backend.BLOCK * (long) size, PART_NUMBERS, (first, end, worker) -> {
            long lanes = team.scratch(worker).lanes;
            long normals = team.scratch(worker).buffer(size * 4L);
            for (long block = first; block < end; block++) {
                long sums = block * size * 4;
                VectorPointwise.fill(0, gammaSums + sums, size);
                VectorPointwise.fill(0, betaSums + sums, size);
                for (long r = block * Backend.BLOCK; r < Math.min(rows, (block + 1) * Backend.BLOCK); r++) {
                    long at = r * size * 4;
                    VectorNorms.layerBackward(gradient + at, from + at, gammas, ALL.get(FLOAT, means + r * 4),
                            ALL.get(FLOAT, inverses + r * 4), size, to + at, gammaSums + sums, betaSums + sums,
                            normals, lanes);
                }
            }
        });
        VectorColumns.addBlocks(gammaSums, (int) blocks(rows), size, dgamma.address());
        VectorColumns.addBlocks(betaSums, (int) blocks(rows), size, dbeta.address());
    }

    private static long blocks(long rows) {
        return (rows + Backend.BLOCK - 1) / Backend.BLOCK;
    }

    @Override
    public void gather(Tensor table, Tensor ids, Tensor out) {
        Arguments.gather(table, ids, out);
        VectorBackend.requireFloats("gather", table);
        int size = Math.toIntExact(table.dim(1));
        long rows = table.address();
        long indices = ids.address();
        long to = out.address();
        team.forEach(ids.elements(), size, PART_NUMBERS, (first, end, worker) -> {
            for (long n = first; n < end; n++) {
                VectorColumns.copy(rows + ALL.get(INT, indices + n * 4) * (long) size * 4, to + n * size * 4, size);
            }
        });
    }

    @Override
    public void scatterAdd(Tensor dout, Tensor ids, Tensor dtable) {
        Arguments.scatterAdd(dout, ids, dtable);
        VectorBackend.requireFloats("scatterAdd", dtable);
        int size = Math.toIntExact(dtable.dim(1));
        long from = dout.address();
        long indices = ids.address();
        long to = dtable.address();
        long count = ids.elements();
        // A part has the rows of dtable whose last bits are its number, so that each row's sum keeps the order of n.
        int parts = Integer.highestOneBit(team.parts(count * size, PART_NUMBERS));
        team.run(parts, (part, worker) -> {
            for (long n = 0; n < count; n++) {
                int id = ALL.get(INT, indices + n * 4);
                if ((id & parts - 1) == part) {
                    VectorColumns.add(to + id * (long) size * 4, from + n * size * 4, size);
                }
            }
        });
    }

    @Override
    public void rope(Tensor x, Tensor positions, Tensor cos, Tensor sin, boolean inverse, Tensor out) {
        Arguments.rope(x, positions, cos, sin, out);
        VectorBackend.requireFloats("rope", x);
        int half = Math.toIntExact(x.dim(2) / 2);
        int heads = Math.toIntExact(x.dim(1));
        long row = heads * half * 8L;
        long from = x.address();
        long places = positions.address();
        long cosines = cos.address();
        long sines = sin.address();
        long to = out.address();
        team.forEach(x.dim(0), heads * half * 2L, PART_NUMBERS, (first, end, worker) -> {
            for (long n = first; n < end; n++) {
                long angle = ALL.get(INT, places + n * 4) * (long) half * 4;
                VectorNorms.rope(from + n * row, heads, cosines + angle, sines + angle, inverse, half, to + n * row);
            }
        });
    }

    @Override
    public void segmentSum(Tensor x, Tensor starts, Tensor out) {
        Arguments.segmentSum(x, starts, out);
        VectorBackend.requireFloats("segmentSum", x);
        int size = columns(x);
        long from = x.address();
        long bounds = starts.address();
        long to = out.address();
        long sequences = starts.elements() - 1;
        team.forEach(sequences, x.elements() / Math.max(1, sequences), PART_NUMBERS, (first, end, worker) -> {
            for (long b = first; b < end; b++) {
                int start = ALL.get(INT, bounds + b * 4);
                int count = ALL.get(INT, bounds + b * 4 + 4) - start;
                VectorColumns.sum(from + start * (long) size * 4, size, count, to + b * size * 4);
            }
        });
    }

    @Override
    public void segmentBroadcast(Tensor x, Tensor starts, Tensor out) {
        Arguments.segmentBroadcast(x, starts, out);
        VectorBackend.requireFloats("segmentBroadcast", x);
        int size = columns(x);
        long rows = out.dim(0);
        long from = x.address();
        long bounds = starts.address();
        long to = out.address();
        long sequences = starts.elements() - 1;
        team.forEach(sequences, out.elements() / Math.max(1, sequences), PART_NUMBERS, (first, end, worker) -> {
            for (long b = first; b < end; b++) {
                int last = ALL.get(INT, bounds + b * 4 + 4);
                for (long n = ALL.get(INT, bounds + b * 4); n < last; n++) {
                    VectorColumns.copy(from + b * size * 4, to + n * size * 4, size);
                }
            }
        });
        long begin = ALL.get(INT, bounds);
        ALL.asSlice(to, begin * size * 4).fill((byte) 0);
        long end = ALL.get(INT, bounds + sequences * 4);
        ALL.asSlice(to + end * size * 4, (rows - end) * size * 4).fill((byte) 0);
    }

    private static int columns(Tensor tensor) {
        return tensor.shape().rank() == 1 ? 1 : Math.toIntExact(tensor.dim(1));
    }
}
