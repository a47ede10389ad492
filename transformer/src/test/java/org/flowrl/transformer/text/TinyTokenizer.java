package org.flowrl.transformer.text;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/// Small tokenizer folders made by the tests: all 256 bytes, a few merges, and whatever a test changes.
///
/// Ids: byte b has id b; merge i makes id 256 + i; added tokens follow.
final class TinyTokenizer {
    private static final JsonMapper MAPPER = new JsonMapper();

    private TinyTokenizer() {
    }

    /// A tokenizer in `folder` of all bytes with `merges` ("left right" in byte-level spelling).
    static Tokenizer ofBytes(Path folder, List<String> merges, AddedToken... addedTokens) throws IOException {
        write(folder, merges, addedTokens);
        return Tokenizer.load(folder);
    }

    static void write(Path folder, List<String> merges, AddedToken... addedTokens) throws IOException {
        Tokenizer.ofAlphabet(List.of(), List.of("a")).save(folder);
        edit(folder, TokenizerFiles.TOKENIZER_JSON, json -> {
            ObjectNode model = (ObjectNode) json.get("model");
            ObjectNode vocab = model.putObject("vocab");
            for (int value = 0; value < 256; value++) {
                vocab.put(String.valueOf(ByteAlphabet.character(value)), value);
            }
            ArrayNode list = model.putArray("merges");
            for (String merge : merges) {
                list.add(merge);
                vocab.put(merge.replace(" ", ""), vocab.size());
            }
            ArrayNode added = (ArrayNode) json.get("added_tokens");
            for (AddedToken token : addedTokens) {
                added.addObject().put("id", token.id()).put("content", token.content())
                        .put("special", token.special()).put("normalized", token.normalized())
                        .put("lstrip", token.lstrip()).put("rstrip", token.rstrip())
                        .put("single_word", token.singleWord());
            }
        });
    }

    /// Changes the JSON object in a file of `folder`.
    static void edit(Path folder, String name, Consumer<ObjectNode> change) throws IOException {
        Path file = folder.resolve(name);
        ObjectNode json = (ObjectNode) MAPPER.readTree(Files.readAllBytes(file));
        change.accept(json);
        Files.write(file, MAPPER.writeValueAsBytes(json));
    }

    /// An added token that is matched in the raw text and strips nothing.
    static AddedToken token(int id, String content, boolean special) {
        return new AddedToken(id, content, special, false, false, false, false);
    }
}
