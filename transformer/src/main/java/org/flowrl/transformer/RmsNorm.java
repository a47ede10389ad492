package org.flowrl.transformer;

import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.Parameters;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Norms;

/// x / sqrt(mean(x²) + eps) · weight over the last dimension (Zhang and Sennrich 2019).
///
/// @param weight `[D]`
/// @param eps added to the mean square
public record RmsNorm(Parameter weight, double eps) {
    /// Declares `weight` `[size]`, first values 1, here.
    public static RmsNorm declare(Parameters here, long size, double eps) {
        return new RmsNorm(here.declare("weight", Initializer.ones(), size), eps);
    }

    /// The normed rows, of the shape of x [..., D].
    public Var forward(Var x) {
        return Norms.rmsNorm(x, weight, eps);
    }
}
