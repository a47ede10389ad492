package org.flowrl.bench.steps;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;

/// The random Qwen2 model as llama.cpp reads it: matrices in BF16, norms and biases in F32.
///
/// Keys and names are those of llama.cpp's loader, `llama-arch.cpp` and `models/qwen2.cpp` in
/// github.com/ggml-org/llama.cpp. The words are made up (`t0`, `t1`, …): only ids are used, but node-llama-cpp asks
/// for a tokenizer when it loads a model, so `none` is not enough. Rotary halves are
/// split as in the checkpoint, so nothing is permuted.
public final class QwenGguf {
    /// `LLAMA_FTYPE_MOSTLY_BF16` of llama.h.
    private static final int MOSTLY_BF16 = 32;

    private QwenGguf() {
    }

    /// Writes the model with the weights of {@link RandomWeights}.
    public static void write(QwenConfig config, Path file) {
        if (!config.modelType().equals(QwenConfig.QWEN2)) {
            throw new IllegalArgumentException("gguf: model_type " + config.modelType() + " must be qwen2");
        }
        GgufFile gguf = new GgufFile();
        gguf.put("general.architecture", "qwen2");
        gguf.put("general.name", "random weights");
        gguf.put("general.file_type", MOSTLY_BF16);
        gguf.put("qwen2.vocab_size", config.vocabSize());
        gguf.put("qwen2.context_length", config.maxPositionEmbeddings());
        gguf.put("qwen2.embedding_length", config.hiddenSize());
        gguf.put("qwen2.block_count", config.numHiddenLayers());
        gguf.put("qwen2.feed_forward_length", config.intermediateSize());
        gguf.put("qwen2.attention.head_count", config.numAttentionHeads());
        gguf.put("qwen2.attention.head_count_kv", config.numKeyValueHeads());
        gguf.put("qwen2.attention.layer_norm_rms_epsilon", (float) config.rmsNormEps());
        gguf.put("qwen2.rope.freq_base", (float) config.ropeTheta());
        gguf.put("tokenizer.ggml.model", "gpt2");
        gguf.put("tokenizer.ggml.pre", "qwen2");
        gguf.put("tokenizer.ggml.tokens", IntStream.range(0, config.vocabSize()).mapToObj(id -> "t" + id).toList());
        gguf.put("tokenizer.ggml.merges", List.of("t 0"));
        // Only names and shapes are taken from the store: no weight is ever allocated in it.
        try (Backend backend = Backends.open("reference", 1).backend();
                Scope scope = Scope.root("names", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen.declare(store.root(), config);
            for (Parameter parameter : store.parameters()) {
                boolean isMatrix = parameter.shape().rank() == 2;
                int count = Math.toIntExact(parameter.shape().elements());
                gguf.tensor(name(parameter.name()), isMatrix ? DType.BF16 : DType.F32, parameter.shape().toArray(),
                        () -> RandomWeights.of(parameter.name(), count, config.initializerRange()));
            }
            gguf.write(file);
        }
    }

    /// llama.cpp's name of a checkpoint's tensor.
    static String name(String checkpoint) {
        return checkpoint.replaceFirst("^lm_head\\.", "output.").replaceFirst("^model\\.", "")
                .replaceFirst("^embed_tokens\\.", "token_embd.").replaceFirst("^norm\\.", "output_norm.")
                .replaceFirst("^layers\\.", "blk.").replace("input_layernorm", "attn_norm")
                .replace("post_attention_layernorm", "ffn_norm").replace("self_attn.o_proj", "attn_output")
                .replaceFirst("self_attn\\.([qkv])_proj", "attn_$1").replaceFirst("mlp\\.(\\w+)_proj", "ffn_$1");
    }
}
