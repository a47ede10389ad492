package org.flowrl.rl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/// Training configurations as YAML text. Keys that are not known and keys that are missing are errors.
public final class ConfigFile {
    private static final String VARIANT_LABEL = "objective.variant";

    private ConfigFile() {
    }

    /// The configuration in a file.
    ///
    /// @throws IllegalArgumentException naming file and key where it is not one
    public static TrainConfig read(Path file) {
        return YamlRecords.read(file, TrainConfig.class);
    }

    /// The configuration as text; the same configuration always gives the same text.
    public static String text(TrainConfig config) {
        return YamlRecords.text(config);
    }

    /// `config` with some keys set, such as `update.optimizer.learningRate` → `1e-3`; values are YAML.
    ///
    /// @throws IllegalArgumentException where a key is not in the configuration or a value does not fit
    public static TrainConfig with(TrainConfig config, Map<String, String> settings) {
        ObjectNode tree = YamlRecords.tree(config);
        settings.forEach((key, value) -> set(tree, key, value));
        return YamlRecords.bind(tree, "--set", TrainConfig.class);
    }

    /// Identifies what decides the numbers of a run; runs that differ in their length alone have the same hash.
    public static String hash(TrainConfig config) {
        ObjectNode tree = YamlRecords.tree(config);
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
            node.set(last, YamlRecords.parse(value));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("--set " + key + "=" + value + ": " + e.getOriginalMessage(), e);
        }
    }

    private static String names(ObjectNode node) {
        return String.join(", ", (Iterable<String>) node::fieldNames);
    }
}
