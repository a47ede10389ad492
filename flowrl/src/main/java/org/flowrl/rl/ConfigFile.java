package org.flowrl.rl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// Training configurations as YAML text. Keys that are not known and keys that are missing are errors.
public final class ConfigFile {
    private static final ObjectMapper YAML = YAMLMapper.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .disable(YAMLGenerator.Feature.USE_NATIVE_TYPE_ID)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private static final String VARIANT_LABEL = "objective.variant";

    private ConfigFile() {
    }

    /// The configuration in a file.
    ///
    /// @throws IllegalArgumentException naming file and key where it is not one
    public static TrainConfig read(Path file) {
        try {
            return bind(YAML.readTree(Files.readString(file)), file.toString());
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ": not YAML: " + e.getOriginalMessage() + at(e), e);
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    /// The configuration as text; the same configuration always gives the same text.
    public static String text(TrainConfig config) {
        try {
            return YAML.writeValueAsString(config);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("config cannot be written: " + config, e);
        }
    }

    /// `config` with some keys set, such as `update.optimizer.learningRate` → `1e-3`; values are YAML.
    ///
    /// @throws IllegalArgumentException where a key is not in the configuration or a value does not fit
    public static TrainConfig with(TrainConfig config, Map<String, String> settings) {
        JsonNode tree = YAML.valueToTree(config);
        settings.forEach((key, value) -> set((ObjectNode) tree, key, value));
        return bind(tree, "--set");
    }

    /// Identifies what decides the numbers of a run; runs that differ in their length alone have the same hash.
    public static String hash(TrainConfig config) {
        ObjectNode tree = YAML.valueToTree(config);
        tree.remove("steps");
        tree.remove("keepCheckpoints");
        return Hashes.sha256(tree.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static void set(ObjectNode tree, String key, String value) {
        if (key.equals(VARIANT_LABEL)) {
            throw new IllegalArgumentException("--set " + key + ": it records which version the settings started from; "
                    + "--variant chooses one");
        }
        String[] path = key.split("\\.");
        ObjectNode node = tree;
        for (int i = 0; i < path.length - 1; i++) {
            if (!(node.get(path[i]) instanceof ObjectNode next)) {
                throw new IllegalArgumentException("--set " + key + ": '" + path[i] + "' is not one of "
                        + names(node));
            }
            node = next;
        }
        String last = path[path.length - 1];
        if (!node.has(last)) {
            throw new IllegalArgumentException("--set " + key + ": '" + last + "' is not one of " + names(node));
        }
        try {
            node.set(last, YAML.readTree(value));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("--set " + key + "=" + value + ": " + e.getOriginalMessage(), e);
        }
    }

    private static String names(ObjectNode node) {
        return String.join(", ", (Iterable<String>) node::fieldNames);
    }

    private static TrainConfig bind(JsonNode tree, String source) {
        try {
            return YAML.treeToValue(tree, TrainConfig.class);
        } catch (JsonMappingException e) {
            Throwable cause = e.getCause() instanceof IllegalArgumentException inner ? inner : null;
            String reason = cause != null ? cause.getMessage() : e.getOriginalMessage();
            String key = e.getPath().stream().map(JsonMappingException.Reference::getFieldName)
                    .reduce((a, b) -> a + "." + b).orElse("");
            throw new IllegalArgumentException(source + ": " + (key.isEmpty() ? "" : key + ": ")
                    + reason.lines().findFirst().orElse(""), e);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(source + ": " + e.getOriginalMessage(), e);
        }
    }

    private static String at(JsonProcessingException e) {
        return e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ", column "
                + e.getLocation().getColumnNr() + ")";
    }
}
