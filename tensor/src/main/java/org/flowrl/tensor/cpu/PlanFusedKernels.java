package org.flowrl.tensor.cpu;

import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Tensor;

/// The fused kernels of a planned card: every one checks its arguments and notes the buffers that it would need. Their
/// operands are tensors that their callers allocate.
record PlanFusedKernels(PlanScratch scratch) implements FusedKernels {
    @Override
    public void norm(Tensor x, Tensor weight, double eps, Tensor operand) {
        FusedArguments.norm(x, weight, eps, operand);
    }

    @Override
    public void products(Tensor operand, List<PackedMatrix> weights, Tensor y) {
        FusedArguments.products(operand, weights, y);
    }

    @Override
    public void addProduct(Tensor operand, PackedMatrix weight, Tensor bias, Tensor y) {
        FusedArguments.addProduct(operand, weight, bias, y);
    }

    @Override
    public void addLowRank(Tensor x, PackedMatrix a, PackedMatrix b, double scale, Tensor low, Tensor y, long column) {
        FusedArguments.addLowRank(x, a, b, scale, low, y, column);
    }

    @Override
    public void placeHeads(Tensor projected, HeadTerms terms, Pages pages, Tensor q) {
        FusedArguments.placeHeads(projected, terms, pages, q);
    }

    @Override
    public void attend(Tensor q, Pages pages, double scale, Tensor operand) {
        FusedArguments.attend(q, pages, scale, operand);
        scratch.pagedAttention(q.dim(0), q.dim(1), pages.pageTable().dim(1) * Backend.LANES, q.dim(2));
    }

    @Override
    public void attendNewest(Tensor projected, HeadTerms terms, Pages pages, double scale, Tensor operand) {
        FusedArguments.attendNewest(projected, terms, pages, scale, operand);
        long size = pages.keyPages().dim(2);
        scratch.pagedAttention(projected.dim(0), operand.dim(1) / size, pages.pageTable().dim(1) * Backend.LANES,
                size);
    }

    @Override
    public void swiGlu(Tensor projected, Tensor operand) {
        FusedArguments.swiGlu(projected, operand);
    }
}
