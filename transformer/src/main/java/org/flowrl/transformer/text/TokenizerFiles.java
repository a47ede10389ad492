package org.flowrl.transformer.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.tensor.io.IoFault;

/// The files of a folder that belong to its tokenizer, with their bytes: read once, parsed from memory, and written
/// back unchanged.
///
/// @param source where they came from, for messages
/// @param bytes  file names to contents
record TokenizerFiles(String source, Map<String, byte[]> bytes) {
    static final String TOKENIZER_JSON = "tokenizer.json";
    static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String VOCAB = "vocab.json";
    private static final String MERGES = "merges.txt";
    private static final String ADDED_TOKENS = "added_tokens.json";
    private static final String SPECIAL_TOKENS_MAP = "special_tokens_map.json";
    private static final String CHAT_TEMPLATE = "chat_template.jinja";
    private static final List<String> NAMES = List.of(TOKENIZER_JSON, TOKENIZER_CONFIG, VOCAB, MERGES, ADDED_TOKENS,
            SPECIAL_TOKENS_MAP, CHAT_TEMPLATE);

    /// The tokenizer files that `folder` has.
    static TokenizerFiles read(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new TokenizerException("tokenizer: " + folder + " must be a folder");
        }
        Map<String, byte[]> bytes = new LinkedHashMap<>();
        for (String name : NAMES) {
            Path file = folder.resolve(name);
            if (Files.exists(file)) {
                try {
                    bytes.put(name, Files.readAllBytes(file));
                } catch (IOException e) {
                    throw IoFault.reading(file, e);
                }
            }
        }
        return new TokenizerFiles(folder.toString(), bytes);
    }

    static boolean haveVocabulary(Path folder) {
        return Files.exists(folder.resolve(TOKENIZER_JSON)) || Files.exists(folder.resolve(VOCAB));
    }

    /// Writes the files into `folder`, which is created where absent.
    void write(Path folder) {
        for (String name : NAMES) {
            if (!bytes.containsKey(name) && Files.exists(folder.resolve(name))) {
                throw new TokenizerException("save: " + folder.resolve(name) + " belongs to another tokenizer; the"
                        + " folder must hold no tokenizer file that is not overwritten");
            }
        }
        try {
            Files.createDirectories(folder);
            for (Map.Entry<String, byte[]> file : bytes.entrySet()) {
                Files.write(folder.resolve(file.getKey()), file.getValue());
            }
        } catch (IOException e) {
            throw IoFault.writing(folder, e);
        }
    }

    /// The tokenizer that the files describe.
    TokenizerSpec parse() {
        Optional<JsonSource> config = json(TOKENIZER_CONFIG);
        Optional<JsonSource> specialTokensMap = json(SPECIAL_TOKENS_MAP);
        config.ifPresent(TokenizerFiles::checkConfig);
        SpecialTokens roles = new SpecialTokens(role("bos_token", config, specialTokensMap),
                role("eos_token", config, specialTokensMap), role("pad_token", config, specialTokensMap));
        List<AddedToken> decoder = config.map(AddedTokens::decoder).orElse(List.of());

        Optional<JsonSource> tokenizerJson = json(TOKENIZER_JSON);
        if (tokenizerJson.isPresent()) {
            return new TokenizerSpec(TokenizerJson.read(tokenizerJson.get(), decoder, roles));
        }
        if (!bytes.containsKey(VOCAB) || !bytes.containsKey(MERGES) || config.isEmpty()) {
            throw new TokenizerException("tokenizer: " + source + " has " + bytes.keySet()
                    + "; it must have tokenizer.json, or vocab.json, merges.txt and tokenizer_config.json");
        }
        List<AddedToken> addedTokens = !decoder.isEmpty() ? decoder : json(ADDED_TOKENS)
                .map(file -> AddedTokens.legacy(file, specialContents(specialTokensMap, roles))).orElse(List.of());
        return new TokenizerSpec(VocabAndMerges.read(json(VOCAB).orElseThrow(), path(MERGES), bytes.get(MERGES),
                config.get(), addedTokens, roles));
    }

    private static void checkConfig(JsonSource config) {
        for (String flag : List.of("add_prefix_space", "split_special_tokens")) {
            if (config.root().path(flag).asBoolean(false)) {
                throw config.refuse(flag + " true is not supported: must be false");
            }
        }
    }

    private static Optional<String> role(String name, Optional<JsonSource> config, Optional<JsonSource> map) {
        boolean inConfig = config.isPresent() && config.get().root().has(name);
        return (inConfig ? config : map).flatMap(json -> json.token(name));
    }

    /// The template of `chat_template.jinja`, or else that of `tokenizer_config.json`, as Transformers prefers them.
    Optional<ChatTemplate> chatTemplate() {
        Optional<JsonSource> config = json(TOKENIZER_CONFIG);
        Map<String, String> tokens = new LinkedHashMap<>();
        for (String role : List.of("bos_token", "eos_token", "pad_token", "unk_token")) {
            role(role, config, json(SPECIAL_TOKENS_MAP)).ifPresent(token -> tokens.put(role, token));
        }
        if (bytes.containsKey(CHAT_TEMPLATE)) {
            return Optional.of(ChatTemplate.of(path(CHAT_TEMPLATE),
                    new String(bytes.get(CHAT_TEMPLATE), StandardCharsets.UTF_8), tokens));
        }
        return config.flatMap(json -> chatTemplate(json, tokens));
    }

    /// `chat_template` is one template, or a list of named ones, of which `tool_use` is for conversations with tools.
    private static Optional<ChatTemplate> chatTemplate(JsonSource config, Map<String, String> tokens) {
        String name = config.file() + ": chat_template";
        JsonNode node = JsonSource.member(config.root(), "chat_template");
        if (node == null) {
            return Optional.empty();
        }
        if (!node.isArray()) {
            return Optional.of(ChatTemplate.of(name, config.text(config.root(), "", "chat_template"), tokens));
        }
        Map<String, String> sources = new LinkedHashMap<>();
        for (JsonNode entry : node) {
            sources.put(config.text(entry, "chat_template[]", "name"),
                    config.text(entry, "chat_template[]", "template"));
        }
        if (!sources.containsKey("default")) {
            throw config.refuse("chat_template must have a template named 'default' among "
                    + String.join(", ", sources.keySet()));
        }
        return Optional.of(ChatTemplate.of(name, sources.get("default"),
                sources.getOrDefault("tool_use", sources.get("default")), tokens));
    }

    private static List<String> specialContents(Optional<JsonSource> map, SpecialTokens roles) {
        List<String> contents = new ArrayList<>();
        roles.bos().ifPresent(contents::add);
        roles.eos().ifPresent(contents::add);
        roles.pad().ifPresent(contents::add);
        map.ifPresent(json -> {
            for (JsonNode token : json.root().path("additional_special_tokens")) {
                contents.add(token.isObject() ? json.text(token, "additional_special_tokens[]", "content")
                        : token.asText());
            }
        });
        return contents;
    }

    private Optional<JsonSource> json(String name) {
        return Optional.ofNullable(bytes.get(name)).map(content -> JsonSource.parse(path(name), content));
    }

    private String path(String name) {
        return Path.of(source).resolve(name).toString();
    }
}
