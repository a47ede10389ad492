package org.flowrl.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.flowrl.tensor.DType;

/// `config.json` to {@link QwenConfig} and back. Defaults are those of Transformers 5 (Qwen2Config, Qwen3Config).
final class QwenConfigJson {
    private static final double DEFAULT_ROPE_THETA = 10_000;
    private static final int QWEN3_HEAD_DIM = 128;
    private static final Set<String> EXPERT_KEYS =
            Set.of("num_experts", "num_local_experts", "num_experts_per_tok", "moe_intermediate_size");

    private QwenConfigJson() {
    }

    static QwenConfig parse(JsonFile file) {
        refuseUnsupported(file);
        String modelType = file.text("model_type", "");
        boolean isQwen3 = modelType.equals(QwenConfig.QWEN3);
        int hiddenSize = file.integer("hidden_size", 4096);
        int heads = file.integer("num_attention_heads", 32);
        boolean keyValueHeadsAreNull = file.root().path("num_key_value_heads").isNull();
        try {
            return new QwenConfig(modelType, file.integer("vocab_size", 151_936), hiddenSize,
                    file.integer("intermediate_size", 22_016), file.integer("num_hidden_layers", 32), heads,
                    file.integer("num_key_value_heads", keyValueHeadsAreNull ? heads : 32),
                    headDim(file, isQwen3, hiddenSize, heads), file.integer("max_position_embeddings", 32_768),
                    file.number("rms_norm_eps", 1e-6), ropeTheta(file),
                    !isQwen3 || file.flag("attention_bias", false), file.flag("tie_word_embeddings", false),
                    file.number("initializer_range", 0.02), tokenId(file, "bos_token_id"),
                    tokenIds(file, "eos_token_id"), tokenId(file, "pad_token_id"));
        } catch (IllegalArgumentException e) {
            throw new ModelException(file.path() + ": " + e.getMessage(), e);
        }
    }

    static ObjectNode write(QwenConfig config, DType storage) {
        boolean isQwen3 = config.normsHeads();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add(isQwen3 ? "Qwen3ForCausalLM" : "Qwen2ForCausalLM");
        if (isQwen3) {
            json.put("attention_bias", config.attentionBias());
        }
        json.put("attention_dropout", 0.0);
        putTokens(json, config);
        if (isQwen3 || config.headDim() * config.numAttentionHeads() != config.hiddenSize()) {
            json.put("head_dim", config.headDim());
        }
        json.put("hidden_act", "silu");
        json.put("hidden_size", config.hiddenSize());
        json.put("initializer_range", config.initializerRange());
        json.put("intermediate_size", config.intermediateSize());
        json.put("max_position_embeddings", config.maxPositionEmbeddings());
        json.put("max_window_layers", config.numHiddenLayers());
        json.put("model_type", config.modelType());
        json.put("num_attention_heads", config.numAttentionHeads());
        json.put("num_hidden_layers", config.numHiddenLayers());
        json.put("num_key_value_heads", config.numKeyValueHeads());
        json.put("rms_norm_eps", config.rmsNormEps());
        json.put("rope_theta", config.ropeTheta());
        json.putNull("sliding_window");
        json.put("tie_word_embeddings", config.tieWordEmbeddings());
        json.put("torch_dtype", torchName(storage));
        json.put("use_cache", true);
        json.put("use_sliding_window", false);
        json.put("vocab_size", config.vocabSize());
        return json;
    }

