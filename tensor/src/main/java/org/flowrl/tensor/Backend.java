package org.flowrl.tensor;

import java.util.Optional;

/// Computes on one device: a handful of kernel families over one {@link Memory}.
///
/// Kernels are destination-passing: they write into given tensors, allocate nothing that outlives the call and keep no
/// references. Activations are overwritten; gradients of parameters are added to. Every kernel checks shapes, types and
/// devices before it computes and throws {@link IllegalArgumentException} naming operation, argument, value and rule.
/// Floating tensors of one call have one {@link DType#isComputable() computable} type; integer tensors are I32. Outputs
/// do not overlap inputs or each other unless the method allows it. A dimension may be 0.
///
/// *Rounding.* Every operation is rounded by itself to the type of the call, in the order of its formula (left to right
/// among equals), and nothing is contracted: an fma stands where the text says fma. Numbers that come as `double`
/// (scale, eps, temperature) and constants computed from them are rounded to the type once, before use. NaNs are equal
/// whatever their bits.
///
/// **Kernel contract.** A row's result does not depend on its neighbours: not on batch size, tile, thread count,
/// padding, prefill or decode, JIT tier or instruction set. Backends that keep it say so in {@link #guarantees}; the
/// order of every reduction is written at the method. Two orders recur:
///
/// *Chain of blocks* over k = 0 … K−1: each block of {@link #BLOCK} consecutive k is an fma chain from +0 in k order,
/// and block sums are added in block order, starting from the first block's sum. No k at all gives +0.
///
/// *Sixteen lanes*: element j is accumulated into lane j mod {@link #LANES}, in order of j, from +0; then the lanes are
/// folded as a tree: lane i += lane i+8 (i < 8), then i+4, then i+2, then i+1. A sum of products Σ a · b goes into its
/// lane by fma(a, b, lane), any other sum by addition.
public interface Backend extends AutoCloseable {
    /// Length of a block in a chain of blocks. A constant of the contract: changing it changes every result's bits.
    int BLOCK = 256;

    /// Number of virtual lanes of a lane sum, and of keys in a page of the attention cache.
    int LANES = 16;

    /// Elements in a chunk of a flat reduction ({@link ElementwiseKernels#sum}, {@link OptimizerKernels#squaredNorm}).
    int CHUNK = 4096;

    /// The short name: `vector`, `reference`, `cuda`.
    String name();

    /// One line for people: instruction set, tile, threads.
    String description();

    /// The device that tensors must lie on.
    Device device();

    /// What can be relied on.
    Guarantees guarantees();

    /// The device's memory, for {@link Scope#root}.
    Memory memory();

    /// Bytes that kernels hold beside {@link #memory} for work within a call: chunk buffers, grown rarely and never
    /// given back before {@link #close}. Constant once a loop is warm.
    default long workspaceBytes() {
        return 0;
    }

    /// Repeats work without asking for each of its kernels anew; empty where that gains nothing.
    default Optional<Recorder> recorder() {
        return Optional.empty();
    }

    /// A decoder block's operations in fewer calls; empty where that gains nothing.
    default Optional<FusedKernels> fused() {
        return Optional.empty();
    }

    /// A block's gradients in few passes over memory, where there is more than a pass to be saved and the products of
    /// gradients take the type of the weights as they are.
    ///
    /// @param storage of the weights
    default Optional<FusedGradients> fusedGradients(DType storage) {
        return Optional.empty();
    }

    /// Matrix products.
    MatmulKernels matmul();

    /// Kernels over rows: norms, embedding, rotary positions, sums over sequences.
    RowKernels rows();

    /// Causal attention over packed sequences and over a paged cache.
    AttentionKernels attention();

    /// Attention beside weights that are packed as `storage`: a backend that rounds operands for its products may round
    /// queries, keys and values as it does those of these weights. {@link #attention()} is that beside F32.
    default AttentionKernels attention(DType storage) {
        return attention();
    }

    /// The language-model head: log-probabilities, entropies and samples over the vocabulary.
    HeadKernels heads();

    /// Element by element.
    ElementwiseKernels elementwise();

    /// Over flat parameter arenas.
    OptimizerKernels optimizer();

    /// Stops worker threads and gives all memory back.
    @Override
    void close();

    /// What a backend promises.
    ///
    /// @param rowInvariant the kernel contract holds: a row has the same bits in every batch
    /// @param deterministic the same call gives the same bits on every run and for every number of threads
    record Guarantees(boolean rowInvariant, boolean deterministic) {
    }
}
