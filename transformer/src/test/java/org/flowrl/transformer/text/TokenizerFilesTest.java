package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.flowrl.transformer.text.TinyTokenizer.token;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What a folder may hold, what is refused and with which words, and what is written back.
class TokenizerFilesTest {
    private static final String TOKENIZER_JSON = "tokenizer.json";
    private static final String CONFIG = "tokenizer_config.json";

    /// A change to a file of a good folder, and how the message that refuses it goes on after the path.
    private record Refusal(String file, String message, Consumer<ObjectNode> change) {
        @Override
        public String toString() {
            return message;
        }
    }

    @TempDir
    Path folder;

    @BeforeEach
    void writeAGoodFolder() throws IOException {
        TinyTokenizer.write(folder, List.of("a b", "Ġ ab"), token(258, "<stop>", true));
    }

    static Stream<Refusal> refusals() {
        return Stream.of(
                refusal("model.type 'Unigram' is not supported: must be 'BPE'",
                        json -> model(json).put("type", "Unigram")),
                refusal("model.type must be a text, not absent", json -> model(json).remove("type")),
                refusal("model.byte_fallback true is not supported", json -> model(json).put("byte_fallback", true)),
                refusal("model.ignore_merges true is not supported", json -> model(json).put("ignore_merges", true)),
                refusal("model.unk_token '<unk>' is not supported", json -> model(json).put("unk_token", "<unk>")),
                refusal("model.dropout 0.1 is not supported", json -> model(json).put("dropout", 0.1)),
                refusal("model.end_of_word_suffix '</w>' is not supported",
                        json -> model(json).put("end_of_word_suffix", "</w>")),
                refusal("model.vocab must be an object of tokens to ids, not absent",
                        json -> model(json).remove("vocab")),
                refusal("model.vocab['a'] must be an id, not the text '1'",
                        json -> ((ObjectNode) model(json).get("vocab")).put("a", "1")),
                refusal("tokens 'a' and 'b' both have id 97",
                        json -> ((ObjectNode) model(json).get("vocab")).put("b", 97)),
                refusal("token 'a' has id -1, which must be in [0, 16777216)",
                        json -> ((ObjectNode) model(json).get("vocab")).put("a", -1)),
                refusal("model.merges[1] must be two tokens, not the text 'abc'",
                        json -> model(json).putArray("merges").add("a b").add("abc")),
                refusal("merge 0 ('a' + 'c'): token 'ac' must be in the vocabulary",
                        json -> model(json).putArray("merges").add("a c")),
                refusal("merge 1 ('a' + 'b') must not occur twice",
                        json -> model(json).putArray("merges").add("a b").add("a b")),
                refusal("normalizer.type 'NFKC' is not supported: must be 'NFC' or absent",
                        json -> json.putObject("normalizer").put("type", "NFKC")),
                refusal("pre_tokenizer.type 'Metaspace' is not supported",
                        json -> json.putObject("pre_tokenizer").put("type", "Metaspace")),
                refusal("pre_tokenizer.pretokenizers[0].pattern '\\p{N}{1,3}' is not supported: must be Qwen2's",
                        json -> split(json).putObject("pattern").put("Regex", "\\p{N}{1,3}")),
                refusal("pre_tokenizer.pretokenizers[0].behavior 'Removed' is not supported",
                        json -> split(json).put("behavior", "Removed")),
                refusal("pre_tokenizer.pretokenizers[1].use_regex true is not supported",
                        json -> ((ObjectNode) json.at("/pre_tokenizer/pretokenizers/1")).put("use_regex", true)),
                refusal("decoder.type 'Metaspace' is not supported: must be 'ByteLevel'",
                        json -> json.putObject("decoder").put("type", "Metaspace")),
                refusal("post_processor.type 'RobertaProcessing' is not supported",
                        json -> json.putObject("post_processor").put("type", "RobertaProcessing")),
                refusal("added_tokens[0].special must be true or false, not absent",
                        json -> ((ObjectNode) json.at("/added_tokens/0")).remove("special")),
                refusal("added token 'a' has id 258 but the model's vocabulary gives it id 97",
                        json -> ((ObjectNode) json.at("/added_tokens/0")).put("content", "a")),
                config("tokenizer.json: added token '<stop>' has id 258 but tokenizer_config.json gives it id 300",
                        json -> json.putObject("added_tokens_decoder").putObject("300").put("content", "<stop>")
                                .put("special", true).put("normalized", false).put("lstrip", false)
                                .put("rstrip", false).put("single_word", false)),
                config("tokenizer.json: eos_token '</s>' must be in the vocabulary",
                        json -> json.put("eos_token", "</s>")),
                config("tokenizer_config.json: pad_token must be a text, not 7", json -> json.put("pad_token", 7)),
                config("tokenizer_config.json: add_prefix_space true is not supported",
                        json -> json.put("add_prefix_space", true)));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void whatIsNotSupportedIsRefusedByFileAndName(Refusal refusal) throws IOException {
        TinyTokenizer.edit(folder, refusal.file, refusal.change);
        assertThatThrownBy(() -> Tokenizer.load(folder)).isInstanceOf(TokenizerException.class)
                .hasMessageStartingWith(folder.resolve(refusal.message).toString());
    }

    @Test
    void malformedJsonIsNamedByFileLineAndColumn() throws IOException {
        Files.writeString(folder.resolve(TOKENIZER_JSON), "{\n  \"model\": {\"type\" \"BPE\"}\n}");
        assertThatThrownBy(() -> Tokenizer.load(folder)).isInstanceOf(TokenizerException.class)
                .hasMessageStartingWith(folder.resolve(TOKENIZER_JSON) + ", line 2, column ")
                .hasMessageContaining("not valid JSON").hasMessageNotContaining("\n");
    }

    @Test
    void aTruncatedAnEmptyAndADoublyKeyedFileAreRefused() throws IOException {
        Path file = folder.resolve(TOKENIZER_JSON);
        String good = Files.readString(file);
        for (String bad : List.of(good.substring(0, good.length() / 2), "", "[]", "{\"a\": 1, \"a\": 2}", good + "}")) {
            Files.writeString(file, bad);
            assertThatThrownBy(() -> Tokenizer.load(folder)).isInstanceOf(TokenizerException.class)
                    .hasMessageStartingWith(file.toString()).hasMessageNotContaining("\n");
        }
    }

    @Test
    void aFolderWithoutATokenizerIsRefusedWithWhatItMustHave() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        assertThatThrownBy(() -> Tokenizer.load(empty)).isInstanceOf(TokenizerException.class).hasMessage("tokenizer: "
                + empty + " has []; it must have tokenizer.json, or vocab.json, merges.txt and tokenizer_config.json");
        Path absent = folder.resolve("absent");
        assertThatThrownBy(() -> Tokenizer.load(absent)).isInstanceOf(TokenizerException.class)
                .hasMessage("tokenizer: " + absent + " must be a folder");
    }

