package org.flowrl.gpu;

import java.util.List;
import org.flowrl.tensor.FusedGradients;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.FusedArguments;

/// A decoder block's gradients, of fused.cu and by cuBLAS.
///
/// **What a training step costs**, by arithmetic and not by measurement: 8 sequences of 1,024 tokens of the 1.5B shape
/// (D = 1,536, H = 12, G = 2, E = 128, F = 8,960, 28 blocks, V = 151,936), BF16 operands, 1.54 billion parameters of
/// F32. Megabytes that a block moves between products, where [N, D] of F32 are 50.3 and [N, F] 293.6, one operation at
/// a time and by this class; attention is counted by its operations, below.
///
/// | | composed | here |
/// |---|---|---|
/// | norm, and roundings for queries, keys, values | 327 | 76 |
/// | biases, positions | 252 | 134 |
/// | roundings of keys, values and what attention read | 101 | 101 |
/// | added to the stream | 151 | 101 |
/// | norm, and roundings for gates and ups | 252 | 76 |
/// | SwiGLU, and rounding | 1,321 | 734 |
/// | added to the stream | 151 | 101 |
/// | forward | 2,555 | 1,323 |
/// | roundings of the stream's gradient and of SwiGLU's output | 516 | 76 |
/// | SwiGLU | 1,468 | 1,174 |
/// | roundings of gates', ups' and the norm's | 1,032 | |
/// | sum of two, norm, its weight, the stream's | 553 | 302 |
/// | roundings of the stream's gradient and of what attention read | 151 | 76 |
/// | what attention's gradients read and fold | 394 | 394 |
/// | positions, biases, roundings of queries', keys', values' and the norm's | 512 | 134 |
/// | sums of three, norm, its weight, the stream's | 704 | 302 |
/// | backward | 5,330 | 2,458 |
/// | 28 blocks, GB | 221 | 106 |
///
/// At 80 % of 3.35 TB/s that is 82 and 40 ms. Assumed beside: products, 75.9 TFLOP, at 75 % of 990 TFLOP/s, 102 ms;
/// attention at 250 and, for seven products instead of five, 150 TFLOP/s, 15; the head's logits made twice and their
/// folds, 8; AdamW, repacking, the norm and the zeroing of gradients, 42 B of each parameter, 24. So 231 and 189 ms, of
/// which 78.4 TFLOP are 34 and 42 % of 990 TFLOP/s. None of it is a measurement; `TrainingLaunchesTest` in flowrl keeps
/// the list of launches.
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
    public void splitHeads(Tensor projected, FusedKernels.HeadTerms terms, Tensor positions, Tensor q, Tensor k,
            Tensor v) {
        FusedArguments.splitHeads(projected, terms, positions, q, k, v);
        card.requireFloats("fused splitHeads", q);
        heads(CudaFused.terms(launch("splitHeads").tensor(projected), terms).tensor(q).tensor(k).tensor(v), terms,
                positions, q, k);
    }

    @Override
    public void joinHeads(Tensor dq, Tensor dk, Tensor dv, HeadNorms norms, FusedKernels.HeadTerms terms,
            Tensor positions, Tensor dprojected) {
        FusedArguments.joinHeads(dq, dk, dv, norms, terms, positions, dprojected);
        card.requireFloats("fused joinHeads", dq);
        Kernels.Launch launch = norms == null ? launch("joinHeads")
                : CudaFused.terms(launch("joinNormedHeads").tensor(norms.projected()), terms);
        heads(launch.tensor(dq).tensor(dk).tensor(dv).output(dprojected), terms, positions, dq, dk);
        if (norms != null) {
            addHeads(dq, norms.dquery());
            addHeads(dk, norms.dkey());
        }
    }

    /// Adds to the gradient of a norm [E] what all heads [N, H, E] have for it.
    private void addHeads(Tensor terms, Tensor dnorm) {
        new ColumnSums(card, terms.shape().rows(), terms.dim(2)).add(card.kernels().launch("rows", "columnSum")
                .tensor(terms), dnorm);
    }

    /// Starts a kernel that has a warp for each head of each token.
    private static void heads(Kernels.Launch launch, FusedKernels.HeadTerms terms, Tensor positions, Tensor q,
            Tensor k) {
        launch.tensor(positions).tensor(terms.cos()).tensor(terms.sin()).number(q.dim(0)).integer(q.dim(1))
                .integer(k.dim(1)).integer(q.dim(2)).number(terms.cos().dim(0)).fault(Fault.ROPE_POSITIONS)
                .overWarps(q.dim(0) * (q.dim(1) + 2 * k.dim(1)));
    }

    @Override
    public void biasGradients(Tensor dy, List<Tensor> dbiases) {
        FusedArguments.biasGradients(dy, dbiases);
        dbiases.forEach(dbias -> card.requireFloats("fused biasGradients", dbias));
        long column = 0;
        for (Tensor dbias : dbiases) {
            new ColumnSums(card, dy.dim(0), dbias.dim(0)).add(card.kernels().launch("rows", "operandSum").output(dy)
                    .number(column).number(dy.dim(1)), dbias);
            column += dbias.dim(0);
        }
    }

    @Override
    public void swiGluBackward(Tensor dy, Tensor projected, Tensor dprojected) {
        FusedArguments.swiGluBackward(dy, projected, dprojected);
        card.requireFloats("fused swiGluBackward", dy);
        CudaFused.overFours(launch("swiGluOperandBackward").tensor(dy).tensor(projected).output(dprojected), dy.dim(0),
                dy.dim(1));
    }
}
