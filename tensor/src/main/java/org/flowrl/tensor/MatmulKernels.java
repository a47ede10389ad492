package org.flowrl.tensor;

import java.util.List;
import java.util.Optional;

/// Matrix products with a weight [N, K] and their gradients. M rows (tokens), K inputs, N outputs.
public interface MatmulKernels {
    /// Allocates a packed copy of `weight` [N, K] in `scope` and fills it. The packed copy may keep reading `weight`,
    /// which must live as long.
    ///
    /// @param storage the compute type of `weight`, or BF16
    PackedMatrix pack(Tensor weight, DType storage, Scope scope);

    /// Packed copies of weights of these shapes [N₁, K], [N₂, K] … that lie one after the other, so that products of
    /// one operand with all of them are one product with [N₁ + N₂ + …, K]. Their content is undefined until
    /// {@link #repack}. Empty where such copies gain nothing, and each weight is packed by itself.
    ///
    /// @param storage F32, F64 or BF16
    default Optional<List<PackedMatrix>> packedTogether(List<Shape> weights, DType storage, Scope scope) {
        return Optional.empty();
    }

    /// Rebuilds a packed copy after its weight [N, K] has changed.
    void repack(Tensor weight, PackedMatrix packed);

    /// Overwrites y [M, N].
    /// ```
    /// y[m, n] = (Σ_k x[m, k] · w[n, k]) + bias[n]
    /// ```
    /// The sum is a chain of blocks over k, fma(x, w, sum); bias (may be null) is added last.
    void forward(Tensor x, PackedMatrix w, Tensor bias, Tensor y);

    /// Gradient towards the input: overwrites dx [M, K], or adds to it where `add`.
    /// ```
    /// dx[m, k] = Σ_n dy[m, n] · w[n, k]
    /// ```
    /// The sum is a chain of blocks over n, fma(dy, w, sum); where `add`, block sums are added to dx in block order.
    void inputGradient(Tensor dy, PackedMatrix w, Tensor dx, boolean add);

    /// Gradient towards the weight: adds to dw [N, K].
    /// ```
    /// dw[n, k] += Σ_m dy[m, n] · x[m, k]
    /// ```
    /// The sum is a chain of blocks over m, fma(dy, x, sum); block sums are added to dw in block order. Token blocks
    /// are counted from the first row of the call, whatever the number of threads.
    void weightGradient(Tensor dy, Tensor x, Tensor dw);

    /// Gradient towards the bias: adds to db `[N]`.
    /// ```
    /// db[n] += Σ_m dy[m, n]
    /// ```
    /// Each block of {@link Backend#BLOCK} rows is summed in order from +0; block sums are added to db in block order.
    void biasGradient(Tensor dy, Tensor db);

    /// All gradients of {@link #forward} in one call, which a backend may use to prepare dy once: overwrites dx, and
    /// adds to dw and db, as the methods of single gradients do, whose order this is.
    ///
    /// @param w the packed weight, by whose type a backend may round what gradients are products of
    /// @param dx [M, K], or null where it is not wanted
    /// @param dw [N, K], or null
    /// @param db `[N]`, or null
    default void gradients(Tensor dy, Tensor x, PackedMatrix w, Tensor dx, Tensor dw, Tensor db) {
        if (dx != null) {
            inputGradient(dy, w, dx, false);
        }
        if (dw != null) {
            weightGradient(dy, x, dw);
        }
        if (db != null) {
            biasGradient(dy, db);
        }
    }
}
