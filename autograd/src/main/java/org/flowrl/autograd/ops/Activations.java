package org.flowrl.autograd.ops;

import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.ElementwiseKernels.Binary;
import org.flowrl.tensor.ElementwiseKernels.Unary;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;

/// Non-linearities of networks, and dropout.
public final class Activations {
    private Activations() {
    }

    /// silu(gate) · up (Shazeer 2020); see {@link ElementwiseKernels#swiGlu}.
    public static Var swiGlu(Var gate, Var up) {
        Tape tape = gate.tape();
        ElementwiseKernels kernels = tape.backend().elementwise();
        Tensor y = tape.like(gate.value());
        kernels.swiGlu(gate.value(), up.value(), y);
        return tape.record(y, (dy, adjoints) -> {
            Tensor dgate = tape.like(y);
            Tensor dup = tape.like(y);
            kernels.swiGluBackward(dy, gate.value(), up.value(), dgate, dup);
            adjoints.give(gate, dgate);
            adjoints.give(up, dup);
        }, gate, up);
    }

    /// x · Φ(x), the exact form (Hendrycks and Gimpel 2016).
    public static Var gelu(Var x) {
        Tape tape = x.tape();
        ElementwiseKernels kernels = tape.backend().elementwise();
        Tensor y = tape.like(x.value());
        kernels.unary(Unary.GELU, x.value(), y);
        return tape.record(y, (dy, adjoints) -> adjoints.add(x, dx -> {
            kernels.unary(Unary.GELU_DERIVATIVE, x.value(), dx);
            kernels.binary(Binary.MULTIPLY, dx, dy, dx);
        }), x);
    }

    /// Inverted dropout (Srivastava et al. 2014): each element is kept with probability 1 − rate and scaled by
    /// 1 / (1 − rate), else 0.
    ///
    /// @param rate in [0, 1); at 0 the result is x itself
    /// @param key decides which elements are kept
    public static Var dropout(Var x, double rate, RandomKey key) {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("dropout: rate " + rate + " must be in [0, 1)");
        }
        if (rate == 0) {
            return x;
        }
        Tape tape = x.tape();
        Tensor mask = tape.like(x.value());
        tape.backend().elementwise().dropoutMask(key, 1 - rate, mask);
        return Pointwise.multiply(x, tape.constant(mask));
    }
}
