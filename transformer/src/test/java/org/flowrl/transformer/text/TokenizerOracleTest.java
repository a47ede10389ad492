package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.flowrl.tensor.SharedData;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Ids and texts that outside tools computed with the real vocabulary of Qwen2.5: tokenizers 0.23.2 and tiktoken
/// 0.14.0 (`qwen2.5-vectors.jsonl`, on which both agree), tokenizers alone (`deepseek-r1-distill-qwen`), llama.cpp.
class TokenizerOracleTest {
    private static final JsonMapper MAPPER = new JsonMapper();

    /// The two forms in which a folder can hold the tokenizer.
    enum Form { TOKENIZER_JSON, VOCAB_AND_MERGES }

    @TempDir
    static Path temporary;
    private static Path data;
    private static Tokenizer fromTokenizerJson;
    private static Tokenizer fromVocabAndMerges;
    private static Tokenizer distill;

    @BeforeAll
    static void load() throws IOException {
        data = SharedData.path("tokenizer");
        Path qwen = data.resolve("qwen2.5");
        ObjectNode tokenizerJson;
        try (InputStream in = new GZIPInputStream(Files.newInputStream(qwen.resolve("tokenizer.json.gz")))) {
            tokenizerJson = (ObjectNode) MAPPER.readTree(in);
        }
        Path folder = Files.createDirectories(temporary.resolve("qwen"));
        Files.write(folder.resolve("tokenizer.json"), MAPPER.writeValueAsBytes(tokenizerJson));
        Files.copy(qwen.resolve("tokenizer_config.json"), folder.resolve("tokenizer_config.json"));
        fromTokenizerJson = Tokenizer.load(folder);
        fromVocabAndMerges = Tokenizer.load(qwen);

        Path distillData = data.resolve("deepseek-r1-distill-qwen");
        Path distillFolder = Files.createDirectories(temporary.resolve("distill"));
        tokenizerJson.setAll((ObjectNode) MAPPER.readTree(
                Files.readAllBytes(distillData.resolve("tokenizer-overrides.json"))));
        Files.write(distillFolder.resolve("tokenizer.json"), MAPPER.writeValueAsBytes(tokenizerJson));
        Files.copy(distillData.resolve("tokenizer_config.json"), distillFolder.resolve("tokenizer_config.json"));
        distill = Tokenizer.load(distillFolder);
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void qwenVectorsEncodeAsRecorded(Form form) throws IOException {
        Tokenizer tokenizer = qwen(form);
        List<String> wrong = new ArrayList<>();
        List<JsonNode> rows = rows("qwen2.5-vectors.jsonl");
        for (JsonNode row : rows) {
            int[] ids = tokenizer.encode(row.get("text").textValue());
            if (!Arrays.equals(ids, ids(row.get("ids")))) {
                wrong.add(row.get("id") + " " + row.get("text") + " → " + Arrays.toString(ids));
            }
        }
        assertThat(rows).hasSize(1283); // as counted in the file: none may go unread
        assertThat(wrong).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void qwenVectorsDecodeToTheNormalisedText(Form form) throws IOException {
        Tokenizer tokenizer = qwen(form);
        List<String> wrong = new ArrayList<>();
        for (JsonNode row : rows("qwen2.5-vectors.jsonl")) {
            String expected = row.has("decoded") ? row.get("decoded").textValue() : row.get("text").textValue();
            String text = tokenizer.decode(ids(row.get("ids")));
            if (!text.equals(expected) || !streamed(tokenizer, ids(row.get("ids"))).equals(expected)) {
                wrong.add(row.get("id") + " " + row.get("cat") + " " + expected + " → " + text);
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void distillVectorsEncodeAndDecodeAsRecorded() throws IOException {
        List<String> wrong = new ArrayList<>();
        List<JsonNode> rows = rows("deepseek-r1-distill-qwen/vectors.jsonl");
        for (JsonNode row : rows) {
            String text = row.get("text").textValue();
            int[] withSpecial = ids(row.get("ids_with_special"));
            if (!Arrays.equals(distill.encode(text), withSpecial)
                    || !Arrays.equals(distill.encode(text, false), ids(row.get("ids_plain")))
                    || !distill.decode(withSpecial, true).equals(row.get("decode_skip_special").textValue())) {
                wrong.add(text);
            }
        }
        assertThat(rows).hasSize(50);
        assertThat(wrong).isEmpty();
    }

    @Test
    void llamaCppVectorsEncodeAsRecorded() throws IOException {
        assertThat(differencesFromLlamaCpp("qwen2", fromTokenizerJson)).isEmpty();
        assertThat(differencesFromLlamaCpp("deepseek-r1-qwen", distill)).isEmpty();
    }

    @Test
    void rolesAndSizesAreThoseOfTheFolders() {
        // 151,643 model tokens and 22 added tokens; ids from added_tokens.json and tokenizer-overrides.json.
        assertThat(fromTokenizerJson.vocabSize()).isEqualTo(151_665);
        assertThat(fromVocabAndMerges.vocabSize()).isEqualTo(151_665);
        assertThat(fromTokenizerJson.eosTokenId()).hasValue(151_645);
        assertThat(fromTokenizerJson.padTokenId()).hasValue(151_643);
        assertThat(fromTokenizerJson.bosTokenId()).isEmpty();
        assertThat(distill.bosTokenId()).hasValue(151_646);
        assertThat(distill.eosTokenId()).hasValue(151_643);
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void aSavedTokenizerHasTheSameFilesAndIds(Form form, @TempDir Path folder) throws IOException {
        Tokenizer tokenizer = qwen(form);
        tokenizer.save(folder);
        Tokenizer reloaded = Tokenizer.load(folder);
        for (JsonNode row : rows("qwen2.5-vectors.jsonl")) {
            assertThat(reloaded.encode(row.get("text").textValue())).isEqualTo(ids(row.get("ids")));
        }
        if (form == Form.VOCAB_AND_MERGES) {
            for (String name : List.of("vocab.json", "merges.txt", "tokenizer_config.json", "added_tokens.json",
                    "special_tokens_map.json", "chat_template.jinja")) {
                assertThat(folder.resolve(name)).hasSameBinaryContentAs(data.resolve("qwen2.5").resolve(name));
            }
        }
    }

    @Test
    void theLegacyListOfAddedTokensGivesTheSameIds(@TempDir Path folder) throws IOException {
        fromVocabAndMerges.save(folder);
        TinyTokenizer.edit(folder, "tokenizer_config.json", json -> json.remove("added_tokens_decoder"));
        Tokenizer legacy = Tokenizer.load(folder);
        for (JsonNode row : rows("qwen2.5-vectors.jsonl")) {
            assertThat(legacy.encode(row.get("text").textValue())).isEqualTo(ids(row.get("ids")));
        }
        assertThat(legacy.isSpecial(legacy.id("<|im_end|>").orElseThrow())).isTrue();
        assertThat(legacy.isSpecial(legacy.id("<tool_call>").orElseThrow())).isFalse();
    }

    private static Tokenizer qwen(Form form) {
        return switch (form) {
            case TOKENIZER_JSON -> fromTokenizerJson;
            case VOCAB_AND_MERGES -> fromVocabAndMerges;
        };
    }

    /// llama.cpp's inputs stand between separator lines; line n of the outputs has the ids of input n, without bos.
    private static List<String> differencesFromLlamaCpp(String name, Tokenizer tokenizer) throws IOException {
        Path folder = data.resolve("llama.cpp");
        String[] inputs = Files.readString(folder.resolve("ggml-vocab-" + name + ".gguf.inp"))
                .split("\n__ggml_vocab_test__\n", -1);
        List<String> outputs = Files.readAllLines(folder.resolve("ggml-vocab-" + name + ".gguf.out"));
        List<String> wrong = new ArrayList<>();
        int compared = 0;
        for (; compared < outputs.size(); compared++) {
            int[] expected = outputs.get(compared).isBlank() ? new int[0]
                    : Arrays.stream(outputs.get(compared).trim().split(" ")).mapToInt(Integer::parseInt).toArray();
            int[] ids = tokenizer.encode(inputs[compared], false);
            if (!Arrays.equals(ids, expected)) {
                wrong.add(name + " " + compared + " '" + inputs[compared] + "' → " + Arrays.toString(ids));
            }
        }
        assertThat(compared).isGreaterThan(40);
        return wrong;
    }

    private static String streamed(Tokenizer tokenizer, int[] ids) {
        StreamingDecoder decoder = tokenizer.streamingDecoder(false);
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(decoder.push(id));
        }
        return text.append(decoder.finish()).toString();
    }

    private static List<JsonNode> rows(String file) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        for (String line : Files.readString(data.resolve(file)).split("\n")) {
            rows.add(MAPPER.readTree(line));
        }
        return rows;
    }

    private static int[] ids(JsonNode array) {
        int[] ids = new int[array.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = array.get(i).intValue();
        }
        return ids;
    }
}
