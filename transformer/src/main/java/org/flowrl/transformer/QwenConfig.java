package org.flowrl.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.flowrl.tensor.AttentionKernels;
import org.flowrl.tensor.DType;

/// The shape of a dense Qwen model; fields are the keys of a Hugging Face `config.json` in camel case.
///
/// @param modelType `qwen2` (also Qwen2.5) or `qwen3`, which norms each query and key head
/// @param vocabSize V, rows of the embedding; may exceed the tokenizer's vocabulary
/// @param hiddenSize D
/// @param intermediateSize F
/// @param numHiddenLayers number of blocks
/// @param numAttentionHeads H
/// @param numKeyValueHeads G, a divisor of H
/// @param headDim E, even; H · E need not be D
/// @param maxPositionEmbeddings the longest sequence, in tokens
/// @param rmsNormEps added to the mean square in every norm
/// @param ropeTheta base of the rotary frequencies
/// @param attentionBias biases of the query, key and value projections (always in `qwen2`), and of the output
///     projection too in `qwen3`
/// @param tieWordEmbeddings true where the embedding is the head as well
/// @param initializerRange standard deviation of the first values of matrices
/// @param bosTokenId begins a sequence
/// @param eosTokenIds end a sequence
/// @param padTokenId fills a batch's shorter rows
public record QwenConfig(String modelType, int vocabSize, int hiddenSize, int intermediateSize, int numHiddenLayers,
        int numAttentionHeads, int numKeyValueHeads, int headDim, int maxPositionEmbeddings, double rmsNormEps,
        double ropeTheta, boolean attentionBias, boolean tieWordEmbeddings, double initializerRange,
        OptionalInt bosTokenId, List<Integer> eosTokenIds, OptionalInt padTokenId) {
    /// The `model_type` of Qwen2 and Qwen2.5.
    public static final String QWEN2 = "qwen2";

    /// The `model_type` of the dense Qwen3.
    public static final String QWEN3 = "qwen3";

    /// Sizes are bounded far above any model's, so that what a file says cannot take memory before its weights are
    /// looked at, and no count of bytes overflows: 7 matrices of 2^44 elements in each of 2^10 blocks are below 2^57.
    private static final int MOST_BLOCKS = 1 << 10;
    private static final int GREATEST_WIDTH = 1 << 22;

    /// Head size of the built-in tasks' models.
    private static final int TINY_HEAD_DIM = 16;

    /// Checks that sizes are positive and fit each other; messages name the keys of `config.json`.
    public QwenConfig {
        Objects.requireNonNull(bosTokenId, "bosTokenId");
        Objects.requireNonNull(padTokenId, "padTokenId");
        eosTokenIds = List.copyOf(eosTokenIds);
        require(modelType.equals(QWEN2) || modelType.equals(QWEN3), "model_type", modelType, "be qwen2 or qwen3");
        requireUpTo(GREATEST_WIDTH, "vocab_size", vocabSize);
        requireUpTo(GREATEST_WIDTH, "hidden_size", hiddenSize);
        requireUpTo(GREATEST_WIDTH, "intermediate_size", intermediateSize);
        requireUpTo(MOST_BLOCKS, "num_hidden_layers", numHiddenLayers);
        requirePositive("num_attention_heads", numAttentionHeads);
        requirePositive("num_key_value_heads", numKeyValueHeads);
        requirePositive("max_position_embeddings", maxPositionEmbeddings);
        require(numAttentionHeads % numKeyValueHeads == 0, "num_attention_heads", numAttentionHeads,
                "be a multiple of num_key_value_heads " + numKeyValueHeads);
        require(headDim > 0 && headDim % 2 == 0 && headDim <= AttentionKernels.MAX_HEAD_SIZE, "head_dim", headDim,
                "be even, from 2 to " + AttentionKernels.MAX_HEAD_SIZE);
        requireUpTo(GREATEST_WIDTH / headDim, "num_attention_heads", numAttentionHeads);
        require(rmsNormEps > 0 && rmsNormEps < 1, "rms_norm_eps", rmsNormEps, "lie between 0 and 1");
        require(ropeTheta > 1 && Double.isFinite(ropeTheta), "rope_theta", ropeTheta, "be finite and above 1");
        require(initializerRange > 0 && Double.isFinite(initializerRange), "initializer_range", initializerRange,
                "be finite and above 0");
        require(attentionBias || modelType.equals(QWEN3), "attention_bias", false, "be true in qwen2");
        bosTokenId.ifPresent(id -> requireToken("bos_token_id", id, vocabSize));
        eosTokenIds.forEach(id -> requireToken("eos_token_id", id, vocabSize));
        padTokenId.ifPresent(id -> requireToken("pad_token_id", id, vocabSize));
    }

    /// The configuration in a `config.json`, with the defaults of Transformers' Qwen2Config and Qwen3Config.
    ///
    /// @throws ModelException naming file, key and value where the file is not JSON, a value has the wrong type, sizes
    ///     do not fit each other, or the model is one that is not supported: another model type, a mixture of experts,
    ///     scaled rotary positions (YaRN and others), a sliding window that can act, quantised weights, an activation
    ///     other than SiLU, attention dropout
    public static QwenConfig read(Path file) {
        return QwenConfigJson.parse(JsonFile.read(file));
    }

    /// A small model for the built-in tasks: Qwen2 with 2 blocks of width 64, see {@link #tiny(int, int, int, int)}.
    public static QwenConfig tiny(int vocabSize) {
        return tiny(vocabSize, 64, 2, 1024);
    }

    /// A model for the built-in tasks: Qwen2 with heads of size 16, twice as many query as key/value heads,
    /// feed-forward width 2.75 · width, tied embeddings, θ = 10,000 and first values of standard deviation 0.05.
    ///
    /// @param width D, a multiple of 32
    /// @param layers number of blocks
    /// @param maxPositions the longest sequence, in tokens
    public static QwenConfig tiny(int vocabSize, int width, int layers, int maxPositions) {
        require(width > 0 && width % (2 * TINY_HEAD_DIM) == 0, "hidden_size", width,
                "be a multiple of " + 2 * TINY_HEAD_DIM);
        int heads = width / TINY_HEAD_DIM;
        return new QwenConfig(QWEN2, vocabSize, width, width * 11 / 4, layers, heads, heads / 2, TINY_HEAD_DIM,
                maxPositions, 1e-6, 10_000, true, true, 0.05, OptionalInt.empty(), List.of(), OptionalInt.empty());
    }

    /// This configuration with other special tokens.
    public QwenConfig withTokens(OptionalInt bos, List<Integer> eos, OptionalInt pad) {
        return new QwenConfig(modelType, vocabSize, hiddenSize, intermediateSize, numHiddenLayers, numAttentionHeads,
                numKeyValueHeads, headDim, maxPositionEmbeddings, rmsNormEps, ropeTheta, attentionBias,
                tieWordEmbeddings, initializerRange, bos, eos, pad);
    }

    /// The content of a `config.json` that Transformers reads as this configuration.
    ///
    /// @param storage the type that weights are stored in
    public JsonNode toJson(DType storage) {
        return QwenConfigJson.write(this, storage);
    }

    /// True where each query and key head is normed before rotary positions are applied.
    public boolean normsHeads() {
        return modelType.equals(QWEN3);
    }

    /// True where the attention's output projection has a bias.
    public boolean outputBias() {
        return attentionBias && modelType.equals(QWEN3);
    }

    /// Factor on attention scores: 1 / sqrt(E).
    public double attentionScale() {
        return 1 / Math.sqrt(headDim);
    }

    private static void requireUpTo(int most, String key, int value) {
        require(value > 0 && value <= most, key, value, "be from 1 to " + most);
    }

    private static void requirePositive(String key, int value) {
        require(value > 0, key, value, "be at least 1");
    }

    private static void requireToken(String key, int id, int vocabSize) {
        require(id >= 0 && id < vocabSize, key, id, "be in 0 … " + (vocabSize - 1) + ", below vocab_size");
    }

    private static void require(boolean holds, String key, Object value, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(key + " " + value + " must " + rule);
        }
    }
}
