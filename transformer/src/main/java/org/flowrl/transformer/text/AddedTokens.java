package org.flowrl.transformer.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Reads added tokens from the three places where a folder may have them.
final class AddedTokens {
    private AddedTokens() {
    }

    /// The added token that `node` at `where` describes.
    static AddedToken read(JsonSource json, JsonNode node, int id, String where) {
        String content = json.text(node, where, "content");
        if (content.isEmpty()) {
            throw json.refuse(where + ".content must not be empty");
        }
        return new AddedToken(id, content, json.flag(node, where, "special"), json.flag(node, where, "normalized"),
                json.flag(node, where, "lstrip"), json.flag(node, where, "rstrip"),
                json.flag(node, where, "single_word"));
    }

    /// The entries of `added_tokens_decoder` in `tokenizer_config.json`, where keys are ids.
    static List<AddedToken> decoder(JsonSource config) {
        List<AddedToken> tokens = new ArrayList<>();
        config.root().path("added_tokens_decoder").properties().forEach(entry -> {
            String where = "added_tokens_decoder['" + entry.getKey() + "']";
            int id;
            try {
                id = Integer.parseInt(entry.getKey());
            } catch (NumberFormatException e) {
                throw config.refuse(where + ": key must be an id");
            }
            tokens.add(read(config, entry.getValue(), id, where));
        });
        return tokens;
    }

    /// The entries of `added_tokens.json`, contents to ids: special where `specialContents` has them, matched in the
    /// raw text where special and in the normalised text otherwise, nothing stripped.
    static List<AddedToken> legacy(JsonSource file, List<String> specialContents) {
        List<AddedToken> tokens = new ArrayList<>();
        TokenizerJson.vocabulary(file, file.root(), "the file").forEach((content, id) -> {
            if (content.isEmpty()) {
                throw file.refuse("the token with id " + id + " must not be empty");
            }
            boolean special = specialContents.contains(content);
            tokens.add(new AddedToken(id, content, special, !special, false, false, false));
        });
        return tokens;
    }

    /// `tokens`, then those of `extra` whose content is not among them; where both have a content, the flags of
    /// `tokens` hold and the ids must agree.
    static List<AddedToken> joined(String source, List<AddedToken> tokens, List<AddedToken> extra) {
        Map<String, AddedToken> byContent = new HashMap<>();
        for (AddedToken token : tokens) {
            if (byContent.put(token.content(), token) != null) {
                throw new TokenizerException(source + ": added token '" + token.content() + "' must not occur twice");
            }
        }
        List<AddedToken> joined = new ArrayList<>(tokens);
        for (AddedToken token : extra) {
            AddedToken known = byContent.putIfAbsent(token.content(), token);
            if (known == null) {
                joined.add(token);
            } else if (known.id() != token.id()) {
                throw new TokenizerException(source + ": added token '" + token.content() + "' has id " + known.id()
                        + " but tokenizer_config.json gives it id " + token.id() + "; the two must be equal");
            }
        }
        return joined;
    }
}
