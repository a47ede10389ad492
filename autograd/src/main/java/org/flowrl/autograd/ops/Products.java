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
    /// @param bias `[N]`, or null
    public static Var linear(Var x, Parameter weight, Parameter bias) {
        Tape tape = x.tape();
        MatmulKernels kernels = tape.backend().matmul();
        Var w = tape.parameter(weight);
        Tensor y = tape.allocate(x.value().dtype(), x.dim(0), weight.shape().dim(0));
        kernels.forward(x.value(), weight.packed(), bias == null ? null : bias.value(), y);
        Var b = bias == null ? null : tape.parameter(bias);
        return tape.record(y, (dy, adjoints) -> {
            Tensor dx = adjoints.wants(x) ? tape.like(x.value()) : null;
            kernels.gradients(dy, x.value(), weight.packed(), dx, sum(w, adjoints), sum(b, adjoints));
            if (dx != null) {
                adjoints.give(x, dx);
            }
        }, b == null ? new Var[] {x, w} : new Var[] {x, w, b});
    }

    /// y [M, N] = x · weightᵀ + bias + (scale · (x · aᵀ)) · bᵀ: a linear map whose weight is changed by an adapter that
    /// is trained in its place (LoRA, Hu et al., arXiv 2106.09685). The two are never merged. Of the adapter's own
    /// values the tape keeps scale · (x · aᵀ) [M, r] alone.
    /// ```
    /// low = scale · (x · aᵀ)      db += dyᵀ · low      dlow = scale · (dy · b)      da += dlowᵀ · x
    /// dx = dy · weight + dlow · a
    /// ```
    ///
    /// @param x [M, K]
    /// @param weight matrix [N, K]
    /// @param bias `[N]`, or null
    /// @param adapter a [r, K], b [N, r]
    public static Var linear(Var x, Parameter weight, Parameter bias, LowRank adapter) {
        Tape tape = x.tape();
        MatmulKernels kernels = tape.backend().matmul();
        Var w = tape.parameter(weight);
        Var c = bias == null ? null : tape.parameter(bias);
        Var a = tape.parameter(adapter.a());
        Var b = tape.parameter(adapter.b());
        Tensor y = tape.allocate(x.value().dtype(), x.dim(0), weight.shape().dim(0));               // [M, N]
        kernels.forward(x.value(), weight.packed(), bias == null ? null : bias.value(), y);
        Tensor low = tape.allocate(y.dtype(), x.dim(0), a.dim(0));                                  // [M, r]
        kernels.forward(x.value(), adapter.a().packed(), null, low);
        scale(tape, low, adapter.scale());
        addProduct(tape, low, adapter.b(), y);
        return tape.record(y, (dy, adjoints) -> {
            Tensor dlow = tape.like(low);
            kernels.inputGradient(dy, adapter.b().packed(), dlow, false);
            scale(tape, dlow, adapter.scale());
            adjoints.add(x, dx -> {
                kernels.inputGradient(dy, weight.packed(), dx, false);
                kernels.inputGradient(dlow, adapter.a().packed(), dx, true);
            });
            addGradients(kernels, dy, x.value(), weight, w, c, adjoints);
            addGradients(kernels, dlow, x.value(), adapter.a(), a, null, adjoints);
            addGradients(kernels, dy, low, adapter.b(), b, null, adjoints);
            tape.scope().release(dlow);
        }, c == null ? new Var[] {x, w, a, b} : new Var[] {x, w, c, a, b});
    }

    /// y += low · bᵀ
    private static void addProduct(Tape tape, Tensor low, Parameter b, Tensor y) {
        Tensor product = tape.like(y);
        tape.backend().matmul().forward(low, b.packed(), null, product);
        tape.backend().elementwise().addScaled(1, product, y);
        tape.scope().release(product);
    }

    private static void scale(Tape tape, Tensor values, double factor) {
        tape.backend().elementwise().affine(values, factor, 0, values);
    }

    /// The gradient to add to; null where none is wanted.
    private static Tensor sum(Var parameter, Adjoints adjoints) {
        return parameter != null && adjoints.wants(parameter) ? adjoints.sum(parameter) : null;
    }

    /// Of the parameters of y = x · wᵀ + bias, those that want one.
    private static void addGradients(MatmulKernels kernels, Tensor dy, Tensor x, Parameter weight, Var w, Var bias,
            Adjoints adjoints) {
        kernels.gradients(dy, x, weight.packed(), null, sum(w, adjoints), sum(bias, adjoints));
    }
}
