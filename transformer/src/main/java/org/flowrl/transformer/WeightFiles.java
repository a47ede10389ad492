package org.flowrl.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.io.Safetensors;
import org.flowrl.tensor.io.SafetensorsEntry;

/// The safetensors files of a model folder: one, or several with an index of which tensor is where.
///
/// @param paths in the order of their names
/// @param indexed the index's tensors by file name, empty where there is no index
/// @param index the index's path, or null
record WeightFiles(List<Path> paths, Map<String, Set<String>> indexed, Path index) {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    /// A tensor and the file that holds it.
    record Source(Safetensors file, SafetensorsEntry entry) {
    }

    /// Finds the files of a folder; like Transformers, prefers the single one.
    static WeightFiles find(Path folder) {
        Path single = folder.resolve(SINGLE);
        Path index = folder.resolve(INDEX);
        if (Files.exists(single)) {
            return new WeightFiles(List.of(single), Map.of(), null);
        }
        if (!Files.exists(index)) {
            throw new ModelException(folder + ": has no " + SINGLE + " and no " + INDEX
                    + (Files.exists(folder.resolve("pytorch_model.bin"))
                            ? "; its pytorch_model.bin must be converted to safetensors" : ""));
        }
        return ofIndex(folder, JsonFile.read(index));
    }

    private static WeightFiles ofIndex(Path folder, JsonFile index) {
        JsonNode map = index.get("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new ModelException(index.path() + ": weight_map must be an object that names a file for each tensor");
        }
        Map<String, Set<String>> indexed = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String file = entry.getValue().asText();
            if (!entry.getValue().isTextual() || !file.endsWith(".safetensors") || file.contains("/")
                    || file.contains("\\")) {
                throw new ModelException(index.path() + ": weight_map." + entry.getKey() + " " + entry.getValue()
                        + " must be the name of a .safetensors file in the same folder");
            }
            indexed.computeIfAbsent(file, name -> new LinkedHashSet<>()).add(entry.getKey());
        }
        List<Path> paths = new ArrayList<>();
        for (String file : new TreeSet<>(indexed.keySet())) {
            Path path = folder.resolve(file);
            if (!Files.exists(path)) {
                throw new ModelException(index.path() + ": weight_map names " + file + ", which is not in the folder");
            }
            paths.add(path);
        }
        return new WeightFiles(paths, indexed, index.path());
    }

    /// All tensors by name; the files are mapped until `scope` ends.
    ///
    /// @throws ModelException where index and files do not name the same tensors, or two files hold one name
    /// @throws org.flowrl.tensor.io.SafetensorsException where a file breaks the format
    SequencedMap<String, Source> open(Scope scope) {
        SequencedMap<String, Source> tensors = new LinkedHashMap<>();
        for (Path path : paths) {
            Safetensors file = Safetensors.open(path, scope);
            if (index != null) {
                requireIndexed(file, indexed.get(path.getFileName().toString()));
            }
            for (SafetensorsEntry entry : file.entries()) {
                Source other = tensors.putIfAbsent(entry.name(), new Source(file, entry));
                if (other != null) {
                    throw new ModelException(path + ": tensor " + entry.name() + " is in " + other.file().path()
                            + " too");
                }
            }
        }
        return tensors;
    }

    private void requireIndexed(Safetensors file, Set<String> names) {
        for (String name : names) {
            if (!file.has(name)) {
                throw new ModelException(file.path() + ": tensor " + name + " is missing, which " + index
                        + " places here");
            }
        }
        for (String name : file.names()) {
            if (!names.contains(name)) {
                throw new ModelException(file.path() + ": tensor " + name + " is unexpected: " + index
                        + " does not place it here");
            }
        }
    }
}
