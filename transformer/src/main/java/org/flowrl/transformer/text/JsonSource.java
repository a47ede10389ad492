package org.flowrl.transformer.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.Optional;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.tensor.io.JsonFault;

/// A JSON object and the name of the file it came from, which every error begins with.
///
/// @param file the path, for messages
/// @param root the object
record JsonSource(String file, JsonNode root) {
    /// Keys are the tokens of a vocabulary: remembering each for the next file would cost more than reading it.
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();
    private static final JsonMapper MAPPER = JsonMapper.builder(FACTORY)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /// The object that `bytes` spell.
    ///
    /// @throws TokenizerException where they are not JSON (naming line and column), repeat a key, or are no object
    static JsonSource parse(String file, byte[] bytes) {
        JsonNode root;
        try {
            root = MAPPER.readTree(bytes);
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr() + ", column "
                    + e.getLocation().getColumnNr();
            String reason = JsonFault.reason(e);
            throw new TokenizerException(file + place + ": not valid JSON: " + reason, e);
        } catch (IOException e) {
            throw IoFault.doing("cannot read " + file, e);
        }
        if (!root.isObject()) {
            throw new TokenizerException(file + ": must hold a JSON object, not " + kind(root));
        }
        return new JsonSource(file, root);
    }

    /// The exception to throw where the file breaks a rule.
    TokenizerException refuse(String problem) {
        return new TokenizerException(file + ": " + problem);
    }

    /// The member `name` of `parent`, or null where it is absent or JSON's null.
    static JsonNode member(JsonNode parent, String name) {
        JsonNode node = parent.get(name);
        return node == null || node.isNull() ? null : node;
    }

    /// The member `name` of `parent` at `where`, which must be a text.
    String text(JsonNode parent, String where, String name) {
        JsonNode node = parent.path(name);
        if (!node.isTextual()) {
            throw refuse(path(where, name) + " must be a text, not " + kind(node));
        }
        return node.textValue();
    }

    /// The member `name` of `parent` at `where`, which must be a true or false.
    boolean flag(JsonNode parent, String where, String name) {
        JsonNode node = parent.path(name);
        if (!node.isBoolean()) {
            throw refuse(path(where, name) + " must be true or false, not " + kind(node));
        }
        return node.booleanValue();
    }

    /// `node` at `where` as an id.
    int id(JsonNode node, String where) {
        if (!node.isIntegralNumber() || !node.canConvertToInt()) {
            throw refuse(where + " must be an id, not " + kind(node));
        }
        return node.intValue();
    }

    /// The top-level member `name` as a token: a text, or an object with a text `content`; empty where absent or null.
    Optional<String> token(String name) {
        JsonNode node = member(root, name);
        if (node == null) {
            return Optional.empty();
        }
        return Optional.of(node.isObject() ? text(node, name, "content") : text(root, "", name));
    }

    /// What `node` is, for messages: its value where that is short.
    static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case MISSING -> "absent";
            case OBJECT -> "an object";
            case ARRAY -> "an array";
            case STRING -> "the text '" + node.textValue() + "'";
            case BINARY, POJO, BOOLEAN, NULL, NUMBER -> node.asText();
        };
    }

    private static String path(String where, String name) {
        return where.isEmpty() ? name : where + "." + name;
    }
}
