package org.flowrl.rl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.flowrl.tensor.UnknownName;
import org.flowrl.tensor.io.IoFault;

/// Records as YAML text and back. Keys that are not known and keys that are missing are errors.
public final class YamlRecords {
    private static final ObjectMapper YAML = YAMLMapper.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .disable(YAMLGenerator.Feature.USE_NATIVE_TYPE_ID)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    /// How {@link TrainConfig} begins its messages, which here name source and key already.
    private static final String CONFIG = "config: ";

    private YamlRecords() {
    }

    /// The record in a file.
    ///
    /// @throws IllegalArgumentException naming file and key where it is not one
    public static <T> T read(Path file, Class<T> type) {
        return bind(tree(file), file.toString(), type);
    }

    /// What a file says, as a tree.
    ///
    /// @throws IllegalArgumentException naming the file where it is not YAML
    static JsonNode tree(Path file) {
        try {
            return YAML.readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ": not YAML: " + e.getOriginalMessage() + at(e), e);
        } catch (IOException e) {
            throw IoFault.reading(file, e);
        }
    }

    /// A record as text; the same record always gives the same text.
    public static String text(Object value) {
        try {
            return YAML.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("cannot be written as YAML: " + value, e);
        }
    }

    /// A record, or the value of a key, as a tree.
    static JsonNode tree(Object value) {
        return YAML.valueToTree(value);
    }

    /// The value that a piece of YAML text says.
    static JsonNode parse(String text) throws JsonProcessingException {
        return YAML.readTree(text);
    }

    /// The record that a tree says.
    ///
    /// @param source named in the message where it is not one
    static <T> T bind(JsonNode tree, String source, Class<T> type) {
        try {
            return YAML.treeToValue(tree, type);
        } catch (JsonMappingException e) {
            String key = e.getPath().stream().map(JsonMappingException.Reference::getFieldName)
                    .reduce((a, b) -> a + "." + b).orElse("");
            throw new IllegalArgumentException(source + ": " + (key.isEmpty() ? "" : key + ": ")
                    + reason(e).lines().findFirst().orElse(""), e);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(source + ": " + e.getOriginalMessage(), e);
        }
    }

    /// What is wrong with the value of a key, in our words where Jackson's name its settings and Java's types.
    private static String reason(JsonMappingException e) {
        return switch (e) {
            case JsonMappingException _ when e.getCause() instanceof IllegalArgumentException rule ->
                    rule.getMessage().startsWith(CONFIG) ? rule.getMessage().substring(CONFIG.length())
                            : rule.getMessage();
            case UnrecognizedPropertyException unknown -> UnknownName.message("key", unknown.getPropertyName(),
                    unknown.getKnownPropertyIds().stream().map(Object::toString).toList());
            case InvalidFormatException value when !value.getTargetType().isEnum() -> value.getValue() + " must be a "
                    + value.getTargetType().getSimpleName();
            case MismatchedInputException _ when e.getOriginalMessage().startsWith("Missing creator property") ->
                    "is missing";
            default -> e.getOriginalMessage();
        };
    }

    private static String at(JsonProcessingException e) {
        return e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ", column "
                + e.getLocation().getColumnNr() + ")";
    }
}
