package org.flowrl.gpu;

import java.util.List;
import org.flowrl.tensor.FusedGradients;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.FusedArguments;

/// A decoder block's gradients, of fused.cu and by cuBLAS.
record CudaFusedGradients(Card card, Products products) implements FusedGradients {
    private Kernels.Launch launch(String kernel) {
        return card.kernels().launch("fused", kernel);
    }

    @Override
    public void norm(Tensor x, Tensor weight, double eps, Tensor operand, Tensor inverse) {
        FusedArguments.norm(x, weight, eps, operand, inverse);
        card.requireFloats("fused norm", x);
        CudaFused.norm(card, x, weight, eps, operand, inverse);
    }

    @Override
    public void normBackward(Tensor dy, Tensor x, Tensor weight, Tensor inverse, Tensor dstream, Tensor dx,
            Tensor dweight) {
        FusedArguments.normBackward(dy, x, weight, inverse, dstream, dx, dweight);
        card.requireFloats("fused normBackward", x);
        launch("normGradientAdded").tensor(dy).tensor(x).tensor(weight).tensor(inverse).tensor(dstream).tensor(dx)
                .number(x.dim(1)).grid(x.dim(0), 1, Kernels.BLOCK_THREADS, 0);
        CudaRows.addNormWeightGradient(card, dy, x, inverse, dweight);
    }

    @Override
    public void inputGradient(Tensor dy, List<PackedMatrix> weights, Tensor dx) {
        FusedArguments.inputGradient(dy, weights, dx);
        card.requireFloats("fused inputGradient", dx);
        products.inputGradientBeside(dy.address(), weights.stream()
                .map(weight -> CudaMatmul.Packed.of("fused inputGradient", weight)).toList(), dx.dim(0), dx.address());
    }

    @Override
    public void weightGradients(Tensor dy, Tensor operand, List<Tensor> dweights) {
        FusedArguments.weightGradients(dy, operand, dweights);
        dweights.forEach(dweight -> card.requireFloats("fused weightGradients", dweight));
        products.weightGradientsBeside(dy.address(), operand.address(), operand.dtype(), operand.dim(0), dweights);
    }

    @Override
    public void swiGluBackward(Tensor dy, Tensor projected, Tensor dprojected) {
        FusedArguments.swiGluBackward(dy, projected, dprojected);
        card.requireFloats("fused swiGluBackward", dy);
        CudaFused.overFours(launch("swiGluOperandBackward").tensor(dy).tensor(projected).output(dprojected), dy.dim(0),
                dy.dim(1));
    }
}
