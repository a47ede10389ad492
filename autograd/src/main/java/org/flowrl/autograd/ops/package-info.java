/// Differentiable ops, each a static method that computes its value and hands the tape the reverse: read
/// {@link org.flowrl.autograd.ops.Products#linear} first. Ops check shapes through the kernels they call.
package org.flowrl.autograd.ops;
