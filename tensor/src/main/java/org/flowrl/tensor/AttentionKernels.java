package org.flowrl.tensor;

/// Causal attention. N tokens packed over B sequences, H query heads, G key/value heads (H a multiple of G: head h
/// reads key head h / (H/G)), E head size.
///
/// One query row, at position p of its sequence, reads keys j = 0 … p counted from the sequence's first token:
/// ```
/// s[j] = (Σ_e q[e] · k[j, e]) · scale          chain over e (E ≤ 256), fma(q, k, sum)
/// m = max_j s[j]      w[j] = exp(s[j] − m)      l = Σ_j w[j] over sixteen lanes      r = 1 / l
/// out[e] = (Σ_j w[j] · v[j, e]) · r             chain of blocks over j, fma(w, v, sum)
/// ```
/// with the contract's own exponential. Neither the batch, nor the cache, nor the page of a key changes a bit.
public interface AttentionKernels {
    /// The largest head size.
    int MAX_HEAD_SIZE = Backend.BLOCK;

    /// Attention within packed sequences: overwrites out [N, H, E] and statistics [N, H, 2] (m and r of each row).
    ///
    /// @param q [N, H, E]
    /// @param k [N, G, E]
    /// @param v [N, G, E]
    /// @param starts I32 `[B + 1]`: sequence b holds tokens `starts[b] … starts[b+1]−1`; `starts[0] = 0`,
    ///     `starts[B] = N`
    void forward(Tensor q, Tensor k, Tensor v, Tensor starts, double scale, Tensor out, Tensor statistics);

    /// Gradients of {@link #forward}: overwrites dq [N, H, E], dk [N, G, E] and dv [N, G, E].
    /// ```
    /// P[i, j] = exp(s[i, j] − m[i]) · r[i]        D[i] = Σ_e dout[i, e] · out[i, e]
    /// dP[i, j] = Σ_e dout[i, e] · v[j, e]         dS = P · (dP − D) · scale
    /// dq[i] = Σ_j dS[i, j] · k[j]        dk[j] = Σ_{h, i} dS[i, j] · q[i]        dv[j] = Σ_{h, i} P[i, j] · dout[i]
    /// ```
    /// s, P and every product are rounded as written, left to right. D sums over sixteen lanes by fma(dout, out, lane);
    /// dP is one chain over e, fma(dout, v, sum); dq is a chain of blocks over j, fma(dS, k, sum). dk and dv are one
    /// fma chain from +0, fma(dS, q, sum) and fma(P, dout, sum): heads of the group outer, rows i = j … inner, both in
    /// order.
    void backward(Tensor dout, Tensor q, Tensor k, Tensor v, Tensor out, Tensor statistics, Tensor starts, double scale,
            Tensor dq, Tensor dk, Tensor dv);

    /// Writes keys and values of N new tokens into cache pages.
    ///
    /// Page p of a layer holds {@link Backend#LANES} consecutive tokens of one sequence: keys transposed as
    /// `keyPages[p] = [G, E, LANES]`, values as `valuePages[p] = [G, LANES, E]`.
    ///
    /// @param k [N, G, E]
    /// @param v [N, G, E]
    /// @param keyPages [P, G, E, LANES]
    /// @param valuePages [P, G, LANES, E]
    /// @param slots I32 `[N]`: page · LANES + lane of each token, no two alike
    void writePages(Tensor k, Tensor v, Tensor slots, Tensor keyPages, Tensor valuePages);

    /// Attention of N new tokens over their sequences' cached keys (their own included, see {@link #writePages}):
    /// overwrites out [N, H, E]. Entries of the page table beyond a token's own page are not read, and what lies in
    /// pages beyond its position changes nothing, NaN included.
    ///
    /// @param q [N, H, E]
    /// @param positions I32 `[N]`: each token's position p in its sequence
    /// @param sequences I32 `[N]`: each token's row of `pageTable`
    /// @param pageTable I32 [B, pages]: page of positions 16·i … 16·i+15 of each sequence
    void forwardPaged(Tensor q, Tensor keyPages, Tensor valuePages, Tensor positions, Tensor sequences,
            Tensor pageTable, double scale, Tensor out);
}
