package org.flowrl.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.ModelDirectory;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.QwenConfig;
import org.flowrl.transformer.text.Tokenizer;

/// A model folder that can be asked anything: a tiny random Qwen2 whose tokens are the 256 bytes and an end.
final class SmallFolder {
    private static final int END = 256;
    private static final JsonMapper MAPPER = new JsonMapper();

    private SmallFolder() {
    }

    /// Writes the folder.
    static void write(Path folder) throws IOException {
        write(folder, END + 1, END, tokenizer(folder));
    }

    /// Writes one of another vocabulary.
    ///
    /// @param end the token that ends a response
    static void write(Path folder, int vocabulary, int end, Tokenizer tokenizer) {
        QwenConfig config = QwenConfig.tiny(vocabulary, 32, 1, 4096).withTokens(OptionalInt.empty(), List.of(end),
                OptionalInt.empty());
        try (Backend backend = Backends.open("reference", 1).backend();
                Scope scope = Scope.root("model", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen model = Qwen.declare(store.root(), config);
            store.allocate();
            store.initialize(RandomKey.of(5));
            ModelDirectory.save(folder, model, tokenizer);
        }
    }

    private static Tokenizer tokenizer(Path folder) throws IOException {
        Path scratch = folder.resolveSibling(folder.getFileName() + "-tokenizer");
        Tokenizer.ofAlphabet(List.of(), List.of("a")).save(scratch);
        Path file = scratch.resolve("tokenizer.json");
        ObjectNode json = (ObjectNode) MAPPER.readTree(file.toFile());
        ObjectNode vocabulary = ((ObjectNode) json.get("model")).putObject("vocab");
        int unprintable = 0;
        for (int value = 0; value < END; value++) {
            // GPT-2's alphabet: printable bytes of Latin-1 stand for themselves, the others follow U+0100 in order.
            boolean printable = value > 0x20 && value < 0x7F || value > 0xA0 && value != 0xAD;
            vocabulary.put(String.valueOf((char) (printable ? value : 0x100 + unprintable++)), value);
        }
        ((ArrayNode) json.get("added_tokens")).addObject().put("id", END).put("content", "<|end|>").put("special", true)
                .put("normalized", false).put("lstrip", false).put("rstrip", false).put("single_word", false);
        Files.write(file, MAPPER.writeValueAsBytes(json));
        return Tokenizer.load(scratch);
    }
}
