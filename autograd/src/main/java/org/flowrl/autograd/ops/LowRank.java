package org.flowrl.autograd.ops;

import org.flowrl.autograd.Parameter;

/// A change of a weight matrix of `outputs` rows and `inputs` columns, of low rank r: scale · b · a.
///
/// @param a matrix [r, inputs]
/// @param b matrix [outputs, r]
/// @param scale of the product
public record LowRank(Parameter a, Parameter b, double scale) {
    public LowRank {
        if (a.shape().dim(0) != b.shape().dim(1)) {
            throw new IllegalArgumentException("low rank: the columns of b " + b + " must be the rows of a " + a);
        }
    }
}
