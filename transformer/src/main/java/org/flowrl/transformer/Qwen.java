package org.flowrl.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.flowrl.autograd.Checkpointed;
import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Parameters;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Products;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.tensor.FusedKernels;
import org.flowrl.tensor.Tensor;

/// A dense Qwen2, Qwen2.5 or Qwen3 language model.
/// ```
/// x = embed_tokens[ids]      x = layers.i(x) for i = 0 …      hidden = norm(x)      logits = hidden · headᵀ
/// ```
/// There is one forward pass. Scoring, training and sampling run it alike; only attention differs, which reads either
/// the packed sequences themselves or a cache. On a row-invariant backend all of them give the same bits. A backend
/// with {@link FusedKernels} does a block over a cache in fewer calls.
public final class Qwen {
    /// What a recording tape keeps of each block for the backward pass.
    public enum Activations {
        /// All values.
        KEPT,
        /// The block's input; the backward pass computes the rest again, with the same bits.
        RECOMPUTED
    }

    /// How one block's stream becomes the next one's, which ends the value of the first.
    @FunctionalInterface
    private interface Pass {
        Var apply(int layer, Var x, QwenBlock.Places places);
    }

    private final QwenConfig config;
    private final ParameterStore store;
    private final Parameter embedding;
    private final List<QwenBlock> layers;
    private final RmsNorm norm;
    private final Parameter head;
    private final RotaryTable rotary;
    private final ParameterStore adapters;

    private Qwen(QwenConfig config, ParameterStore store, Parameter embedding, List<QwenBlock> layers, RmsNorm norm,
            Parameter head, RotaryTable rotary, ParameterStore adapters) {
        this.config = config;
        this.store = store;
        this.embedding = embedding;
        this.layers = List.copyOf(layers);
        this.norm = norm;
        this.head = head;
        this.rotary = rotary;
        this.adapters = adapters;
    }

