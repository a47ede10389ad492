package org.flowrl.tensor.cpu;

import java.util.List;
import org.flowrl.tensor.FusedGradients;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Tensor;

/// The fused gradients of a planned card, as {@link PlanFusedKernels}.
record PlanFusedGradients(PlanScratch scratch) implements FusedGradients {
    @Override
    public void norm(Tensor x, Tensor weight, double eps, Tensor operand, Tensor inverse) {
        FusedArguments.norm(x, weight, eps, operand, inverse);
    }

    @Override
    public void normBackward(Tensor dy, Tensor x, Tensor weight, Tensor inverse, Tensor dstream, Tensor dx,
            Tensor dweight) {
        FusedArguments.normBackward(dy, x, weight, inverse, dstream, dx, dweight);
        scratch.blockSums(x.dim(0), x.dim(1), 1);
    }

    @Override
    public void inputGradient(Tensor dy, List<PackedMatrix> weights, Tensor dx) {
        FusedArguments.inputGradient(dy, weights, dx);
    }

    @Override
    public void weightGradients(Tensor dy, Tensor operand, List<Tensor> dweights) {
        FusedArguments.weightGradients(dy, operand, dweights);
    }

    @Override
    public void splitHeads(Tensor projected, FusedKernels.HeadTerms terms, Tensor positions, Tensor q, Tensor k,
            Tensor v) {
        FusedArguments.splitHeads(projected, terms, positions, q, k, v);
    }

    @Override
    public void joinHeads(Tensor dq, Tensor dk, Tensor dv, HeadNorms norms, FusedKernels.HeadTerms terms,
            Tensor positions, Tensor dprojected) {
        FusedArguments.joinHeads(dq, dk, dv, norms, terms, positions, dprojected);
        if (norms != null) {
            scratch.blockSums(dq.shape().rows(), dq.dim(2), 1);
            scratch.blockSums(dk.shape().rows(), dk.dim(2), 1);
        }
    }

    @Override
    public void biasGradients(Tensor dy, List<Tensor> dbiases) {
        FusedArguments.biasGradients(dy, dbiases);
        dbiases.forEach(dbias -> scratch.blockSums(dy.dim(0), dbias.dim(0), 1));
    }

    @Override
    public void swiGluBackward(Tensor dy, Tensor projected, Tensor dprojected) {
        FusedArguments.swiGluBackward(dy, projected, dprojected);
    }
}
