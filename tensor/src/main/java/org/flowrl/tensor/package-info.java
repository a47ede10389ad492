/// Tensors, the memory they live in, and the kernels that compute on them.
///
/// Read {@link org.flowrl.tensor.Tensor} (a value) and {@link org.flowrl.tensor.Scope} (who owns its memory) first,
/// then {@link org.flowrl.tensor.Backend}: its text is the kernel contract, and the six family interfaces give every
/// kernel's formula, shapes and order of reduction. {@link org.flowrl.tensor.Backends} opens a backend by name;
/// {@link org.flowrl.tensor.RandomKey} is the only source of randomness.
package org.flowrl.tensor;
