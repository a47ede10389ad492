package org.flowrl.transformer.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.flowrl.tensor.io.JsonText;

/// Writes the two files of a tokenizer that knows single characters only: Qwen's stages over an empty list of merges.
final class AlphabetFiles {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private AlphabetFiles() {
    }

    /// The files of a tokenizer whose ids are `specialTokens` in order, then `symbols` in order.
    static TokenizerFiles of(List<String> specialTokens, List<String> symbols, SpecialTokens roles) {
        check(specialTokens, symbols);
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(TokenizerFiles.TOKENIZER_JSON, bytes(tokenizerJson(specialTokens, symbols)));
        files.put(TokenizerFiles.TOKENIZER_CONFIG, bytes(config(roles)));
        return new TokenizerFiles("ofAlphabet", files);
    }

    private static void check(List<String> specialTokens, List<String> symbols) {
        Set<String> seen = new HashSet<>();
        for (String token : specialTokens) {
            if (token.isEmpty()) {
                throw new TokenizerException("ofAlphabet: special token " + seen.size() + " must not be empty");
            }
            if (!seen.add(token)) {
                throw new TokenizerException("ofAlphabet: special token '" + token + "' must not occur twice");
            }
        }
        for (String symbol : symbols) {
            if (symbol.length() != 1 || symbol.charAt(0) >= 0x80) {
                throw new TokenizerException("ofAlphabet: symbol '" + symbol
                        + "' must be one ASCII character, since a token without merges is one byte");
            }
            if (!seen.add(ByteAlphabet.spell(symbol))) {
                throw new TokenizerException("ofAlphabet: symbol '" + symbol + "' must not occur twice");
            }
        }
    }

    private static ObjectNode tokenizerJson(List<String> specialTokens, List<String> symbols) {
        ObjectNode json = NODES.objectNode();
        json.put("version", "1.0");
        json.putNull("truncation");
        json.putNull("padding");
        ArrayNode added = json.putArray("added_tokens");
        // The special tokens stand in the model's vocabulary too: the tokenizers library would otherwise number them
        // after it, whatever their entries here say.
        ObjectNode vocab = NODES.objectNode();
        for (String token : specialTokens) {
            added.addObject().put("id", vocab.size()).put("content", token).put("single_word", false)
                    .put("lstrip", false).put("rstrip", false).put("normalized", false).put("special", true);
            vocab.put(token, vocab.size());
        }
        for (String symbol : symbols) {
            vocab.put(ByteAlphabet.spell(symbol), vocab.size());
        }
        json.putObject("normalizer").put("type", "NFC");
        ArrayNode preTokenizers = json.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        ObjectNode split = preTokenizers.addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", QwenSplitter.REGEX);
        split.put("behavior", "Isolated").put("invert", false);
        preTokenizers.add(byteLevel());
        json.set("post_processor", byteLevel());
        json.set("decoder", byteLevel());
        ObjectNode model = json.putObject("model").put("type", "BPE").putNull("dropout").putNull("unk_token")
                .put("continuing_subword_prefix", "").put("end_of_word_suffix", "").put("fuse_unk", false)
                .put("byte_fallback", false).put("ignore_merges", false);
        model.set("vocab", vocab);
        model.putArray("merges");
        return json;
    }

    private static ObjectNode byteLevel() {
        return NODES.objectNode().put("type", "ByteLevel").put("add_prefix_space", false).put("trim_offsets", false)
                .put("use_regex", false);
    }

    private static ObjectNode config(SpecialTokens roles) {
        ObjectNode config = NODES.objectNode();
        config.put("tokenizer_class", "PreTrainedTokenizerFast"); // Transformers then takes tokenizer.json as it is
        config.put("add_bos_token", false);
        config.put("add_prefix_space", false);
        config.put("bos_token", roles.bos().orElse(null));
        config.put("eos_token", roles.eos().orElse(null));
        config.put("pad_token", roles.pad().orElse(null));
        config.putNull("unk_token");
        config.put("clean_up_tokenization_spaces", false);
        return config;
    }

    private static byte[] bytes(ObjectNode json) {
        return JsonText.of(json).getBytes(StandardCharsets.UTF_8);
    }
}
