package org.flowrl.transformer;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.Parameters;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Activations;
import org.flowrl.autograd.ops.Attention;
import org.flowrl.autograd.ops.FeedForward;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.autograd.ops.SelfAttention;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;

/// One block of Qwen2 or Qwen3: attention and a gated feed-forward network, each on the normed stream and added to it.
/// ```
/// h = x + o_proj(attention(rope(q), rope(k), v))      q, k, v of input_layernorm(x); Qwen3 norms each head of q and k
/// y = h + down_proj(silu(gate) · up)                  gate, up of post_attention_layernorm(h)
/// ```
/// Source: Qwen2 and Qwen3 technical reports (2024, 2025); names are the checkpoint's.
///
/// @param inputNorm of the stream, before attention
/// @param query [H·E, D]
/// @param key [G·E, D]
/// @param value [G·E, D]
/// @param queryNorm of each query head `[E]`, or null
/// @param keyNorm of each key head `[E]`, or null
/// @param output [D, H·E]
/// @param postAttentionNorm of the stream, before the feed-forward network
/// @param gate [F, D]
/// @param up [F, D]
/// @param down [D, F]
/// @param headDim E
public record QwenBlock(RmsNorm inputNorm, Linear query, Linear key, Linear value, RmsNorm queryNorm, RmsNorm keyNorm,
        Linear output, RmsNorm postAttentionNorm, Linear gate, Linear up, Linear down, int headDim) {
    /// How tokens look at each other: within packed sequences, or through a cache.
    @FunctionalInterface
    public interface Attend {
        /// The attention's output [N, H, E].
        ///
        /// @param q [N, H, E]
        /// @param k [N, G, E]
        /// @param v [N, G, E]
        Var apply(Var q, Var k, Var v);
    }

    /// Within packed sequences.
    ///
    /// @param starts I32 [B + 1]
    /// @param scale of scores
    /// @param storage of the model's packed weights
    record Causal(Tensor starts, double scale, DType storage) implements Attend {
        @Override
        public Var apply(Var q, Var k, Var v) {
            return Attention.causal(q, k, v, starts, scale, storage);
        }
    }

    /// Where tokens stand.
    ///
    /// @param positions I32 `[N]`
    /// @param cos [P, E/2], P above every position
    /// @param sin [P, E/2], P above every position
    public record Places(Tensor positions, Tensor cos, Tensor sin) {
    }

    /// Declares a block's parameters here.
    public static QwenBlock declare(Parameters here, QwenConfig config) {
        Initializer normal = Initializer.normal(config.initializerRange());
        int d = config.hiddenSize();
        int f = config.intermediateSize();
        int queryWidth = config.numAttentionHeads() * config.headDim();
        int keyWidth = config.numKeyValueHeads() * config.headDim();
        double eps = config.rmsNormEps();
        Parameters attention = here.at("self_attn");
        Parameters heads = attention.packedTogether();
        Parameters mlp = here.at("mlp");
        Parameters gates = mlp.packedTogether();
        return new QwenBlock(RmsNorm.declare(here.at("input_layernorm"), d, eps),
                Linear.declare(heads.at("q_proj"), normal, queryWidth, d, config.attentionBias()),
                Linear.declare(heads.at("k_proj"), normal, keyWidth, d, config.attentionBias()),
                Linear.declare(heads.at("v_proj"), normal, keyWidth, d, config.attentionBias()),
                config.normsHeads() ? RmsNorm.declare(attention.at("q_norm"), config.headDim(), eps) : null,
                config.normsHeads() ? RmsNorm.declare(attention.at("k_norm"), config.headDim(), eps) : null,
                Linear.declare(attention.at("o_proj"), normal, d, queryWidth, config.outputBias()),
                RmsNorm.declare(here.at("post_attention_layernorm"), d, eps),
                Linear.declare(gates.at("gate_proj"), normal, f, d, false),
                Linear.declare(gates.at("up_proj"), normal, f, d, false),
                Linear.declare(mlp.at("down_proj"), normal, d, f, false), config.headDim());
    }

    /// This block with adapters on the chosen linear maps, declared here: `self_attn.q_proj.lora_A.weight` and so on.
    QwenBlock adapted(Parameters here, Lora lora) {
        Parameters attention = here.at("self_attn");
        Parameters mlp = here.at("mlp");
        return new QwenBlock(inputNorm, adapted(query, attention, "q_proj", lora),
                adapted(key, attention, "k_proj", lora), adapted(value, attention, "v_proj", lora), queryNorm, keyNorm,
                adapted(output, attention, "o_proj", lora), postAttentionNorm, adapted(gate, mlp, "gate_proj", lora),
                adapted(up, mlp, "up_proj", lora), adapted(down, mlp, "down_proj", lora), headDim);
    }

    private static Linear adapted(Linear linear, Parameters parent, String name, Lora lora) {
        return lora.targets().contains(name) ? linear.adapted(parent.at(name), lora) : linear;
    }

    /// The stream after this block, [N, D].
    ///
    /// @param x the stream [N, D]
    public Var forward(Var x, Places places, Attend attend) {
        boolean fuses = x.tape().backend().fused().isPresent();
        Optional<Var> attended = fuses ? fusedAttention(x, places, attend) : Optional.empty();
        Var h = attended.orElseGet(() ->
                Pointwise.add(x, attention(inputNorm.forward(x), places, attend)));           // [N, D]
        Optional<Var> fed = fuses ? fusedFeedForward(h) : Optional.empty();
        return fed.orElseGet(() ->
                Pointwise.add(h, feedForward(postAttentionNorm.forward(h))));                 // [N, D]
    }

    /// The stream after attention within packed sequences as one op, where nothing is adapted.
    private Optional<Var> fusedAttention(Var x, Places places, Attend attend) {
        List<Linear> projections = List.of(query, key, value);
        if (!(attend instanceof Causal causal) || !output.isMatrix()
                || projections.stream().anyMatch(map -> map.adapter() != null)) {
            return Optional.empty();
        }
        SelfAttention.HeadNorms headNorms = queryNorm == null ? null
                : new SelfAttention.HeadNorms(queryNorm.weight(), keyNorm.weight(), queryNorm.eps());
        return SelfAttention.addTo(x, new SelfAttention.Weights(inputNorm.weight(), inputNorm.eps(),
                projections.stream().map(Linear::weight).toList(),
                projections.stream().map(Linear::bias).filter(Objects::nonNull).toList(), headNorms, output.weight()),
                new SelfAttention.Places(places.positions(), places.cos(), places.sin(), causal.starts(),
                        causal.scale()));
    }

    /// The stream after the feed-forward network as one op, where the network is no more than its matrices.
    private Optional<Var> fusedFeedForward(Var h) {
        return Stream.of(gate, up, down).allMatch(Linear::isMatrix) ? FeedForward.addTo(h, new FeedForward.Weights(
                postAttentionNorm.weight(), postAttentionNorm.eps(), gate.weight(), up.weight(), down.weight()))
                : Optional.empty();
    }

    private Var attention(Var x, Places places, Attend attend) {
        Var q = positioned(query.forward(x), queryNorm, places);                              // [N, H, E]
        Var k = positioned(key.forward(x), keyNorm, places);                                  // [N, G, E]
        Var v = heads(value.forward(x));                                                      // [N, G, E]
        Var read = attend.apply(q, k, v);                                                     // [N, H, E]
        return output.forward(Rows.reshape(read, x.dim(0), read.dim(1) * headDim));           // [N, D]
    }

    private Var feedForward(Var x) {
        return down.forward(Activations.swiGlu(gate.forward(x), up.forward(x)));              // [N, F] to [N, D]
    }

    private Var positioned(Var flat, RmsNorm norm, Places places) {
        Var heads = heads(flat);
        Var normed = norm == null ? heads : norm.forward(heads);
        return Attention.rope(normed, places.positions(), places.cos(), places.sin());
    }

    private Var heads(Var flat) {
        return Rows.reshape(flat, flat.dim(0), flat.dim(1) / headDim, headDim);
    }
}
