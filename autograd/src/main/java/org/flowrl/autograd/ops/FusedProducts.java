package org.flowrl.autograd.ops;

import java.util.List;
import java.util.Optional;
import org.flowrl.autograd.Adjoints;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.FusedGradients;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.Tensor;

/// The products that each half of a decoder block begins and ends with, forward and backward, by kernels that write
/// what products read once. N tokens, D model, O outputs.
record FusedProducts(Tape tape, FusedKernels kernels, FusedGradients gradients) {
    /// Empty where the backend has no kernels for weights that are packed as this one.
    static Optional<FusedProducts> like(Tape tape, Parameter weight) {
        return tape.backend().fused().flatMap(kernels -> tape.backend()
                .fusedGradients(weight.packed().storage())
                .map(gradients -> new FusedProducts(tape, kernels, gradients)));
    }

    /// A norm of the stream and several products of the normed rows.
    ///
    /// @param norm [D]
    /// @param eps of the norm
    /// @param weights matrices [O₁, D], [O₂, D], …
    record Inputs(Var norm, double eps, List<Var> weights) {
        private List<PackedMatrix> packed() {
            return weights.stream().map(weight -> weight.parameter().packed()).toList();
        }

        private DType storage() {
            return packed().getFirst().storage();
        }
    }

    /// What a backward pass reads of {@link #products}.
    ///
    /// @param operand the normed rows [N, D]
    /// @param inverse [N] of the norm
    record Normed(Tensor operand, Tensor inverse) {
    }

    /// The normed rows of the stream x [N, D].
    Normed norm(Var x, Inputs inputs) {
        Normed normed = new Normed(tape.allocate(inputs.storage(), x.dim(0), x.dim(1)),
                tape.allocate(DType.F32, x.dim(0)));
        gradients.norm(x.value(), inputs.norm.parameter().value(), inputs.eps, normed.operand, normed.inverse);
        return normed;
    }

    /// Their products beside each other [N, O₁ + O₂ + …].
    Tensor products(Normed normed, Inputs inputs) {
        Tensor products = tape.allocate(DType.F32, normed.operand.dim(0),
                inputs.packed().stream().mapToLong(PackedMatrix::rows).sum());
        kernels.products(normed.operand, inputs.packed(), products);
        return products;
    }

    /// Contributes what comes of the products' gradient, and passes the stream's own on to x.
    ///
    /// @param dproducts operand [N, O₁ + O₂ + …]
    /// @param dstream [N, D]
    void backward(Tensor dproducts, Var x, Tensor dstream, Normed normed, Inputs inputs, Adjoints adjoints) {
        if (adjoints.wants(inputs.weights.getFirst())) {
            gradients.weightGradients(dproducts, normed.operand, inputs.weights.stream().map(adjoints::sum).toList());
        }
        Tensor dnormed = tape.like(dstream);
        gradients.inputGradient(dproducts, inputs.packed(), dnormed);
        Tensor dx = tape.like(dstream);
        gradients.normBackward(dnormed, x.value(), inputs.norm.parameter().value(), normed.inverse, dstream, dx,
                sum(inputs.norm, adjoints));
        tape.scope().release(dnormed);
        adjoints.give(x, dx);
    }

    /// The gradient of a norm's weight to add to; numbers that nobody reads where none is wanted.
    Tensor sum(Var norm, Adjoints adjoints) {
        return adjoints.wants(norm) ? adjoints.sum(norm)
                : tape.scope().zeros(DType.F32, norm.parameter().shape());
    }

    /// The stream x [N, D] with the product of an operand added: x + operand · weightᵀ.
    Tensor added(Tensor operand, Var weight, Var x) {
        Tensor y = tape.like(x.value());
        y.copyFrom(x.value());
        kernels.addProduct(operand, weight.parameter().packed(), null, y);
        return y;
    }

    /// The gradient of the operand, which the caller releases; that of the weight is contributed.
    ///
    /// @param dy [N, D]
    Tensor addedBackward(Tensor dy, Tensor operand, Var weight, Adjoints adjoints) {
        Tensor rounded = operand(dy, operand.dtype());
        Tensor doperand = tape.scope().allocate(DType.F32, operand.shape());
        gradients.inputGradient(rounded, List.of(weight.parameter().packed()), doperand);
        if (adjoints.wants(weight)) {
            gradients.weightGradients(rounded, operand, List.of(adjoints.sum(weight)));
        }
        if (rounded != dy) {
            tape.scope().release(rounded);
        }
        return doperand;
    }

    /// F32 numbers in the type of an operand: themselves, or rounded.
    Tensor operand(Tensor values, DType storage) {
        if (storage == values.dtype()) {
            return values;
        }
        Tensor rounded = tape.scope().allocate(storage, values.shape());
        tape.backend().elementwise().convert(values, rounded);
        return rounded;
    }
}
