package org.flowrl.gpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.MatmulKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.Arguments;

/// Matrix products by cuBLAS. M rows, K inputs, N outputs.
///
/// A weight packed as F32 is the weight itself. With a weight packed as BF16 the other operand is rounded to BF16, too,
/// as tensor cores want it; sums are in F32 always. The order of a sum is cuBLAS's: the same at every call of the same
/// shape, but not the same in every batch.
final class CudaMatmul implements MatmulKernels {
    /// Rows of blocks that add a bias, each thread to several rows where there are more.
    private static final long BIAS_LAYERS = 1024;

    private final Card card;
    private final Products products;

    CudaMatmul(Card card, Products products) {
        this.card = card;
        this.products = products;
    }

    /// A weight as products read it.
    static final class Packed implements PackedMatrix {
        private final DType storage;
        /// [N, K] of the storage type: a copy, or the weight itself where it is F32.
        private Tensor values;

        private Packed(DType storage, Tensor values) {
            this.storage = storage;
            this.values = values;
        }

        /// The packed copy that this backend made.
        static Packed of(String operation, PackedMatrix packed) {
            if (!(packed instanceof Packed own)) {
                throw new IllegalArgumentException(operation + ": weight was packed by another backend ("
                        + packed.getClass().getSimpleName() + "), it must be packed by the cuda backend");
            }
            return own;
        }

        /// The numbers, row-major.
        Tensor values() {
            return values;
        }

        @Override
        public long rows() {
            return values.dim(0);
        }

        @Override
        public long columns() {
            return values.dim(1);
        }

        @Override
        public DType storage() {
            return storage;
        }

        @Override
        public long bytes() {
            return storage == DType.F32 ? 0 : values.bytes();
        }

        @Override
        public boolean readsWeightBackward() {
            return false;
        }
    }

    @Override
    public PackedMatrix pack(Tensor weight, DType storage, Scope scope) {
        Arguments.matmulPack(weight, storage);
        card.requireFloats("matmul pack", weight);
        Packed packed = new Packed(storage,
                storage == DType.F32 ? weight : scope.allocateExactly(storage, weight.shape()));
        repack(weight, packed);
        return packed;
    }

    /// One block of BF16 for all; F32 weights are read where they are.
    @Override
    public Optional<List<PackedMatrix>> packedTogether(List<Shape> weights, DType storage, Scope scope) {
        if (storage != DType.BF16) {
            return Optional.empty();
        }
        long rows = weights.stream().mapToLong(shape -> shape.dim(0)).sum();
        Tensor all = scope.allocateExactly(storage, Shape.of(rows, weights.getFirst().dim(1)));
        List<PackedMatrix> packed = new ArrayList<>();
        long at = 0;
        for (Shape shape : weights) {
            packed.add(new Packed(storage, all.slice(at, shape.dim(0))));
            at += shape.dim(0);
        }
        return Optional.of(packed);
    }

    @Override
    public void repack(Tensor weight, PackedMatrix packed) {
        Arguments.matmulRepack(weight, packed);
        card.requireFloats("matmul repack", weight);
        Packed own = Packed.of("matmul repack", packed);
        if (own.storage == DType.F32) {
            own.values = weight;
        } else {
            products.round(weight.address(), own.values.address(), weight.elements());
        }
    }

    @Override
    public void forward(Tensor x, PackedMatrix w, Tensor bias, Tensor y) {
        Arguments.matmulForward(x, w, bias, y);
        card.requireFloats("matmul forward", x);
        products.forward(x.address(), Packed.of("matmul forward", w), x.dim(0), y.address());
        if (bias != null) {
            addBias(card, bias, y);
        }
    }

    /// Adds a bias [N] to each row of y [M, N].
    static void addBias(Card card, Tensor bias, Tensor y) {
        card.kernels().launch("rows", "addBias").tensor(bias).tensor(y).number(y.dim(0)).number(y.dim(1))
                .overColumns(y.dim(1), Math.min(y.dim(0), BIAS_LAYERS));
    }

    @Override
    public void inputGradient(Tensor dy, PackedMatrix w, Tensor dx, boolean add) {
        Arguments.matmulInputGradient(dy, w, dx);
        card.requireFloats("matmul inputGradient", dy);
        products.inputGradient(dy.address(), Packed.of("matmul inputGradient", w), dy.dim(0), dx.address(), add);
    }

    @Override
    public void weightGradient(Tensor dy, Tensor x, Tensor dw) {
        weightGradient(dy, x, dw, DType.F32);
    }

    /// @param storage of the weight
    private void weightGradient(Tensor dy, Tensor x, Tensor dw, DType storage) {
        Arguments.matmulWeightGradient(dy, x, dw);
        card.requireFloats("matmul weightGradient", dy);
        products.weightGradient(dy.address(), x.address(), products.operands(storage), dy.dim(0), dw.dim(0),
                dw.dim(1), dw.address());
    }

    @Override
    public void biasGradient(Tensor dy, Tensor db) {
        Arguments.matmulBiasGradient(dy, db);
        card.requireFloats("matmul biasGradient", dy);
        new ColumnSums(card, dy.dim(0), dy.dim(1)).add(card.kernels().launch("rows", "columnSum").tensor(dy), db);
    }

    /// Rounds dy once where both products round it.
    @Override
    public void gradients(Tensor dy, Tensor x, PackedMatrix w, Tensor dx, Tensor dw, Tensor db) {
        if (dx == null || dw == null || w.storage() == DType.F32 || products.operands(w.storage()) == DType.F32) {
            MatmulKernels.super.gradients(dy, x, w, dx, null, db);
            if (dw != null) {
                weightGradient(dy, x, dw, w.storage());
            }
            return;
        }
        Arguments.matmulInputGradient(dy, w, dx);
        Arguments.matmulWeightGradient(dy, x, dw);
        card.requireFloats("matmul gradients", dy);
        long rows = dy.dim(0);
        long rounded = products.operand(dy.address(), dy.elements(), w.storage(), Scratch.Use.LEFT);
        products.inputGradientOfRounded(rounded, Packed.of("matmul gradients", w), rows, dx.address(), false);
        products.weightGradientOfRounded(rounded, products.operand(x.address(), x.elements(), w.storage(),
                Scratch.Use.RIGHT), w.storage(), rows, dw.dim(0), dw.dim(1), dw.address());
        if (db != null) {
            biasGradient(dy, db);
        }
    }
}