    /// Declares the model's parameters; their names below `root` are those of a checkpoint.
    public static Qwen declare(Parameters root, QwenConfig config) {
        Initializer normal = Initializer.normal(config.initializerRange());
        int v = config.vocabSize();
        int d = config.hiddenSize();
        Parameters model = root.at("model");
        Parameters embedTokens = model.at("embed_tokens");
        Parameter embedding = config.tieWordEmbeddings() ? embedTokens.tiedMatrix("weight", normal, v, d)
                : embedTokens.declare("weight", normal, v, d);
        List<QwenBlock> layers = new ArrayList<>();
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            layers.add(QwenBlock.declare(model.at("layers").at(i), config));
        }
        RmsNorm norm = RmsNorm.declare(model.at("norm"), d, config.rmsNormEps());
        Parameter head = config.tieWordEmbeddings() ? embedding : root.at("lm_head").matrix("weight", normal, v, d);
        return new Qwen(config, root.store(), embedding, layers, norm, head, new RotaryTable(config), null);
    }

    /// This model with low-rank adapters, which are all that differs: every other parameter is shared with this model,
    /// which stays what it was. Declares the adapters' parameters, whose names below `root` are those of PEFT, such as
    /// `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`.
    ///
    /// @param root of an empty store
    /// @param lora of rank 1 or more
    /// @throws IllegalArgumentException where the rank is above that of a chosen weight, or this model has adapters
    public Qwen adapted(Parameters root, Lora lora) {
        if (adapters != null || !lora.isOn()) {
            throw new IllegalArgumentException("lora: " + (adapters != null ? "the model has adapters"
                    : "rank 0 adapts nothing"));
        }
        Parameters places = root.at("base_model").at("model").at("model").at("layers");
        List<QwenBlock> adapted = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            adapted.add(layers.get(i).adapted(places.at(i), lora));
        }
        return new Qwen(config, store, embedding, adapted, norm, head, rotary, root.store());
    }

    /// The final hidden states [N, D] of whole sequences, after the last norm.
    ///
    /// @throws IllegalArgumentException where a sequence is longer than the model's positions
    public Var forward(Tape tape, PackedSequences tokens) {
        return forward(tape, tokens, Activations.KEPT);
    }

    /// As {@link #forward(Tape, PackedSequences)}, with a choice of what a recording tape keeps.
    public Var forward(Tape tape, PackedSequences tokens, Activations activations) {
        QwenBlock.Attend attend = new QwenBlock.Causal(tokens.starts(), config.attentionScale(),
                store.packedStorage());
        return forward(tape, tokens.ids(), tokens.positions(), tokens.longest(), (layer, x, places) -> {
            UnaryOperator<Var> block = in -> layers.get(layer).forward(in, places, attend);
            if (!tape.isRecording()) {
                return replaced(x, block);
            }
            return activations == Activations.RECOMPUTED ? Checkpointed.apply(x, block) : block.apply(x);
        });
    }

    /// The final hidden states [N, D] of new tokens of cached sequences, after the last norm. Their keys and values are
    /// written to the cache.
    ///
    /// @param tape of inference, since gradients do not flow through a cache
    /// @throws IllegalArgumentException where the tape records, or a sequence is longer than the model's positions
    public Var forward(Tape tape, CacheBatch batch) {
        if (tape.isRecording()) {
            throw new IllegalArgumentException("qwen: a cached forward pass needs a tape of inference");
        }
        return forward(tape, batch.ids(), batch.positions(), batch.longest(),
                tape.backend().fused().map(kernels -> fusedPass(batch, kernels)).orElseGet(() -> pass(batch)));
    }

    private Pass pass(CacheBatch batch) {
        double scale = config.attentionScale();
        return (layer, x, places) -> replaced(x, in -> layers.get(layer).forward(in, places,
                (q, k, v) -> batch.attend(layer, q, k, v, scale, store.packedStorage())));
    }

    private Pass fusedPass(CacheBatch batch, FusedKernels kernels) {
        double scale = config.attentionScale();
        return (layer, x, places) -> {
            new FusedBlock(layers.get(layer), kernels, x.tape().backend().elementwise()).overwrite(x.value(),
                    new FusedBlock.Tokens(batch, places, scale), layer, x.tape().scope());
            return x;
        };
    }

    private Var forward(Tape tape, Tensor ids, Tensor positions, int longest, Pass pass) {
        RotaryTable.Angles angles = rotary.upTo(longest, store.dtype(), store.scope());
        QwenBlock.Places places = new QwenBlock.Places(positions, angles.cos(), angles.sin());
        Var x = Rows.embedding(tape, embedding, ids);                                         // [N, D]
        for (int i = 0; i < layers.size(); i++) {
            x = pass.apply(i, x, places);
        }
        return norm.forward(x);                                                               // [N, D]
    }

    /// Without a backward pass to come, one block's values are all that is ever held beside the stream.
    private static Var replaced(Var x, UnaryOperator<Var> block) {
        Tape tape = x.tape();
        Tensor next;
        try (Tape inner = Tape.inference(tape.backend(), tape.scope())) {
            next = tape.scope().adopt(block.apply(inner.constant(x.value())).value());
        }
        tape.scope().release(x.value());
        return tape.constant(next);
    }

    /// Logits [N, V] of hidden states [N, D]. For log-probabilities {@link org.flowrl.autograd.ops.Head} needs no such
    /// tensor.
    public Var logits(Var hidden) {
        return Products.linear(hidden, head, null);
    }

    /// The head's matrix [V, D]; the embedding where they are tied.
    public Parameter head() {
        return head;
    }

    /// The blocks, first to last.
    public List<QwenBlock> layers() {
        return layers;
    }

    /// The shape of the model.
    public QwenConfig config() {
        return config;
    }

    /// The store that holds the parameters, but for those of adapters.
    public ParameterStore store() {
        return store;
    }

    /// The store that holds the parameters of adapters; empty where there are none.
    public Optional<ParameterStore> adapters() {
        return Optional.ofNullable(adapters);
    }
}
