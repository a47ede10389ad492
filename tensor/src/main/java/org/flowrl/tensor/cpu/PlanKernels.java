package org.flowrl.tensor.cpu;

import java.util.List;
import java.util.Optional;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.HeadKernels;
import org.flowrl.tensor.MatmulKernels;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.RowKernels;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;

/// The kernels of {@link PlanBackend}: every one checks its arguments and notes the chunk buffers that it would need.
final class PlanKernels implements MatmulKernels, RowKernels, HeadKernels, ElementwiseKernels,
        OptimizerKernels {
    /// Columns of a panel, to which the vector backend rounds a weight's outputs up, where vectors have up to 256 bits.
    private static final long NARROW_PANEL = 16;

    private final PlanScratch scratch;
    private final boolean isOnCard;
    private final long panelColumns;

    /// @param isOnCard true where packed copies are those of the CUDA backend, false for the vector backend's
    PlanKernels(PlanScratch scratch, boolean isOnCard) {
        this.scratch = scratch;
        this.isOnCard = isOnCard;
        this.panelColumns = isOnCard || !VectorProvider.isModulePresent() ? NARROW_PANEL : VectorProduct.COLUMNS;
    }

    /// A packed copy's shape and memory.
    private record Packed(long rows, long columns, DType storage, long bytes, boolean readsWeightBackward)
            implements PackedMatrix {
    }

    @Override
    public PackedMatrix pack(Tensor weight, DType storage, Scope scope) {
        Arguments.matmulPack(weight, storage);
        if (isOnCard) {
            // A weight of F32 is read as it is.
            long copied = storage == weight.dtype() ? 0 : scope.allocateExactly(storage, weight.shape()).bytes();
            return new Packed(weight.dim(0), weight.dim(1), storage, copied, false);
        }
        long panels = Math.ceilDiv(weight.dim(0), panelColumns);
        Tensor panelMemory = scope.allocateExactly(storage, Shape.of(panels, weight.dim(1), panelColumns));
        return new Packed(weight.dim(0), weight.dim(1), storage, panelMemory.bytes(), true);
    }

    @Override
    public Optional<List<PackedMatrix>> packedTogether(List<Shape> weights, DType storage, Scope scope) {
        if (!isOnCard || storage != DType.BF16) {
            return Optional.empty();
        }
        long columns = weights.getFirst().dim(1);
        scope.allocateExactly(storage, Shape.of(weights.stream().mapToLong(shape -> shape.dim(0)).sum(), columns));
        return Optional.of(weights.stream().<PackedMatrix>map(shape -> new Packed(shape.dim(0), columns, storage,
                shape.elements() * storage.bytes(), false)).toList());
    }

    @Override
    public void repack(Tensor weight, PackedMatrix packed) {
        Arguments.matmulRepack(weight, packed);
    }

    @Override
    public void forward(Tensor x, PackedMatrix w, Tensor bias, Tensor y) {
        Arguments.matmulForward(x, w, bias, y);
        scratch.product(x.dim(0), x.dim(1), w);
    }

    @Override
    public void inputGradient(Tensor dy, PackedMatrix w, Tensor dx, boolean add) {
        Arguments.matmulInputGradient(dy, w, dx);
        scratch.product(dy.dim(0), dy.dim(1), w);
    }

    @Override
    public void weightGradient(Tensor dy, Tensor x, Tensor dw) {
        weightGradient(dy, x, dw, DType.F32);
    }

    private void weightGradient(Tensor dy, Tensor x, Tensor dw, DType storage) {
        Arguments.matmulWeightGradient(dy, x, dw);
        scratch.weightGradient(dy.dim(0), dw.dim(0), dw.dim(1), storage);
    }

    @Override
    public void gradients(Tensor dy, Tensor x, PackedMatrix w, Tensor dx, Tensor dw, Tensor db) {
        MatmulKernels.super.gradients(dy, x, w, dx, null, db);
        if (dw != null) {
            weightGradient(dy, x, dw, w.storage());
        }
    }

    @Override
    public void biasGradient(Tensor dy, Tensor db) {
        Arguments.matmulBiasGradient(dy, db);
        scratch.blockSums(dy.dim(0), dy.dim(1), 1);
    }

    @Override
    public void rmsNorm(Tensor x, Tensor weight, double eps, Tensor y, Tensor inverse) {
        Arguments.rmsNorm(x, weight, eps, y, inverse);
    }

    @Override
    public void rmsNormBackward(Tensor dy, Tensor x, Tensor weight, Tensor inverse, Tensor dx, Tensor dweight) {
        Arguments.rmsNormBackward(dy, x, weight, inverse, dx, dweight);
        scratch.blockSums(x.shape().rows(), x.dim(-1), 1);
    }

    @Override
    public void layerNorm(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor inverse) {
        Arguments.layerNorm(x, gamma, beta, eps, y, mean, inverse);
    }

    @Override
    public void layerNormBackward(Tensor dy, Tensor x, Tensor gamma, Tensor mean, Tensor inverse, Tensor dx,
            Tensor dgamma, Tensor dbeta) {
        Arguments.layerNormBackward(dy, x, gamma, mean, inverse, dx, dgamma, dbeta);
        scratch.blockSums(x.shape().rows(), x.dim(-1), 2);
        scratch.layerNorm(x.dim(-1));
    }

    @Override
    public void gather(Tensor table, Tensor ids, Tensor out) {
        Arguments.gather(table, ids, out);
    }

    @Override
    public void scatterAdd(Tensor dout, Tensor ids, Tensor dtable) {
        Arguments.scatterAdd(dout, ids, dtable);
        scratch.scatterAdd(ids.elements());
    }

    @Override
    public void rope(Tensor x, Tensor positions, Tensor cos, Tensor sin, boolean inverse, Tensor out) {
        Arguments.rope(x, positions, cos, sin, out);
    }

    @Override
    public void segmentSum(Tensor x, Tensor starts, Tensor out) {
        Arguments.segmentSum(x, starts, out);
    }

    @Override
    public void segmentBroadcast(Tensor x, Tensor starts, Tensor out) {
        Arguments.segmentBroadcast(x, starts, out);
    }

    @Override
    public void logProbs(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature, Tensor logProb,
            Tensor entropy, Tensor lse) {
        Arguments.headsLogProbs(hidden, weight, targets, temperature, logProb, entropy, lse);
        scratch.logProbs(hidden.dim(0), weight);
    }

    @Override
    public void logProbsBackward(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature,
            Tensor entropy, Tensor lse, Tensor dLogProb, Tensor dEntropy, Tensor dhidden, Tensor dweight) {
        Arguments.headsLogProbsBackward(hidden, weight, targets, temperature, entropy, lse, dLogProb, dEntropy,
                dhidden, dweight);
        scratch.logProbGradients(hidden.dim(0), weight, dweight != null);
    }

    @Override
    public void sample(Tensor hidden, PackedMatrix weight, SamplingLaw law, Tensor uniforms, Tensor tokens,
            Tensor logProb) {
        Arguments.headsSample(hidden, weight, law, uniforms, tokens, logProb);
        scratch.samples(hidden.dim(0), weight, law);
    }

    @Override
    public void unary(Unary f, Tensor x, Tensor y) {
        Arguments.unary(x, y);
    }

    @Override
    public void binary(Binary f, Tensor a, Tensor b, Tensor y) {
        Arguments.binary(a, b, y);
    }

    @Override
    public void affine(Tensor x, double scale, double shift, Tensor y) {
        Arguments.affine(x, y);
    }

    @Override
    public void addScaled(double alpha, Tensor x, Tensor y) {
        Arguments.addScaled(x, y);
    }

    @Override
    public void clamp(Tensor x, double low, double high, Tensor y) {
        Arguments.clamp(x, low, high, y);
    }

    @Override
    public void fill(Tensor x, double value) {
        Arguments.fill(x);
    }

    @Override
    public void sum(Tensor x, Tensor sum) {
        Arguments.sum(x, sum);
        scratch.chunkSums(x.elements(), Float.BYTES);
    }

    @Override
    public void convert(Tensor from, Tensor to) {
        Arguments.convert(from, to);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
        Arguments.swiGlu(gate, up, out);
    }

    @Override
    public void swiGluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        Arguments.swiGluBackward(dout, gate, up, dgate, dup);
    }

    @Override
    public void dropoutMask(RandomKey key, double keep, Tensor mask) {
        Arguments.dropoutMask(keep, mask);
    }

    @Override
    public void adamW(Tensor w, Tensor gradient, Tensor m, Tensor v, AdamW settings) {
        Arguments.adamW(w, gradient, m, v, settings.step());
    }

    /// 0, as of a gradient of zeros.
    @Override
    public double squaredNorm(Tensor x) {
        Arguments.squaredNorm(x);
        scratch.chunkSums(x.elements(), Double.BYTES);
        return 0;
    }
}
