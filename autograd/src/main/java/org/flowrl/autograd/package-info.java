/// Reverse-mode differentiation over tensors: read {@link org.flowrl.autograd.Tape} first, then one op such as
/// {@link org.flowrl.autograd.ops.Norms#rmsNorm}, in which value and gradient stand on one screen.
///
/// A {@link org.flowrl.autograd.Var} is a tensor on a tape; {@link org.flowrl.autograd.Parameter}s live in a
/// {@link org.flowrl.autograd.ParameterStore}, their gradients in {@link org.flowrl.autograd.Gradients}.
package org.flowrl.autograd;
