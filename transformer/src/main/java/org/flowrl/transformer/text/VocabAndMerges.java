package org.flowrl.transformer.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Reads a tokenizer from `vocab.json` and `merges.txt`, where the class named in `tokenizer_config.json` stands for
/// the stages that `tokenizer.json` would spell out.
final class VocabAndMerges {
    /// The classes whose stages are NFC, Qwen's split, and byte-level BPE.
    private static final Set<String> CLASSES = Set.of("Qwen2Tokenizer", "Qwen2TokenizerFast");

    private VocabAndMerges() {
    }

    /// What the files say. `add_bos_token` and `add_eos_token` of `config` decide what is put around a text.
    static TokenizerSpec.Source read(JsonSource vocab, String mergesFile, byte[] merges, JsonSource config,
                                     List<AddedToken> addedTokens, SpecialTokens roles) {
        String tokenizerClass = config.text(config.root(), "", "tokenizer_class");
        if (!CLASSES.contains(tokenizerClass)) {
            throw config.refuse("tokenizer_class '" + tokenizerClass
                    + "' is not supported without a tokenizer.json: must be Qwen2Tokenizer or Qwen2TokenizerFast");
        }
        var vocabulary = TokenizerJson.vocabulary(vocab, vocab.root(), "the file");
        List<Integer> prefix = new ArrayList<>();
        List<Integer> suffix = new ArrayList<>();
        for (Around around : List.of(new Around("add_bos_token", "bos_token", roles.bos().orElse(null), prefix),
                new Around("add_eos_token", "eos_token", roles.eos().orElse(null), suffix))) {
            if (config.root().path(around.flag).asBoolean(false)) {
                around.ids.add(id(config, around, vocabulary.get(around.token), addedTokens));
            }
        }
        return new TokenizerSpec.Source(vocab.file(), vocabulary, merges(mergesFile, merges),
                AddedTokens.joined(vocab.file(), addedTokens, List.of()), true, prefix, suffix, roles);
    }

    /// @param flag  the setting that puts the token beside a text
    /// @param role  the setting that names the token
    /// @param token the token, or null
    /// @param ids   where its id goes
    private record Around(String flag, String role, String token, List<Integer> ids) {
    }

    private static int id(JsonSource config, Around around, Integer modelId, List<AddedToken> addedTokens) {
        for (AddedToken token : addedTokens) {
            if (token.content().equals(around.token)) {
                return token.id();
            }
        }
        if (modelId == null) {
            throw config.refuse(around.flag + " is true, so " + around.role + " '" + around.token
                    + "' must be in the vocabulary");
        }
        return modelId;
    }

    /// One merge a line, two tokens with a space between; a first line that starts with `#version` is no merge.
    private static List<TokenizerSpec.Merge> merges(String file, byte[] bytes) {
        List<TokenizerSpec.Merge> merges = new ArrayList<>();
        String[] lines = new String(bytes, StandardCharsets.UTF_8).split("\r?\n");
        for (int i = 0; i < lines.length; i++) {
            String line = lines[i];
            if (line.isEmpty() || i == 0 && line.startsWith("#version")) {
                continue;
            }
            int space = line.indexOf(' ');
            if (space <= 0 || space == line.length() - 1 || space != line.lastIndexOf(' ')) {
                throw new TokenizerException(file + ", line " + (i + 1) + ": '" + line
                        + "' must be two tokens with one space between");
            }
            merges.add(new TokenizerSpec.Merge(line.substring(0, space), line.substring(space + 1)));
        }
        return merges;
    }
}
