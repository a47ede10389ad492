package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.io.Safetensors;
import org.flowrl.transformer.text.Tokenizer;
import org.flowrl.transformer.text.TokenizerException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Folders of adapters, written as PEFT writes them and read back as models.
class AdapterFolderTest {
    private static final QwenConfig CONFIG = TinyConfigs.qwen2();
    private static final Lora LORA = new Lora(2, 5, List.of("q_proj", "up_proj"));

    @TempDir
    private Path folder;
    private Path base;
    private Path adapters;
    private double[] logits;

    @BeforeEach
    void write() throws IOException {
        base = folder.resolve("base");
        adapters = Files.createDirectory(folder.resolve("adapters"));
        try (ModelFixture fixture = ModelFixture.random(CONFIG, "cpu", 1, DType.F32, 41)) {
            ModelDirectory.save(base, CONFIG, fixture.store(), DType.F32, Optional.empty(), 1 << 30);
            ParameterStore store = fixture.store().beside();
            Qwen adapted = fixture.model().adapted(store.root(), LORA);
            store.allocate();
            store.initialize(RandomKey.of(42));
            store.parameters().forEach(parameter -> parameter.value().copyFrom(ones(parameter.shape().elements())));
            store.repack();
            AdapterFolder.write(adapters, base, LORA, store);
            logits = logits(fixture, adapted);
        }
    }

    private static float[] ones(long count) {
        float[] ones = new float[(int) count];
        Arrays.fill(ones, 0.05f);
        return ones;
    }

    private static double[] logits(ModelFixture fixture, Qwen model) {
        List<int[]> sequences = ModelFixture.sequences(CONFIG, 43, 6, 3);
        try (Tape tape = Tape.inference(fixture.backend(), fixture.scope())) {
            return fixture.scores(model.forward(tape, PackedSequences.of(tape.scope(), sequences)), sequences).logits();
        }
    }

    @Test
    void whatIsWrittenIsReadBackAsTheSameModel() {
        try (ModelFixture loaded = ModelFixture.load(adapters, "cpu", 1, DType.F32);
             ModelFixture plain = ModelFixture.load(base, "cpu", 1, DType.F32)) {
            assertThat(logits(loaded, loaded.model())).isEqualTo(logits)
                    .isNotEqualTo(logits(plain, plain.model()));
        }
        ModelDirectory directory = ModelDirectory.open(adapters);
        directory.check();
        assertThat(directory.adapter().orElseThrow().lora()).isEqualTo(LORA);
        assertThat(directory.weightFiles()).containsExactly(adapters.resolve("adapter_model.safetensors"));
    }

    @Test
    void theConfigurationIsThatOfPeft() throws IOException {
        assertThat(Files.readString(adapters.resolve("adapter_config.json"))).contains("\"peft_type\": \"LORA\"",
                "\"task_type\": \"CAUSAL_LM\"", "\"r\": 2", "\"lora_alpha\": 5.0", "\"bias\": \"none\"",
                "\"base_model_name_or_path\": \"" + base.toAbsolutePath() + "\"");
    }

    /// Adapters without a vocabulary speak as their base does; with one, in either form, as they say themselves.
    @Test
    void theTokenizerIsTheAdaptersOwnWhereTheyHaveOne() throws IOException {
        Tokenizer.ofAlphabet(List.of(), List.of("a")).save(base);
        Files.writeString(adapters.resolve("chat_template.jinja"), "{{ messages }}");
        assertThat(ModelDirectory.open(adapters).tokenizer().vocabSize()).isEqualTo(1);

        Files.writeString(adapters.resolve("vocab.json"), "{\"a\": 0, \"b\": 1}");
        assertThatThrownBy(() -> ModelDirectory.open(adapters).tokenizer()).isInstanceOf(TokenizerException.class)
                .hasMessageContaining("it must have tokenizer.json, or vocab.json, merges.txt and");
        Files.writeString(adapters.resolve("merges.txt"), "#version: 0.2\n");
        Files.writeString(adapters.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"Qwen2Tokenizer\"}");
        assertThat(ModelDirectory.open(adapters).tokenizer().encode("ba")).containsExactly(1, 0);
    }

    /// A path that is relative starts at the folder of the adapters.
    @Test
    void aBaseIsFoundBesideItsAdapters() throws IOException {
        edit("\"" + base.toAbsolutePath() + "\"", "\"../base\"");
        ModelDirectory.open(adapters).check();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"LORA\" | \"IA3\" | peft_type \"IA3\": must be \"LORA\"",
        "\"use_dora\": false | \"use_dora\": true | use_dora true: must be false",
        "\"use_rslora\": false | \"use_rslora\": true | use_rslora true: must be false",
        "\"bias\": \"none\" | \"bias\": \"all\" | bias \"all\": must be \"none\": biases belong to the base",
        "\"modules_to_save\": null | \"modules_to_save\": [\"lm_head\"] | modules_to_save [\"lm_head\"]: is not "
                + "supported, it must be null or empty",
        "\"q_proj\" | \"c_attn\" | lora: target c_attn is unknown; known:",
        "\"r\": 2 | \"r\": 0 | r 0: must be at least 1",
        "/base\" | /gone\" | must be the folder of the base model on this machine"})
    void whatWouldGiveOtherNumbersIsRefused(String text, String other, String message) throws IOException {
        edit(text, other);
        assertThatThrownBy(() -> ModelDirectory.open(adapters)).isInstanceOf(ModelException.class)
                .hasMessageContaining(message).hasMessageContaining("adapter_config.json");
    }

    @Test
    void tensorsThatAreNotThoseOfTheConfigurationAreRefused() throws IOException {
        edit("\"r\": 2", "\"r\": 3");
        assertThatThrownBy(() -> ModelDirectory.open(adapters).check()).isInstanceOf(ModelException.class)
                .hasMessageContaining("_proj.lora_A.weight is F32[2, 32], it must be floating point of shape [3, 32]");
        edit("\"r\": 3", "\"r\": 2");
        edit("\"q_proj\",", "");
        assertThatThrownBy(() -> ModelDirectory.open(adapters).check()).isInstanceOf(ModelException.class)
                .hasMessageContaining("q_proj.lora_A.weight is unexpected");
        try (ModelFixture place = ModelFixture.random(CONFIG, "cpu", 1, DType.F32, 44)) {
            Tensor stray = place.scope().zeros(DType.F32, 1);
            Safetensors.write(adapters.resolve("adapter_model.safetensors"), Map.of("stray", stray), Map.of());
        }
        assertThatThrownBy(() -> ModelDirectory.open(adapters).check()).isInstanceOf(ModelException.class)
                .hasMessageContaining("up_proj.lora_A.weight is missing");
    }

    private void edit(String text, String other) throws IOException {
        Path file = adapters.resolve("adapter_config.json");
        String before = Files.readString(file);
        assertThat(before).contains(text);
        Files.writeString(file, before.replace(text, other));
    }
}