    @Test
    void savedFilesAreTheLoadedOnes(@TempDir Path copy) {
        Tokenizer.load(folder).save(copy.resolve("deep/folder"));
        assertThat(copy.resolve("deep/folder").resolve(TOKENIZER_JSON))
                .hasSameBinaryContentAs(folder.resolve(TOKENIZER_JSON));
        assertThat(copy.resolve("deep/folder").resolve(CONFIG)).hasSameBinaryContentAs(folder.resolve(CONFIG));
    }

    @Test
    void savingBesideAnotherTokenizersFilesIsRefused(@TempDir Path other) throws IOException {
        Files.writeString(other.resolve("vocab.json"), "{}");
        assertThatThrownBy(() -> Tokenizer.load(folder).save(other)).isInstanceOf(TokenizerException.class)
                .hasMessageContaining("vocab.json belongs to another tokenizer");
        assertThat(other.resolve(TOKENIZER_JSON)).doesNotExist();
    }

    @Test
    void tokensOfTheConfigAreAddedAndRolesComeFromTheSpecialTokensMapWhereItNamesNone() throws IOException {
        TinyTokenizer.edit(folder, CONFIG, json -> {
            json.remove("eos_token");
            json.putObject("added_tokens_decoder").putObject("259").put("content", "<think>").put("special", false)
                    .put("normalized", false).put("lstrip", false).put("rstrip", false).put("single_word", false);
        });
        Files.writeString(folder.resolve("special_tokens_map.json"), "{\"eos_token\": {\"content\": \"<stop>\"}}");
        Tokenizer tokenizer = Tokenizer.load(folder);
        assertThat(tokenizer.encode("<think>a")).containsExactly(259, 'a');
        assertThat(tokenizer.eosTokenId()).hasValue(258);
        assertThat(tokenizer.padTokenId()).isEmpty();
    }

