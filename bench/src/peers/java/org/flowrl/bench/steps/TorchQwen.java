package org.flowrl.bench.steps;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.flowrl.transformer.QwenConfig;

/// Qwen2 in libtorch's ops, the way `modeling_qwen2.py` of Transformers composes them, with the weights of
/// {@link RandomWeights}. B sequences of T tokens, H query heads, G key/value heads, E head size.
final class TorchQwen {
    private final QwenConfig config;
    private final Map<String, Tensor> parameters = new LinkedHashMap<>();
    private final Tensor cos;
    private final Tensor sin;
    private final TensorOptional none = new TensorOptional();

    TorchQwen(QwenConfig config, int positions) {
        this.config = config;
        long d = config.hiddenSize();
        long f = config.intermediateSize();
        long queries = (long) config.numAttentionHeads() * config.headDim();
        long keys = (long) config.numKeyValueHeads() * config.headDim();
        declare("model.embed_tokens.weight", config.vocabSize(), d);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            String layer = "model.layers." + i + ".";
            declare(layer + "input_layernorm.weight", d);
            linear(layer + "self_attn.q_proj", queries, d);
            linear(layer + "self_attn.k_proj", keys, d);
            linear(layer + "self_attn.v_proj", keys, d);
            declare(layer + "self_attn.o_proj.weight", d, queries);
            declare(layer + "post_attention_layernorm.weight", d);
            declare(layer + "mlp.gate_proj.weight", f, d);
            declare(layer + "mlp.up_proj.weight", f, d);
            declare(layer + "mlp.down_proj.weight", d, f);
        }
        declare("model.norm.weight", d);
        this.cos = rotary(positions, true);
        this.sin = rotary(positions, false);
    }

    /// The trained tensors.
    List<Tensor> parameters() {
        return List.copyOf(parameters.values());
    }

    /// Mean cross-entropy, [].
    ///
    /// @param ids I64 [B, T]
    /// @param targets I64 [B·T]
    Tensor loss(Tensor ids, Tensor targets) {
        Tensor x = torch.embedding(parameters.get("model.embed_tokens.weight"), ids);          // [B, T, D]
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            x = block("model.layers." + i + ".", x);
        }
        Tensor hidden = norm("model.norm", x);                                                // [B, T, D]
        Tensor logits = torch.linear(hidden, parameters.get("model.embed_tokens.weight"));    // [B, T, V]
        return torch.cross_entropy_loss(logits.view(-1, config.vocabSize()), targets);
    }

    private Tensor block(String layer, Tensor x) {
        // What the block made and autograd does not keep is freed at once, as when Python's names go out of scope.
        PointerScope outer = PointerScope.getInnerScope();
        try (PointerScope _ = new PointerScope()) {
            Tensor h = x.add(attention(layer + "self_attn.", norm(layer + "input_layernorm", x)));
            Tensor normed = norm(layer + "post_attention_layernorm", h);
            Tensor gate = torch.silu(project(layer + "mlp.gate_proj", normed));
            Tensor y = h.add(project(layer + "mlp.down_proj", gate.mul(project(layer + "mlp.up_proj", normed))));
            outer.attach(y);
            return y;
        }
    }

    private Tensor attention(String here, Tensor x) {
        long b = x.size(0);
        long t = x.size(1);
        int e = config.headDim();
        Tensor q = rope(heads(project(here + "q_proj", x), b, t));                            // [B, H, T, E]
        Tensor k = repeated(rope(heads(project(here + "k_proj", x), b, t)));                  // [B, H, T, E]
        Tensor v = repeated(heads(project(here + "v_proj", x), b, t));                        // [B, H, T, E]
        Tensor read = torch.scaled_dot_product_attention(q, k, v, none, 0, true, new DoubleOptional(), false);
        return project(here + "o_proj", read.transpose(1, 2).reshape(b, t, (long) config.numAttentionHeads() * e));
    }

    private Tensor heads(Tensor flat, long b, long t) {
        return flat.view(b, t, -1, config.headDim()).transpose(1, 2);
    }

    /// Each key/value head once for every query head that reads it.
    private Tensor repeated(Tensor x) {
        long share = config.numAttentionHeads() / config.numKeyValueHeads();
        long b = x.size(0);
        long g = x.size(1);
        long t = x.size(2);
        long e = x.size(3);
        return x.unsqueeze(2).expand(b, g, share, t, e).reshape(b, g * share, t, e);
    }

    /// x · cos + rotateHalf(x) · sin.
    private Tensor rope(Tensor x) {
        long half = config.headDim() / 2;
        Tensor rotated = torch.cat(new TensorVector(x.narrow(3, half, half).neg(), x.narrow(3, 0, half)), 3);
        return x.mul(cos).add(rotated.mul(sin));
    }

    private Tensor norm(String here, Tensor x) {
        return torch.rms_norm(x, new long[] {config.hiddenSize()},
                new TensorOptional(parameters.get(here + ".weight")), new DoubleOptional(config.rmsNormEps()));
    }

    private Tensor project(String here, Tensor x) {
        Tensor bias = parameters.get(here + ".bias");
        return torch.linear(x, parameters.get(here + ".weight"), bias == null ? none : new TensorOptional(bias));
    }

    private void linear(String here, long outputs, long inputs) {
        declare(here + ".weight", outputs, inputs);
        declare(here + ".bias", outputs);
    }

    private void declare(String name, long... shape) {
        int count = 1;
        for (long size : shape) {
            count = Math.toIntExact(count * size);
        }
        float[] values = RandomWeights.of(name, count, config.initializerRange());
        parameters.put(name, Tensor.create(values, shape).set_requires_grad(true));
    }

    /// [1, 1, T, E], the halves alike.
    private Tensor rotary(int positions, boolean isCosine) {
        int e = config.headDim();
        float[] values = new float[positions * e];
        for (int p = 0; p < positions; p++) {
            for (int i = 0; i < e; i++) {
                double angle = p * StrictMath.pow(config.ropeTheta(), -2.0 * (i % (e / 2)) / e);
                values[p * e + i] = (float) (isCosine ? StrictMath.cos(angle) : StrictMath.sin(angle));
            }
        }
        return Tensor.create(values, 1, 1, positions, e);
    }
}
