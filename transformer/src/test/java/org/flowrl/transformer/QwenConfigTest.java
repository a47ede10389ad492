package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.flowrl.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QwenConfigTest {
    private static final String QWEN2 = """
            {"model_type": "qwen2", "vocab_size": 97, "hidden_size": 32, "intermediate_size": 56,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "rope_theta": 1e6}""";

    @TempDir
    private Path folder;

    private QwenConfig read(String json) {
        Path file = folder.resolve("config.json");
        try {
            Files.writeString(file, json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return QwenConfig.read(file);
    }

    /// QWEN2 with further members.
    private static String with(String members) {
        return QWEN2.substring(0, QWEN2.length() - 1) + ", " + members + "}";
    }

    @Test
    void absentKeysHaveTransformersDefaults() {
        assertThat(read("{\"model_type\": \"qwen2\"}")).isEqualTo(new QwenConfig("qwen2", 151_936, 4096, 22_016, 32, 32,
                32, 128, 32_768, 1e-6, 10_000, true, false, 0.02, OptionalInt.empty(), List.of(), OptionalInt.empty()));
        assertThat(read("{\"model_type\": \"qwen3\", \"hidden_size\": 1024}")).isEqualTo(new QwenConfig("qwen3",
                151_936, 1024, 22_016, 32, 32, 32, 128, 32_768, 1e-6, 10_000, false, false, 0.02, OptionalInt.empty(),
                List.of(), OptionalInt.empty()));
        assertThat(read("{\"model_type\": \"qwen2\", \"num_key_value_heads\": null}").numKeyValueHeads()).isEqualTo(32);
    }

    @Test
    void thetaIsReadFromBothForms() {
        assertThat(read(QWEN2).ropeTheta()).isEqualTo(1e6);
        assertThat(read(with("\"rope_parameters\": {\"rope_theta\": 1000000.0, \"rope_type\": \"default\"}"))
                .ropeTheta()).isEqualTo(1e6);
        assertThat(read("{\"model_type\": \"qwen3\", \"rope_parameters\": {\"rope_theta\": 5e5}}").ropeTheta())
                .isEqualTo(5e5);
        assertThat(read(with("\"rope_scaling\": null")).ropeTheta()).isEqualTo(1e6);
    }

    @Test
    void oneEndTokenOrSeveralAreRead() {
        assertThat(read(with("\"eos_token_id\": 7")).eosTokenIds()).containsExactly(7);
        assertThat(read(with("\"eos_token_id\": [7, 5], \"pad_token_id\": null")).eosTokenIds()).containsExactly(7, 5);
    }

    @Test
    void aWindowThatCannotActIsAccepted() {
        assertThat(read(with("\"use_sliding_window\": false, \"sliding_window\": 8"))).isNotNull();
        assertThat(read(with("\"use_sliding_window\": true, \"sliding_window\": 8, \"max_window_layers\": 2")))
                .isNotNull();
        assertThat(read(with("\"use_sliding_window\": true, \"sliding_window\": 32768, \"max_window_layers\": 0")))
                .isNotNull();
        assertThat(read(with("\"use_sliding_window\": true, \"sliding_window\": 8, \"max_window_layers\": 0, "
                + "\"layer_types\": [\"full_attention\", \"full_attention\"]"))).isNotNull();
    }

    @ParameterizedTest
    @CsvSource({"num_hidden_layers, 2000000000, 1024", "vocab_size, 2147483647, 4194304",
        "hidden_size, 2147483616, 4194304", "intermediate_size, 4194305, 4194304",
        "num_attention_heads, 65568, 32768", "num_hidden_layers, 0, 1024"})
    void sizesOfNoModelAreRefusedBeforeTheyTakeMemory(String key, int value, int most) {
        assertThatThrownBy(() -> read("{\"model_type\": \"qwen3\", \"" + key + "\": " + value + "}"))
                .isInstanceOf(ModelException.class)
                .hasMessageEndingWith(key + " " + value + " must be from 1 to " + most);
    }

    @Test
    void endlessNestingIsRefused() {
        assertThatThrownBy(() -> read("{\"a\": " + "[".repeat(100_000) + "]".repeat(100_000) + "}"))
                .isInstanceOf(ModelException.class).hasMessageContaining("not valid JSON: ")
                .hasMessageNotContaining("\n");
    }

    /// Members added to a good configuration (replacing nothing) and what is said of them.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            "num_experts": 8 | num_experts 8: mixture-of-experts models are not supported
            "moe_intermediate_size": 8 | moe_intermediate_size 8: mixture-of-experts models are not supported
            "rope_scaling": {"type": "yarn", "factor": 4.0} | rope_scaling.type "yarn": scaled rotary positions (YaRN
            "rope_scaling": {"factor": 4.0} | rope_scaling.factor 4.0: scaled rotary positions (YaRN
            "rope_parameters": {"rope_type": "dynamic"} | rope_parameters.rope_type "dynamic": scaled rotary positions
            "rope_parameters": {"rope_theta": 5.0} | rope_parameters.rope_theta 5.0: contradicts rope_theta 1000000.0
            "use_sliding_window": true, "sliding_window": 8, "max_window_layers": 1 | (sliding_window 8, shorter
            "use_sliding_window": true, "layer_types": ["full_attention", "sliding_attention"] | (sliding_window 4096, s
            "layer_types": ["full_attention", "linear_attention"] | only "full_attention" is supported
            "layer_types": ["full_attention"] | one entry for each of the num_hidden_layers 2
            "hidden_act": "gelu" | hidden_act "gelu": must be "silu"
            "attention_dropout": 0.1 | attention_dropout 0.1: must be 0
            "quantization_config": {"bits": 4} | quantization_config {"bits":4}: quantised weights are not supported
            "use_mrope": true | use_mrope true: multimodal rotary positions are not supported
            "head_dim": 7 | head_dim 7 must be even, from 2 to 256
            "head_dim": 512 | head_dim 512 must be even, from 2 to 256
            "head_dim": "8" | head_dim "8": must be an integer below 2^31
            "rms_norm_eps": 0 | rms_norm_eps 0.0 must lie between 0 and 1
            "eos_token_id": 97 | eos_token_id 97 must be in 0 … 96, below vocab_size
            "eos_token_id": ["x"] | eos_token_id ["x"]: must be a token id or a list of token ids
            "tie_word_embeddings": 1 | tie_word_embeddings 1: must be true or false
            "vocab_size": 98 | not valid JSON: Duplicate field 'vocab_size'
            """)
    void whatIsNotSupportedIsRefusedByName(String members, String message) {
        assertThatThrownBy(() -> read(with(members))).isInstanceOf(ModelException.class)
                .hasMessageStartingWith(folder.resolve("config.json").toString()).hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            {"model_type": "llama"} | model_type "llama": this model is not supported; known: qwen2, qwen3
            {} | model_type (absent): this model is not supported
            {"model_type": "qwen2_moe"} | model_type "qwen2_moe": mixture-of-experts models are not supported
            {"model_type": "qwen2", "hidden_size": 100} | hidden_size 100: must be a multiple of num_attention_heads 32
            {"model_type": "qwen2", "num_key_value_heads": 5} | num_attention_heads 32 must be a multiple of num_
            {"model_type": "qwen2", "vocab_size": 0} | vocab_size 0 must be from 1 to 4194304
            [1] | must hold a JSON object, not [1]
            {"model_type" | line 1, column 14: not valid JSON
            """)
    void otherModelsAndWrongSizesAreRefused(String json, String message) {
        assertThatThrownBy(() -> read(json)).isInstanceOf(ModelException.class).hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void aWrittenConfigurationIsReadBackAndNamesItsClass() {
        for (QwenConfig config : List.of(TinyConfigs.qwen2(), TinyConfigs.qwen3(), QwenConfig.tiny(11))) {
            String json = config.toJson(DType.BF16).toString();
            assertThat(read(json)).isEqualTo(config);
            assertThat(json).contains(config.normsHeads() ? "[\"Qwen3ForCausalLM\"]" : "[\"Qwen2ForCausalLM\"]",
                    "\"torch_dtype\":\"bfloat16\"");
        }
    }

    @Test
    void tinyModelsHaveHeadsOfSixteen() {
        QwenConfig config = QwenConfig.tiny(20);
        assertThat(config).isEqualTo(new QwenConfig("qwen2", 20, 64, 176, 2, 4, 2, 16, 1024, 1e-6, 10_000, true, true,
                0.05, OptionalInt.empty(), List.of(), OptionalInt.empty()));
        assertThat(config.withTokens(OptionalInt.of(1), List.of(2), OptionalInt.of(0)).eosTokenIds())
                .containsExactly(2);
        assertThatIllegalArgumentException().isThrownBy(() -> QwenConfig.tiny(20, 48, 2, 64))
                .withMessage("hidden_size 48 must be a multiple of 32");
    }
}
