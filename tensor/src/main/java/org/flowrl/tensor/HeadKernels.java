package org.flowrl.tensor;

/// The language-model head over a vocabulary of V words, without ever holding [N, V]: logits are made chunk by chunk.
///
/// The logits `z[n, v] = (hidden[n] · weight[v]) / temperature` are those of {@link MatmulKernels#forward}, divided by
/// the law's temperature (skipped where it is 1). Each chunk c of {@link #VOCABULARY_CHUNK} words gives, with sums over
/// sixteen lanes counted from the chunk's first word,
/// ```
/// m_c = max_v z[v]     w[v] = exp(z[v] − m_c)     l_c = Σ_v w[v]     t_c = Σ_v w[v] · (z[v] − m_c)   by fma
/// ```
/// and chunks are merged in order; the first chunk is taken as it is, then
/// ```
/// M = max(m, m_c)     a = exp(m − M)     b = exp(m_c − M)
/// t = a · (t + l · (m − M)) + b · (t_c + l_c · (m_c − M))     l = a · l + b · l_c     m = M
/// ```
/// with every product and sum rounded by itself; t_c goes into its lane by fma(w, z − m_c, lane). At the end
/// ```
/// lse = m + log l      logProb = z[target] − lse      entropy = log l − t / l      (nats)
/// ```
/// with log as in {@link ElementwiseKernels.Unary#LOG}.
public interface HeadKernels {
    /// Words per chunk: a constant of the contract, a multiple of {@link Backend#BLOCK}.
    int VOCABULARY_CHUNK = 4096;

    /// Overwrites logProb `[N]`, entropy `[N]` and lse `[N]` of the target words.
    ///
    /// @param hidden [N, D]
    /// @param weight [V, D]
    /// @param targets I32 `[N]`
    /// @param temperature above 0
    void logProbs(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature, Tensor logProb,
            Tensor entropy, Tensor lse);

    /// Gradients of {@link #logProbs}: overwrites dhidden [N, D], adds to dweight [V, D] where that is wanted.
    /// ```
    /// p = exp(z − lse)
    /// dz[n, v] = (dLogProb[n] · (1[v = target] − p) − (dEntropy[n] · p) · ((z − lse) + entropy)) / temperature
    /// dhidden = dz · weight       dweight += dzᵀ · hidden
    /// ```
    /// Both products are those of {@link MatmulKernels}, chunk by chunk in vocabulary order.
    ///
    /// @param dEntropy `[N]`, or null where the entropy has no gradient
    /// @param dweight [V, D], or null where the weight is not trained
    void logProbsBackward(Tensor hidden, PackedMatrix weight, Tensor targets, double temperature, Tensor entropy,
            Tensor lse, Tensor dLogProb, Tensor dEntropy, Tensor dhidden, Tensor dweight);

    /// Draws one word for each row under the sampling law: overwrites tokens I32 `[N]` and logProb `[N]`.
    ///
    /// With temperature above 0 and no truncation, logProb has the bits of {@link #logProbs} for the drawn word. With
    /// top-k or top-p it is the log-probability under the truncated, renormalised law. With temperature 0 the word is
    /// the one of the highest logit (the lowest id of several) and logProb is its log-probability at temperature 1.
    /// ```
    /// token = the first v with Σ_{u ≤ v} exp(z[u] − m) > uniform · Σ_u exp(z[u] − m)      sums in F64, in order of v
    /// ```
    /// over the kept words, m being the highest logit and exp that of the type: top-k keeps the k highest logits (ties:
    /// lower id first), then top-p keeps the shortest prefix of these words by falling logit with
    /// Σ_prefix exp(z − m) ≥ p · Σ_kept exp(z − m), both sums in F64 in falling order. The log-probability under a
    /// truncated law is (z − m) − log Σ_kept exp(z − m), the difference and the logarithm in F64, the sum in order of
    /// v, rounded once.
    ///
    /// @throws ArithmeticException where a row has no distribution (a logit is NaN or +∞, or all of a chunk
    ///     are −∞), naming the row
    /// @param uniforms F64 `[N]` in [0, 1)
    void sample(Tensor hidden, PackedMatrix weight, SamplingLaw law, Tensor uniforms, Tensor tokens, Tensor logProb);
}
