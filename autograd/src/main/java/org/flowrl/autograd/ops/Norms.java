package org.flowrl.autograd.ops;

import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.RowKernels;
import org.flowrl.tensor.Tensor;

/// Normalisation of rows.
public final class Norms {
    private Norms() {
    }

    /// Root-mean-square norm of each row of x [R, D]: x / sqrt(mean(x²) + eps) · weight, see
    /// {@link RowKernels#rmsNorm}. Leading dimensions count as rows.
    ///
    /// @param weight `[D]`
    public static Var rmsNorm(Var x, Parameter weight, double eps) {
        Tape tape = x.tape();
        RowKernels kernels = tape.backend().rows();
        Var w = tape.parameter(weight);
        Tensor y = tape.like(x.value());
        Tensor inverse = tape.allocate(x.value().dtype(), x.shape().rows());
        kernels.rmsNorm(x.value(), weight.value(), eps, y, inverse);
        return tape.record(y, (dy, adjoints) -> {
            Tensor dw = adjoints.wants(w) ? adjoints.sum(w) : tape.scope().zeros(y.dtype(), weight.shape());
            Tensor dx = tape.like(y);
            kernels.rmsNormBackward(dy, x.value(), weight.value(), inverse, dx, dw);
            adjoints.give(x, dx);
        }, x, w);
    }

    /// Layer norm of each row of x [R, D], see {@link RowKernels#layerNorm}.
    ///
    /// @param gamma `[D]`
    /// @param beta `[D]`
    public static Var layerNorm(Var x, Parameter gamma, Parameter beta, double eps) {
        Tape tape = x.tape();
        RowKernels kernels = tape.backend().rows();
        Var g = tape.parameter(gamma);
        Var b = tape.parameter(beta);
        Tensor y = tape.like(x.value());
        Tensor mean = tape.allocate(y.dtype(), x.shape().rows());
        Tensor inverse = tape.allocate(y.dtype(), x.shape().rows());
        kernels.layerNorm(x.value(), gamma.value(), beta.value(), eps, y, mean, inverse);
        return tape.record(y, (dy, adjoints) -> {
            Tensor dg = adjoints.wants(g) ? adjoints.sum(g) : tape.scope().zeros(y.dtype(), gamma.shape());
            Tensor db = adjoints.wants(b) ? adjoints.sum(b) : tape.scope().zeros(y.dtype(), beta.shape());
            Tensor dx = tape.like(y);
            kernels.layerNormBackward(dy, x.value(), gamma.value(), mean, inverse, dx, dg, db);
            adjoints.give(x, dx);
        }, x, g, b);
    }
}
