package org.flowrl.rl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.objective.ObjectiveNames;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.UnknownName;
import org.flowrl.transformer.Lora;

/// Training configurations as YAML text. Keys that are not known and keys that are missing are errors; only files that
/// are older than a key may lack it.
public final class ConfigFile {
    private static final String VARIANT_LABEL = "objective.variant";
    private static final String UPDATE = "update.";
    private static final String ADAM = UPDATE + "optimizer.adam.";
    /// Keys that were added when there were files already, and what these say without them.
    private static final Map<String, JsonNode> LATER_KEYS = Map.of("data", NullNode.getInstance(),
            "update.epochs", IntNode.valueOf(1), "lora", YamlRecords.tree(Lora.NONE),
            "weights", YamlRecords.tree(DType.F32),
            "update.optimizer.adam.moments", YamlRecords.tree(DType.F32),
            "warmUp.optimizer.adam.moments", YamlRecords.tree(DType.F32));
    /// Those of them that {@link #hash} leaves out where they say the same, as checkpoints without them were written.
    private static final List<String> UNHASHED_DEFAULTS = List.of("update.epochs", "lora", "weights",
            "update.optimizer.adam.moments", "warmUp.optimizer.adam.moments");

    private ConfigFile() {
    }

    /// The configuration in a file. `lora`, `weights` and the type of moments may be missing, as from files that are
    /// older than these keys: the whole model is trained, in F32.
    ///
    /// @throws IllegalArgumentException naming file and key where it is not one
    public static TrainConfig read(Path file) {
        JsonNode tree = YamlRecords.tree(file);
        if (tree instanceof ObjectNode keys) {
            LATER_KEYS.forEach((key, value) -> putIfAbsent(keys, key, value));
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
        return YamlRecords.bind(tree, "config", TrainConfig.class);
    }

    /// `adam` with some keys set, as {@link #with(TrainConfig, Map)} knows them: `update.optimizer.adam.…` alone.
    ///
    /// @throws IllegalArgumentException where a key is another one or a value does not fit
    public static AdamW.Settings with(AdamW.Settings adam, Map<String, String> settings) {
        ObjectNode tree = (ObjectNode) YamlRecords.tree(adam);
        settings.forEach((key, value) -> {
            String name = key.startsWith(ADAM) ? key.substring(ADAM.length()) : key;
            if (!key.startsWith(ADAM) || !tree.has(name)) {
                throw new IllegalArgumentException(UnknownName.message("--set", key,
                        names(tree).map(known -> ADAM + known).toList()));
            }
            tree.set(name, parsed(key, value));
        });
        return YamlRecords.bind(tree, "--set", AdamW.Settings.class);
    }

    /// Identifies what decides the numbers of a run; runs that differ in their length alone have the same hash.
    public static String hash(TrainConfig config) {
        ObjectNode tree = (ObjectNode) YamlRecords.tree(config);
        tree.remove("steps");
        tree.remove("keepCheckpoints");
        UNHASHED_DEFAULTS.forEach(key -> removeIfEqual(tree, key, LATER_KEYS.get(key)));
        return Hashes.sha256(tree.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static void set(ObjectNode tree, String key, String value) {
        if (key.equals(VARIANT_LABEL)) {
            boolean isFlowRl = tree.at("/objective/algo").asText().equals(ObjectiveNames.FLOWRL);
            throw new IllegalArgumentException("--set " + key + ": it records what the settings started from; "
                    + (isFlowRl ? "--variant chooses a version of flowrl, --algo an algorithm"
                            : "--algo chooses an algorithm"));
        }
        String[] path = key.split("\\.");
        ObjectNode node = tree;
        for (int i = 0; i < path.length; i++) {
            if (!node.has(path[i])) {
                throw unknown(tree, path, node, i);
            }
            if (i == path.length - 1) {
                node.set(path[i], parsed(key, value));
            } else if (node.get(path[i]) instanceof ObjectNode next) {
                node = next;
            } else {
                throw new IllegalArgumentException("--set " + key + ": "
                        + String.join(".", List.of(path).subList(0, i + 1)) + " has no keys of its own");
            }
        }
    }

    /// What is said of a key of which `node` does not know the name at `place`. What was perhaps meant is a near name
    /// of the same record, or else a key elsewhere that ends in a near name, one of `update` first.
    private static IllegalArgumentException unknown(ObjectNode tree, String[] path, ObjectNode node, int place) {
        String record = String.join(".", List.of(path).subList(0, place));
        String last = path[path.length - 1];
        Map<String, String> byLastName = new LinkedHashMap<>();
        keys(tree, "").sorted(Comparator.comparing(key -> !key.startsWith(UPDATE))).forEach(key ->
                byLastName.putIfAbsent(key.substring(key.lastIndexOf('.') + 1), key));
        Optional<String> near = UnknownName.nearest(path[place], names(node).toList()).map(name -> {
            List<String> corrected = new ArrayList<>(List.of(path));
            corrected.set(place, name);
            return String.join(".", corrected);
        }).or(() -> UnknownName.nearest(last, byLastName.keySet()).map(byLastName::get));
        return new IllegalArgumentException(UnknownName.message("--set", String.join(".", path), near,
                String.join(", ", names(node).toList()) + (record.isEmpty() ? "" : " (in " + record + ")")));
    }

    /// Every key of a configuration, its own path before it.
    private static Stream<String> keys(ObjectNode node, String path) {
        return node.properties().stream().flatMap(entry -> Stream.concat(Stream.of(path + entry.getKey()),
                entry.getValue() instanceof ObjectNode record ? keys(record, path + entry.getKey() + ".")
                        : Stream.empty()));
    }

    private static JsonNode parsed(String key, String value) {
        try {
            return YamlRecords.parse(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("--set " + key + "=" + value + ": " + e.getOriginalMessage(), e);
        }
    }

    private static void putIfAbsent(ObjectNode tree, String key, JsonNode value) {
        String[] path = key.split("\\.");
        ObjectNode node = tree;
        for (int i = 0; i < path.length - 1; i++) {
            if (!(node.get(path[i]) instanceof ObjectNode next)) {
                return;                                      // missing or no record itself: an error when it is bound
            }
            node = next;
        }
        if (!node.has(path[path.length - 1])) {
            node.set(path[path.length - 1], value);
        }
    }

    private static void removeIfEqual(ObjectNode tree, String key, JsonNode value) {
        int dot = key.lastIndexOf('.');
        ObjectNode parent = dot < 0 ? tree : (ObjectNode) tree.at("/" + key.substring(0, dot).replace('.', '/'));
        if (value.equals(parent.get(key.substring(dot + 1)))) {
            parent.remove(key.substring(dot + 1));
        }
    }

    private static Stream<String> names(ObjectNode node) {
        return node.properties().stream().map(Map.Entry::getKey);
    }
}
