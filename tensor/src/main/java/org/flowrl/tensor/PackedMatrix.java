package org.flowrl.tensor;

/// A weight matrix [N, K] in the layout that one backend's matmul kernels stream; derived from the row-major weight and
/// rebuilt by {@link MatmulKernels#repack} after each optimizer step. Sampler and trainer read the same copy.
public interface PackedMatrix {
    /// N: outputs, the rows of the weight.
    long rows();

    /// K: inputs, the columns of the weight.
    long columns();

    /// The type in which weights are held: the compute type, or BF16 (each weight rounded to nearest even).
    DType storage();

    /// Bytes of the packed copy, beyond the row-major weight; 0 where the weight itself is what kernels read.
    long bytes();

    /// True where input gradients read the row-major weight, which must then live as long as they are asked for.
    boolean readsWeightBackward();
}
