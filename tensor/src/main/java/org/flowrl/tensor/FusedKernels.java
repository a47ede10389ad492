package org.flowrl.tensor;

import java.util.List;

/// The operations of a decoder block over cached tokens in few calls: for passes without gradients on a device where a
/// decoding step waits for each call longer than for its numbers.
///
/// Each method is a formula of other kernel families, rounded at the same places, see {@link RowKernels},
/// {@link MatmulKernels}, {@link AttentionKernels} and {@link ElementwiseKernels}; what they pass to each other need
/// not be written down. An *operand* is what products read, in the type that their weight is packed in: F32 numbers, or
/// BF16 ones, each rounded to nearest even once. Everything else is F32.
///
/// N tokens, D model, O outputs, H query heads, G key heads, E head size, F feed-forward.
public interface FusedKernels {
    /// {@link RowKernels#rmsNorm} of x [N, D]: overwrites `operand` [N, D].
    ///
    /// @param weight `[D]`
    void norm(Tensor x, Tensor weight, double eps, Tensor operand);

    /// Products of one operand [N, D] with several weights [O₁, D], [O₂, D] …: overwrites y [N, O₁ + O₂ + …], in which
    /// their rows lie beside each other. Weights of {@link MatmulKernels#packedTogether} are read as one.
    void products(Tensor operand, List<PackedMatrix> weights, Tensor y);

    /// Adds to y `[N, O]` the product of an operand `[N, D]` with a weight `[O, D]`, and `bias` `[O]`, which may be
    /// null.
    void addProduct(Tensor operand, PackedMatrix weight, Tensor bias, Tensor y);

    /// Adds the output of a low-rank adapter to the columns of y [N, …] from `column` on: (scale · (x · aᵀ)) · bᵀ. Its
    /// weights are small and packed as F32.
    ///
    /// @param x [N, D]
    /// @param a [r, D]
    /// @param b [O, r]
    /// @param low [N, r], overwritten with scale · (x · aᵀ)
    void addLowRank(Tensor x, PackedMatrix a, PackedMatrix b, double scale, Tensor low, Tensor y, long column);

    /// Makes queries, keys and values of their products: adds biases, norms each query and key head, turns them by
    /// their positions ({@link RowKernels#rope}), overwrites q [N, H, E], and writes keys and values into the cache
    /// ({@link AttentionKernels#writePages}).
    ///
    /// @param projected [N, (H + 2 G) E]: queries, keys and values of {@link #products}
    void placeHeads(Tensor projected, HeadTerms terms, Pages pages, Tensor q);

    /// {@link AttentionKernels#forwardPaged} of q [N, H, E]: overwrites `operand` [N, H · E].
    void attend(Tensor q, Pages pages, double scale, Tensor operand);

    /// {@link #placeHeads} and {@link #attend} at once: overwrites `operand` [N, H · E], and writes keys and values
    /// into the cache. No two tokens may be of one sequence, unless they are the same one.
    ///
    /// @param projected [N, (H + 2 G) E]
    void attendNewest(Tensor projected, HeadTerms terms, Pages pages, double scale, Tensor operand);

    /// {@link ElementwiseKernels#swiGlu} of gates and ups that lie beside each other: overwrites `operand` [N, F].
    ///
    /// @param projected [N, 2 F]
    void swiGlu(Tensor projected, Tensor operand);

    /// What is done to heads between their product and their attention.
    ///
    /// @param queryBias [H · E], or null
    /// @param keyBias [G · E], or null
    /// @param valueBias [G · E], or null
    /// @param queryNorm `[E]` weights of a norm of each head, or null
    /// @param keyNorm `[E]` weights of a norm of each head, or null
    /// @param eps of these norms
    /// @param cos [P, E/2], P above every position
    /// @param sin [P, E/2], P above every position
    record HeadTerms(Tensor queryBias, Tensor keyBias, Tensor valueBias, Tensor queryNorm, Tensor keyNorm, double eps,
            Tensor cos, Tensor sin) {
    }

    /// A layer's part of the cache, and where the tokens of the call stand in it; as {@link AttentionKernels} has them.
    ///
    /// @param keyPages [P, G, E, LANES]
    /// @param valuePages [P, G, LANES, E]
    /// @param slots I32 `[N]`
    /// @param positions I32 `[N]`
    /// @param sequences I32 `[N]`
    /// @param pageTable I32 [B, pages]
    record Pages(Tensor keyPages, Tensor valuePages, Tensor slots, Tensor positions, Tensor sequences,
            Tensor pageTable) {
    }
}
