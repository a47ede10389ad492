package org.flowrl.autograd.ops;

import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.Tensor;

/// Sums to a single number.
public final class Reductions {
    private Reductions() {
    }

    /// The sum of all elements, [1].
    public static Var sum(Var x) {
        Tape tape = x.tape();
        ElementwiseKernels kernels = tape.backend().elementwise();
        Tensor y = tape.allocate(x.value().dtype(), 1);
        kernels.sum(x.value(), y);
        return tape.record(y, (dy, adjoints) -> adjoints.add(x, dx -> kernels.fill(dx, dy.item())), x);
    }

    /// The mean of all elements, [1].
    public static Var mean(Var x) {
        return Pointwise.scale(sum(x), 1.0 / x.value().elements());
    }
}
