package org.flowrl.bench.steps;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.flowrl.transformer.QwenConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QwenGgufTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "model.embed_tokens.weight, token_embd.weight",
        "model.norm.weight, output_norm.weight",
        "lm_head.weight, output.weight",
        "model.layers.7.input_layernorm.weight, blk.7.attn_norm.weight",
        "model.layers.7.post_attention_layernorm.weight, blk.7.ffn_norm.weight",
        "model.layers.7.self_attn.q_proj.weight, blk.7.attn_q.weight",
        "model.layers.7.self_attn.k_proj.bias, blk.7.attn_k.bias",
        "model.layers.7.self_attn.v_proj.bias, blk.7.attn_v.bias",
        "model.layers.7.self_attn.o_proj.weight, blk.7.attn_output.weight",
        "model.layers.7.mlp.gate_proj.weight, blk.7.ffn_gate.weight",
        "model.layers.7.mlp.up_proj.weight, blk.7.ffn_up.weight",
        "model.layers.7.mlp.down_proj.weight, blk.7.ffn_down.weight"})
    void tensorsHaveTheNamesThatLlamaCppLooksFor(String checkpoint, String gguf) {
        assertThat(QwenGguf.name(checkpoint)).isEqualTo(gguf);
    }

    @Test
    void aModelHasTwoBytesAMatrixElement() throws Exception {
        QwenConfig config = QwenConfig.tiny(512, 64, 2, 256);
        Path file = folder.resolve("model.gguf");
        QwenGguf.write(config, file);
        // 512·64 words, and in each block q 64·64, k and v 32·64, o 64·64, three of 176·64.
        long matrices = 512 * 64 + 2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 176 * 64);
        // Beside them norms and biases of 4 bytes, names and words: some tens of bytes for each of 512 words.
        assertThat(Files.size(file)).isBetween(2 * matrices, 2 * matrices + 32_000);
    }
}
