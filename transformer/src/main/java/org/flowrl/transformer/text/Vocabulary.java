package org.flowrl.transformer.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Which id stands for which token and which bytes, model tokens and added tokens together.
final class Vocabulary {
    /// Ids lie below this: a bound against lying files, a hundred times the largest vocabulary of Qwen.
    static final int ID_LIMIT = 1 << 24;
    private static final byte[] NO_BYTES = {};

    private final Map<String, Integer> ids;
    private final String[] tokens;   // by id; null where the id has no token
    private final byte[][] bytes;    // by id: what it decodes to
    private final boolean[] special; // by id

    /// @throws TokenizerException where two tokens have one id, an added token has another id than the model token of
    ///         the same content, or an id is not in [0, [#ID_LIMIT]); its message starts with `source`
    Vocabulary(String source, Map<String, Integer> modelTokens, List<AddedToken> addedTokens) {
        ids = HashMap.newHashMap(modelTokens.size() + addedTokens.size());
        ids.putAll(modelTokens);
        for (AddedToken token : addedTokens) {
            Integer other = ids.put(token.content(), token.id());
            if (other != null && other != token.id()) {
                throw new TokenizerException(source + ": added token '" + token.content() + "' has id " + token.id()
                        + " but the model's vocabulary gives it id " + other + "; the two must be equal");
            }
        }
        int largest = -1;
        for (Map.Entry<String, Integer> entry : ids.entrySet()) {
            int id = entry.getValue();
            if (id < 0 || id >= ID_LIMIT) {
                throw new TokenizerException(source + ": token '" + entry.getKey() + "' has id " + id
                        + ", which must be in [0, " + ID_LIMIT + ")");
            }
            largest = Math.max(largest, id);
        }
        tokens = new String[largest + 1];
        bytes = new byte[largest + 1][];
        special = new boolean[largest + 1];
        ids.forEach((token, id) -> {
            if (tokens[id] != null) {
                List<String> both = new ArrayList<>(List.of(tokens[id], token));
                both.sort(null);
                throw new TokenizerException(source + ": tokens '" + both.get(0) + "' and '" + both.get(1)
                        + "' both have id " + id + "; an id must stand for one token");
            }
            tokens[id] = token;
            bytes[id] = ByteAlphabet.decode(token);
        });
        for (AddedToken token : addedTokens) {
            special[token.id()] = token.special();
        }
    }

    /// The largest id plus one.
    int size() {
        return tokens.length;
    }

    /// The id of `token` in its vocabulary form, or null.
    Integer id(String token) {
        return ids.get(token);
    }

    /// The token of `id` in its vocabulary form, or null; `id` may be any number.
    String token(int id) {
        return id >= 0 && id < tokens.length ? tokens[id] : null;
    }

    /// What `id` decodes to: nothing where it has no token. The array is not to be changed.
    byte[] bytes(int id) {
        return token(id) == null ? NO_BYTES : bytes[id];
    }

    /// Whether `id` is that of an added token marked special.
    boolean isSpecial(int id) {
        return id >= 0 && id < special.length && special[id];
    }
}
