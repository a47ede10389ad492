package org.flowrl.tensor;

/// Kernels over rows [R, D]: each row by itself, the last dimension being the row; leading dimensions count as rows.
/// A tensor `[R]` has one element for each row, in any shape.
public interface RowKernels {
    /// Root-mean-square norm (Zhang and Sennrich 2019, as in Qwen): overwrites y `[R, D]` and inverse `[R]`.
    /// ```
    /// inverse[r] = 1 / sqrt((Σ_d x[r, d]²) / D + eps)        y[r, d] = (x[r, d] · inverse[r]) · weight[d]
    /// ```
    /// The sum runs over sixteen lanes by fma(x, x, lane).
    void rmsNorm(Tensor x, Tensor weight, double eps, Tensor y, Tensor inverse);

    /// Overwrites dx `[R, D]` and adds to dweight `[D]`.
    /// ```
    /// g = dy · weight     c[r] = (Σ_d g[r, d] · x[r, d]) · ((inverse[r] · inverse[r]) · inverse[r]) / D
    /// dx = g · inverse − x · c                    computed as fma(−c, x, g · inverse)
    /// dweight[d] += Σ_r dy[r, d] · (x[r, d] · inverse[r])
    /// ```
    /// The row sum runs over sixteen lanes, fma(g, x, lane); dweight is a chain of blocks over r, fma(dy, x · inverse,
    /// sum), whose block sums are added to it in block order.
    void rmsNormBackward(Tensor dy, Tensor x, Tensor weight, Tensor inverse, Tensor dx, Tensor dweight);

    /// Layer norm: overwrites y `[R, D]`, mean `[R]` and inverse `[R]`.
    /// ```
    /// mean = Σ_d x / D     inverse = 1 / sqrt(Σ_d (x − mean)² / D + eps)
    /// y = fma((x − mean) · inverse, gamma, beta)
    /// ```
    /// Sums run over sixteen lanes: of x by addition, of squares by fma(x − mean, x − mean, lane).
    void layerNorm(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor inverse);

    /// Overwrites dx `[R, D]`; adds to dgamma `[D]` and dbeta `[D]`.
    /// ```
    /// n = (x − mean) · inverse     g = dy · gamma     a = Σ_d g / D     b = Σ_d g · n / D
    /// dx = (g − a − n · b) · inverse     dgamma[d] += Σ_r dy · n     dbeta[d] += Σ_r dy
    /// ```
    /// Row sums run over sixteen lanes: of g by addition, of g · n by fma(g, n, lane). dgamma is a chain of blocks over
    /// r, fma(dy, n, sum), and dbeta sums each block of r in order from +0; block sums are added to both in block
    /// order.
    void layerNormBackward(Tensor dy, Tensor x, Tensor gamma, Tensor mean, Tensor inverse, Tensor dx, Tensor dgamma,
            Tensor dbeta);

    /// Overwrites out `[N, D]` with rows of table `[V, D]`: `out[n] = table[ids[n]]`.
    ///
    /// @param ids I32 `[N]`, each in 0 … V−1
    void gather(Tensor table, Tensor ids, Tensor out);

    /// Adds rows: `dtable[ids[n]] += dout[n]`, in order of n. The gradient of {@link #gather}.
    void scatterAdd(Tensor dout, Tensor ids, Tensor dtable);

    /// Rotary position embedding, Qwen's half-split form: overwrites out [N, H, E].
    /// ```
    /// c = cos[positions[n], e]   s = sin[positions[n], e]   a = x[n, h, e]   b = x[n, h, e + E/2]      e < E/2
    /// out[n, h, e] = a·c − b·s            out[n, h, e + E/2] = b·c + a·s
    /// ```
    /// with products rounded before they are added. `inverse` negates s, which gives the gradient.
    ///
    /// @param positions I32 `[N]`
    /// @param cos [P, E/2] with P greater than every position
    /// @param sin [P, E/2] with P greater than every position
    void rope(Tensor x, Tensor positions, Tensor cos, Tensor sin, boolean inverse, Tensor out);

    /// Sums over sequences: overwrites out `[B, D]` with Σ `x[n, d]` over `starts[b] ≤ n < starts[b+1]`, in order from
    /// +0.
    ///
    /// @param x `[N, D]` or `[N]` (then out is `[B]`)
    /// @param starts I32 [B + 1], not decreasing, from 0 to N at the most
    void segmentSum(Tensor x, Tensor starts, Tensor out);

    /// Copies each sequence's row to its members: `out[n] = x[b]` for `starts[b] ≤ n < starts[b+1]`, zero for rows
    /// of no sequence. The gradient of {@link #segmentSum}.
    ///
    /// @param x `[B, D]` or `[B]` (then out is `[N]`)
    void segmentBroadcast(Tensor x, Tensor starts, Tensor out);
}
