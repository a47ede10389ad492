package org.flowrl.transformer;

import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Parameters;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.LowRank;
import org.flowrl.autograd.ops.Products;

/// y = x · weightᵀ + bias, and where there is an adapter + (scale · (x · aᵀ)) · bᵀ.
///
/// @param weight matrix [outputs, inputs]
/// @param bias `[outputs]`, or null
/// @param adapter see {@link Lora}, or null
public record Linear(Parameter weight, Parameter bias, LowRank adapter) {
    /// Declares `weight` and, where `hasBias`, `bias` (first values 0) here.
    public static Linear declare(Parameters here, Initializer initializer, long outputs, long inputs, boolean hasBias) {
        Parameter weight = here.matrix("weight", initializer, outputs, inputs);
        return new Linear(weight, hasBias ? here.declare("bias", Initializer.zeros(), outputs) : null, null);
    }

    /// This map with an adapter, `lora_A.weight` [rank, inputs] and `lora_B.weight` [outputs, rank], declared here.
    ///
    /// @param here in another store than the map's own
    /// @throws IllegalArgumentException where the rank is above the weight's
    Linear adapted(Parameters here, Lora lora) {
        long outputs = weight.shape().dim(0);
        long inputs = weight.shape().dim(1);
        if (lora.rank() > Math.min(outputs, inputs)) {
            throw new IllegalArgumentException("lora: rank " + lora.rank() + " must be at most "
                    + Math.min(outputs, inputs) + ", the smaller side of " + weight);
        }
        Parameter a = here.at("lora_A").matrix("weight", Initializer.uniform(1 / Math.sqrt(inputs)), lora.rank(),
                inputs);
        Parameter b = here.at("lora_B").matrix("weight", Initializer.zeros(), outputs, lora.rank());
        return new Linear(weight, bias, new LowRank(a, b, lora.scale()));
    }

    /// True without bias and adapter.
    boolean isMatrix() {
        return bias == null && adapter == null;
    }

    /// [M, outputs] of x [M, inputs].
    public Var forward(Var x) {
        return adapter == null ? Products.linear(x, weight, bias) : Products.linear(x, weight, bias, adapter);
    }
}
