package org.flowrl.transformer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.tensor.io.JsonFault;
import org.flowrl.tensor.io.JsonText;

/// A JSON object and the file that it came from, which every message begins with. Absent keys and nulls are the same.
///
/// @param path the file
/// @param root the object
record JsonFile(Path path, JsonNode root) {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /// The object in a file.
    ///
    /// @throws ModelException where the file is not JSON (naming line and column), repeats a key, or holds no object
    /// @throws UncheckedIOException where it cannot be read
    static JsonFile read(Path path) {
        JsonNode root;
        try {
            root = MAPPER.readTree(Files.readAllBytes(path));
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr() + ", column "
                    + e.getLocation().getColumnNr();
            throw new ModelException(path + place + ": not valid JSON: "
                    + JsonFault.reason(e), e);
        } catch (IOException e) {
            throw IoFault.reading(path, e);
        }
        if (!root.isObject()) {
            throw new ModelException(path + ": must hold a JSON object, not " + shown(root));
        }
        return new JsonFile(path, root);
    }

    /// Writes `root` with two spaces a level and a line feed at the end, on every system.
    static void write(Path path, JsonNode root) throws IOException {
        Files.writeString(path, JsonText.of(root));
    }

    /// The value of a key, or JSON's missing node.
    JsonNode get(String key) {
        JsonNode node = root.path(key);
        return node.isNull() ? MissingNode.getInstance() : node;
    }

    /// The exception to throw where the value of a key breaks a rule.
    ModelException refuse(String key, String rule) {
        return new ModelException(path + ": " + key + " " + shown(root.at("/" + key.replace('.', '/'))) + ": " + rule);
    }

    /// An integer, or `absent` where there is none.
    int integer(String key, int absent) {
        JsonNode node = get(key);
        if (node.isMissingNode()) {
            return absent;
        }
        if (!node.isIntegralNumber() || !node.canConvertToInt()) {
            throw refuse(key, "must be an integer below 2^31");
        }
        return node.intValue();
    }

    /// A number, or `absent` where there is none.
    double number(String key, double absent) {
        JsonNode node = get(key);
        if (node.isMissingNode()) {
            return absent;
        }
        if (!node.isNumber()) {
            throw refuse(key, "must be a number");
        }
        return node.doubleValue();
    }

    /// True or false, or `absent` where there is none.
    boolean flag(String key, boolean absent) {
        JsonNode node = get(key);
        if (node.isMissingNode()) {
            return absent;
        }
        if (!node.isBoolean()) {
            throw refuse(key, "must be true or false");
        }
        return node.booleanValue();
    }

    /// A text, or `absent` where there is none.
    String text(String key, String absent) {
        JsonNode node = get(key);
        if (node.isMissingNode()) {
            return absent;
        }
        if (!node.isTextual()) {
            throw refuse(key, "must be a text");
        }
        return node.textValue();
    }

    private static String shown(JsonNode node) {
        return node.isMissingNode() ? "(absent)" : node.toString();
    }
}
