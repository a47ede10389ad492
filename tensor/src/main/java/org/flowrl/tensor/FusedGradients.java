package org.flowrl.tensor;

import java.util.List;

/// What a decoder block's training needs beside {@link FusedKernels}: gradients through its operations in few passes
/// over memory. A card spends about as long on the numbers between products as on the products themselves: here each is
/// written once, in the type that it is read in.
///
/// An operand has the type that its weight is packed in, see {@link FusedKernels}; so have gradients that products
/// read. All other tensors are F32.
///
/// N tokens, D model, O outputs, H query heads, G key heads, E head size, F feed-forward.
public interface FusedGradients {
    /// As {@link FusedKernels#norm}; overwrites `inverse` `[N]` with 1 / sqrt(mean(x²) + eps), too.
    void norm(Tensor x, Tensor weight, double eps, Tensor operand, Tensor inverse);

    /// The gradient of {@link RowKernels#rmsNorm} of x, added to another one of x: overwrites dx [N, D], adds to
    /// `dweight` `[D]`.
    /// ```
    /// dx = dstream + dnorm(dy)
    /// ```
    ///
    /// @param dy [N, D] of the normed rows
    /// @param inverse `[N]` of {@link #norm}
    /// @param dstream [N, D]; may be dx itself
    void normBackward(Tensor dy, Tensor x, Tensor weight, Tensor inverse, Tensor dstream, Tensor dx, Tensor dweight);

    /// The gradient of the operand of {@link FusedKernels#products}: overwrites dx [N, D].
    /// ```
    /// dx = dy₁ · weight₁ + dy₂ · weight₂ + …
    /// ```
    ///
    /// @param dy operand [N, O₁ + O₂ + …]
    void inputGradient(Tensor dy, List<PackedMatrix> weights, Tensor dx);

    /// The gradients of the weights of {@link FusedKernels#products}: adds dyᵢᵀ · operand to each dweight [Oᵢ, D].
    /// Those that lie one after the other are written as one.
    ///
    /// @param dy operand [N, O₁ + O₂ + …]
    /// @param operand [N, D]
    void weightGradients(Tensor dy, Tensor operand, List<Tensor> dweights);

    /// Makes queries, keys and values of their products, as {@link FusedKernels#placeHeads}, but beside the cache:
    /// overwrites q [N, H, E], k and v [N, G, E].
    ///
    /// @param projected [N, (H + 2 G) E]
    /// @param positions I32 `[N]`
    void splitHeads(Tensor projected, FusedKernels.HeadTerms terms, Tensor positions, Tensor q, Tensor k, Tensor v);

    /// The gradient of {@link #splitHeads}: overwrites dprojected [N, (H + 2 G) E]. Where heads have norms, adds to the
    /// gradients of their weights, and what dq and dk hold afterwards is undefined.
    ///
    /// @param norms null where heads have none
    /// @param dprojected an operand
    void joinHeads(Tensor dq, Tensor dk, Tensor dv, HeadNorms norms, FusedKernels.HeadTerms terms, Tensor positions,
            Tensor dprojected);

    /// What the gradients of heads' norms take beside their terms.
    ///
    /// @param projected [N, (H + 2 G) E] that {@link #splitHeads} was given
    /// @param dquery `[E]` of the queries' norm's weight
    /// @param dkey `[E]` of the keys' norm's weight
    record HeadNorms(Tensor projected, Tensor dquery, Tensor dkey) {
    }

    /// The gradients of biases: adds the sums over all tokens of its columns to each of `dbiases` `[Oᵢ]`.
    ///
    /// @param dy operand [N, O₁ + O₂ + …]: what is added has been rounded
    void biasGradients(Tensor dy, List<Tensor> dbiases);

    /// The gradient of {@link FusedKernels#swiGlu}: overwrites dprojected [N, 2 F].
    ///
    /// @param dy [N, F]
    /// @param projected [N, 2 F]
    /// @param dprojected an operand
    void swiGluBackward(Tensor dy, Tensor projected, Tensor dprojected);
}