    /// The content of a `generation_config.json`: the special tokens.
    static ObjectNode writeGeneration(QwenConfig config) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        putTokens(json, config);
        return json;
    }

    /// The ids at a key that holds one id or a list of them; empty where it is absent.
    static List<Integer> tokenIds(JsonFile file, String key) {
        JsonNode node = file.get(key);
        if (!node.isArray()) {
            OptionalInt id = tokenId(file, key);
            return id.isPresent() ? List.of(id.getAsInt()) : List.of();
        }
        List<Integer> ids = new ArrayList<>();
        for (JsonNode id : node) {
            if (!id.isIntegralNumber() || !id.canConvertToInt()) {
                throw file.refuse(key, "must be a token id or a list of token ids");
            }
            ids.add(id.intValue());
        }
        return ids;
    }

    private static OptionalInt tokenId(JsonFile file, String key) {
        return file.get(key).isMissingNode() ? OptionalInt.empty() : OptionalInt.of(file.integer(key, 0));
    }

    private static void putTokens(ObjectNode json, QwenConfig config) {
        config.bosTokenId().ifPresent(id -> json.put("bos_token_id", id));
        if (config.eosTokenIds().size() == 1) {
            json.put("eos_token_id", config.eosTokenIds().getFirst());
        } else if (!config.eosTokenIds().isEmpty()) {
            ArrayNode ids = json.putArray("eos_token_id");
            config.eosTokenIds().forEach(id -> ids.add(id.intValue()));
        }
        config.padTokenId().ifPresent(id -> json.put("pad_token_id", id));
    }

    private static int headDim(JsonFile file, boolean isQwen3, int hiddenSize, int heads) {
        if (isQwen3 || !file.get("head_dim").isMissingNode()) {
            return file.integer("head_dim", QWEN3_HEAD_DIM);
        }
        if (heads < 1 || hiddenSize % heads != 0) {
            throw file.refuse("hidden_size", "must be a multiple of num_attention_heads " + heads
                    + ", since there is no head_dim");
        }
        return hiddenSize / heads;
    }

    /// θ from `rope_theta`, or from `rope_parameters.rope_theta` as Transformers 5 writes it, or from both alike.
    private static double ropeTheta(JsonFile file) {
        double theta = file.number("rope_theta", DEFAULT_ROPE_THETA);
        JsonNode nested = file.get("rope_parameters").path("rope_theta");
        if (nested.isMissingNode()) {
            return theta;
        }
        if (!nested.isNumber()) {
            throw file.refuse("rope_parameters.rope_theta", "must be a number");
        }
        if (!file.get("rope_theta").isMissingNode() && nested.doubleValue() != theta) {
            throw file.refuse("rope_parameters.rope_theta", "contradicts rope_theta " + theta);
        }
        return nested.doubleValue();
    }

    private static void refuseUnsupported(JsonFile file) {
        String modelType = file.text("model_type", "");
        if (modelType.endsWith("_moe")) {
            throw file.refuse("model_type", "mixture-of-experts models are not supported; known: qwen2, qwen3");
        }
        if (!modelType.equals(QwenConfig.QWEN2) && !modelType.equals(QwenConfig.QWEN3)) {
            throw file.refuse("model_type", "this model is not supported; known: qwen2, qwen3");
        }
        for (String key : EXPERT_KEYS) {
            if (!file.get(key).isMissingNode()) {
                throw file.refuse(key, "mixture-of-experts models are not supported");
            }
        }
        if (!file.text("hidden_act", "silu").equals("silu")) {
            throw file.refuse("hidden_act", "must be \"silu\", the only activation supported");
        }
        if (file.number("attention_dropout", 0) != 0) {
            throw file.refuse("attention_dropout", "must be 0: attention dropout is not supported");
        }
        if (!file.get("quantization_config").isMissingNode()) {
            throw file.refuse("quantization_config", "quantised weights are not supported");
        }
        if (file.flag("use_mrope", false)) {
            throw file.refuse("use_mrope", "multimodal rotary positions are not supported");
        }
        refuseRotaryScaling(file, "rope_scaling");
        refuseRotaryScaling(file, "rope_parameters");
        refuseSlidingWindow(file);
    }

    /// Anything but plain rotary positions: another type than `default`, or any parameter besides θ.
    private static void refuseRotaryScaling(JsonFile file, String key) {
        JsonNode rope = file.get(key);
        if (rope.isMissingNode()) {
            return;
        }
        if (!rope.isObject()) {
            throw file.refuse(key, "must be an object");
        }
        for (Map.Entry<String, JsonNode> entry : rope.properties()) {
            boolean plain = switch (entry.getKey()) {
                case "rope_type", "type" -> entry.getValue().asText().equals("default");
                case "rope_theta" -> true;
                case "partial_rotary_factor" -> entry.getValue().asDouble() == 1;
                default -> false;
            };
            if (!plain) {
                throw file.refuse(key + "." + entry.getKey(),
                        "scaled rotary positions (YaRN and others) are not supported");
            }
        }
    }

    /// A window acts where it is on, some layer uses it, and it is shorter than the longest sequence.
    private static void refuseSlidingWindow(JsonFile file) {
        int layers = file.integer("num_hidden_layers", 32);
        boolean someLayerSlides = file.integer("max_window_layers", 28) < layers;
        JsonNode types = file.get("layer_types");
        if (!types.isMissingNode()) {
            if (!types.isArray() || types.size() != layers) {
                throw file.refuse("layer_types", "must be a list with one entry for each of the num_hidden_layers "
                        + layers);
            }
            someLayerSlides = false;
            for (JsonNode type : types) {
                if (!type.asText().equals("full_attention") && !type.asText().equals("sliding_attention")) {
                    throw file.refuse("layer_types", "only \"full_attention\" is supported");
                }
                someLayerSlides |= type.asText().equals("sliding_attention");
            }
        }
        int window = file.integer("sliding_window", file.root().path("sliding_window").isNull()
                ? Integer.MAX_VALUE : 4096);
        if (file.flag("use_sliding_window", false) && someLayerSlides
                && window < file.integer("max_position_embeddings", 32_768)) {
            throw file.refuse("use_sliding_window", "sliding-window attention (sliding_window " + window
                    + ", shorter than max_position_embeddings) is not supported");
        }
    }

    private static String torchName(DType storage) {
        return switch (storage) {
            case F64 -> "float64";
            case F32 -> "float32";
            case BF16 -> "bfloat16";
            case F16 -> "float16";
            case I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 ->
                    throw new IllegalArgumentException("config: weights cannot be stored as " + storage);
        };
    }
}