    @Test
    void vocabAndMergesMeanQwensStagesForItsClassesOnly() throws IOException {
        writeVocabAndMerges("""
                {"tokenizer_class": "Qwen2Tokenizer", "bos_token": "<stop>", "add_bos_token": true}""");
        Tokenizer tokenizer = Tokenizer.load(folder);
        assertThat(tokenizer.encode("ab ab")).containsExactly(258, 256, 257);
        assertThat(tokenizer.encode("<stop>", false)).containsExactly(258);

        Files.writeString(folder.resolve(CONFIG), "{\"tokenizer_class\": \"LlamaTokenizer\"}");
        assertThatThrownBy(() -> Tokenizer.load(folder)).isInstanceOf(TokenizerException.class)
                .hasMessageContaining("tokenizer_class 'LlamaTokenizer' is not supported without a tokenizer.json");
    }

    @Test
    void aLineOfMergesThatIsNotTwoTokensIsNamed() throws IOException {
        writeVocabAndMerges("{\"tokenizer_class\": \"Qwen2Tokenizer\"}");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na b\nab\n");
        assertThatThrownBy(() -> Tokenizer.load(folder)).isInstanceOf(TokenizerException.class)
                .hasMessage(folder.resolve("merges.txt") + ", line 3: 'ab' must be two tokens with one space between");
    }

    @Test
    void onlyTheFirstLineOfMergesCanBeAComment() throws IOException {
        TinyTokenizer.write(folder, List.of("a b", "# #"));
        writeVocabAndMerges("{\"tokenizer_class\": \"Qwen2Tokenizer\"}");
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na b\n# #\n");
        assertThat(Tokenizer.load(folder).encode("##")).containsExactly(257);
    }

    private void writeVocabAndMerges(String config) throws IOException {
        JsonNode json = new ObjectMapper()
                .readTree(Files.readAllBytes(folder.resolve(TOKENIZER_JSON)));
        Files.writeString(folder.resolve("vocab.json"), json.at("/model/vocab").toString());
        Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\na b\nĠ ab\n");
        Files.writeString(folder.resolve("added_tokens.json"), "{\"<stop>\": 258}");
        Files.writeString(folder.resolve(CONFIG), config);
        Files.delete(folder.resolve(TOKENIZER_JSON));
    }

    private static Refusal refusal(String message, Consumer<ObjectNode> change) {
        return new Refusal(TOKENIZER_JSON, TOKENIZER_JSON + ": " + message, change);
    }

    private static Refusal config(String message, Consumer<ObjectNode> change) {
        return new Refusal(CONFIG, message, change);
    }

    private static ObjectNode model(ObjectNode json) {
        return (ObjectNode) json.get("model");
    }

    private static ObjectNode split(ObjectNode json) {
        return (ObjectNode) json.at("/pre_tokenizer/pretokenizers/0");
    }
}
