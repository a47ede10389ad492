package org.flowrl.rl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.flowrl.tensor.DType;
import org.flowrl.transformer.Lora;

/// Training configurations as YAML text. Keys that are not known and keys that are missing are errors.
public final class ConfigFile {
    private static final String VARIANT_LABEL = "objective.variant";

    /// Keys that files need not have, and what they say then.
    private static final Map<String, Object> LATER_KEYS = Map.of("lora", Lora.NONE, "weights", DType.F32);

    private ConfigFile() {
    }

    /// The configuration in a file. `lora` and `weights` may be missing, as from files that are older than these keys:
    /// the whole model is trained, in F32.
    ///
    /// @throws IllegalArgumentException naming file and key where it is not one
    public static TrainConfig read(Path file) {
        JsonNode tree = YamlRecords.tree(file);
        if (tree instanceof ObjectNode keys) {
            LATER_KEYS.forEach((key, value) -> {
                if (!keys.has(key)) {
                    keys.set(key, YamlRecords.tree(value));
                }
            });
        }
        return YamlRecords.bind(tree, file.toString(), TrainConfig.class);
    }

    /// The configuration as text; the same configuration always gives the same text.
    public static String text(TrainConfig config) {
        return YamlRecords.text(config);
    }

    /// `config` with some keys set, such as `update.optimizer.learningRate` → `1e-3`; values are YAML.
    ///
    /// @throws IllegalArgumentException where a key is not in the configuration or a value does not fit
    public static TrainConfig with(TrainConfig config, Map<String, String> settings) {
        ObjectNode tree = (ObjectNode) YamlRecords.tree(config);
        settings.forEach((key, value) -> set(tree, key, value));
        return YamlRecords.bind(tree, "--set", TrainConfig.class);
    }

    /// Identifies what decides the numbers of a run; runs that differ in their length alone have the same hash.
    public static String hash(TrainConfig config) {
        ObjectNode tree = (ObjectNode) YamlRecords.tree(config);
        tree.remove("steps");
        tree.remove("keepCheckpoints");
        // Runs from before these keys keep their hash.
        LATER_KEYS.forEach((key, value) -> {
            if (tree.get(key).equals(YamlRecords.tree(value))) {
                tree.remove(key);
            }
        });
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
