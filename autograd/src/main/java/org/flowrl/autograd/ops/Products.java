package org.flowrl.autograd.ops;

import org.flowrl.autograd.Adjoints;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.MatmulKernels;
import org.flowrl.tensor.Tensor;

/// Matrix products.
public final class Products {
    private Products() {
    }

    /// y [M, N] = x · weightᵀ + bias.
    ///
    /// @param x [M, K]
    /// @param weight matrix [N, K]
    /// @param bias [N], or null
    public static Var linear(Var x, Parameter weight, Parameter bias) {
        Tape tape = x.tape();
        MatmulKernels kernels = tape.backend().matmul();
        Var w = tape.parameter(weight);
        Tensor y = tape.allocate(x.value().dtype(), x.dim(0), weight.shape().dim(0));
        kernels.forward(x.value(), weight.packed(), bias == null ? null : bias.value(), y);
        if (bias == null) {
            return tape.record(y, (dy, adjoints) -> pull(kernels, dy, x, w, adjoints), x, w);
        }
        Var b = tape.parameter(bias);
        return tape.record(y, (dy, adjoints) -> {
            pull(kernels, dy, x, w, adjoints);
            if (adjoints.wants(b)) {
                kernels.biasGradient(dy, adjoints.sum(b));
            }
        }, x, w, b);
    }

    private static void pull(MatmulKernels kernels, Tensor dy, Var x, Var w, Adjoints adjoints) {
        adjoints.add(x, dx -> kernels.inputGradient(dy, w.parameter().packed(), dx, false));
        if (adjoints.wants(w)) {
            kernels.weightGradient(dy, x.value(), adjoints.sum(w));
        }
    }
}
