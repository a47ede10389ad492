package org.flowrl.tensor.cpu;

import java.lang.foreign.MemorySegment;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.MatmulKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Matrix products in plain loops. M rows, K inputs, N outputs.
final class ReferenceMatmul implements MatmulKernels {
    /// A row-major copy of the weight in the computing type, each number rounded to the storage type.
    ///
    /// @param values [N, K]
    record Packed(Tensor values, DType storage) implements PackedMatrix {
        @Override
        public long rows() {
            return values.dim(0);
        }

        @Override
        public long columns() {
            return values.dim(1);
        }

        @Override
        public long bytes() {
            return values.bytes();
        }

        @Override
        public boolean readsWeightBackward() {
            return false;
        }

        /// The matrix of a packed copy that this backend made, for a call that computes in `type`.
        static ReferenceMatrix matrix(String operation, PackedMatrix packed, DType type) {
            if (!(packed instanceof Packed own)) {
                throw new IllegalArgumentException(operation + ": weight was packed by another backend ("
                        + packed.getClass().getSimpleName() + "), it must be packed by the reference backend");
            }
            if (own.values.dtype() != type) {
                throw new IllegalArgumentException(operation + ": weight was packed from " + own.values.dtype()
                        + ", it must be packed from " + type);
            }
            return ReferenceMatrix.of(own.values);
        }
    }

    @Override
    public PackedMatrix pack(Tensor weight, DType storage, Scope scope) {
        Arguments.matmulPack(weight, storage);
        Packed packed = new Packed(scope.allocateExactly(weight.dtype(), weight.shape()), storage);
        repack(weight, packed);
        return packed;
    }

    @Override
    public void repack(Tensor weight, PackedMatrix packed) {
        Arguments.matmulRepack(weight, packed);
        MemorySegment to = Packed.matrix("matmul repack", packed, weight.dtype()).data();
        if (packed.storage() == weight.dtype()) {
            to.copyFrom(weight.segment());
            return;
        }
        Precision p = Precision.of(weight.dtype());
        MemorySegment from = weight.segment();
        for (long i = 0; i < weight.elements(); i++) {
            p.store(to, i, DType.fromBfloat16(Narrowing.toBfloat16(p.load(from, i))));
        }
    }

    @Override
    public void forward(Tensor x, PackedMatrix w, Tensor bias, Tensor y) {
        Arguments.matmulForward(x, w, bias, y);
        Precision p = Precision.of(x.dtype());
        ReferenceMatrix weights = Packed.matrix("matmul forward", w, x.dtype());
        ReferenceMatrix inputs = ReferenceMatrix.of(x);
        ReferenceMatrix outputs = ReferenceMatrix.of(y);
        MemorySegment biases = bias == null ? null : bias.segment();
        for (long m = 0; m < x.dim(0); m++) {
            for (long n = 0; n < w.rows(); n++) {
                double sum = ReferenceMatrix.dot(p, inputs, m, weights, n, w.columns());
                outputs.set(p, m, n, biases == null ? sum : p.add(sum, p.load(biases, n)));
            }
        }
    }

    @Override
    public void inputGradient(Tensor dy, PackedMatrix w, Tensor dx, boolean add) {
        Arguments.matmulInputGradient(dy, w, dx);
        ReferenceMatrix weights = Packed.matrix("matmul inputGradient", w, dy.dtype());
        ReferenceMatrix.product(Precision.of(dy.dtype()), ReferenceMatrix.of(dy), weights, ReferenceMatrix.of(dx),
                dy.dim(0), w.rows(), Math.toIntExact(w.columns()), add);
    }

    @Override
    public void weightGradient(Tensor dy, Tensor x, Tensor dw) {
        Arguments.matmulWeightGradient(dy, x, dw);
        ReferenceMatrix.product(Precision.of(dy.dtype()), ReferenceMatrix.of(dy).transposed(), ReferenceMatrix.of(x),
                ReferenceMatrix.of(dw), dw.dim(0), dy.dim(0), Math.toIntExact(dw.dim(1)), true);
    }

    @Override
    public void biasGradient(Tensor dy, Tensor db) {
        Arguments.matmulBiasGradient(dy, db);
        Precision p = Precision.of(dy.dtype());
        ReferenceMatrix gradients = ReferenceMatrix.of(dy);
        MemorySegment sums = db.segment();
        for (long n = 0; n < db.elements(); n++) {
            for (long from = 0; from < dy.dim(0); from += Backend.BLOCK) {
                double block = 0;
                for (long m = from; m < Math.min(dy.dim(0), from + Backend.BLOCK); m++) {
                    block = p.add(block, gradients.at(p, m, n));
                }
                p.store(sums, n, p.add(p.load(sums, n), block));
            }
        }
    }
}
