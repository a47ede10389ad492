package org.flowrl.transformer;

import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Parameters;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Products;

/// y = x · weightᵀ + bias.
///
/// @param weight matrix [outputs, inputs]
/// @param bias [outputs], or null
public record Linear(Parameter weight, Parameter bias) {
    /// Declares `weight` and, where `hasBias`, `bias` (first values 0) here.
    public static Linear declare(Parameters here, Initializer initializer, long outputs, long inputs, boolean hasBias) {
        Parameter weight = here.matrix("weight", initializer, outputs, inputs);
        return new Linear(weight, hasBias ? here.declare("bias", Initializer.zeros(), outputs) : null);
    }

    /// [M, outputs] of x [M, inputs].
    public Var forward(Var x) {
        return Products.linear(x, weight, bias);
    }
}
