package org.flowrl.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.io.Safetensors;
import org.flowrl.tensor.io.SafetensorsEntry;

/// Low-rank adapters as a folder in the layout of PEFT: `adapter_config.json`, which names the folder of the base
/// model, and `adapter_model.safetensors`. Whatever else PEFT can say in the configuration and that would change the
/// numbers is refused.
///
/// @param path the folder
/// @param base the base model's folder
/// @param lora what is adapted
public record AdapterFolder(Path path, Path base, Lora lora) {
    /// The file that makes a folder an adapter's.
    static final String CONFIG = "adapter_config.json";

    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String BASE = "base_model_name_or_path";

    /// Options of PEFT that make other numbers of the same weights, with the value that we compute.
    private static final Map<String, Boolean> FLAGS = Map.of("use_rslora", false, "use_dora", false, "fan_in_fan_out",
            false, "lora_bias", false);
    private static final List<String> EMPTY = List.of("modules_to_save", "rank_pattern", "alpha_pattern",
            "layers_to_transform", "layers_pattern", "layer_replication", "target_parameters",
            "trainable_token_indices");

    /// True where `folder` holds adapters and no whole model.
    static boolean isAt(Path folder) {
        return Files.exists(folder.resolve(CONFIG)) && !Files.exists(folder.resolve("config.json"));
    }

    /// Reads the configuration.
    ///
    /// @throws ModelException where it asks for something else than {@link Lora}, or its base is not a folder here
    static AdapterFolder read(Path folder) {
        JsonFile json = JsonFile.read(folder.resolve(CONFIG));
        if (!json.text("peft_type", "").equals("LORA")) {
            throw json.refuse("peft_type", "must be \"LORA\"");
        }
        if (!json.text("bias", "none").equals("none")) {
            throw json.refuse("bias", "must be \"none\": biases belong to the base");
        }
        FLAGS.forEach((key, value) -> {
            if (json.flag(key, value) != value) {
                throw json.refuse(key, "must be " + value);
            }
        });
        for (String key : EMPTY) {
            if (!json.get(key).isMissingNode() && !json.get(key).isEmpty()) {
                throw json.refuse(key, "is not supported, it must be null or empty");
            }
        }
        Path base = Path.of(json.text(BASE, ""));
        Path found = base.isAbsolute() ? base : folder.resolve(base);
        if (json.text(BASE, "").isEmpty() || !Files.isDirectory(found)) {
            throw json.refuse(BASE, "must be the folder of the base model on this machine");
        }
        return new AdapterFolder(folder, found, lora(json));
    }

    private static Lora lora(JsonFile json) {
        List<String> targets = new ArrayList<>();
        JsonNode modules = json.get("target_modules");
        if (!modules.isArray() || modules.isEmpty()) {
            throw json.refuse("target_modules", "must be a list of names");
        }
        modules.forEach(name -> targets.add(name.asText()));
        int rank = json.integer("r", 0);
        if (rank < 1) {
            throw json.refuse("r", "must be at least 1");
        }
        try {
            return new Lora(rank, json.number("lora_alpha", 0), targets);
        } catch (IllegalArgumentException e) {
            throw new ModelException(json.path() + ": " + e.getMessage(), e);
        }
    }

    /// The file with the adapters.
    Path weights() {
        return path.resolve(WEIGHTS);
    }

    /// `model` with these adapters, in a store of their own beside the model's; checks names, types and shapes first.
    ///
    /// @throws ModelException where a tensor is missing, unexpected, of the wrong shape or not of a floating type
    Qwen load(Qwen model) {
        ParameterStore store = model.store().beside();
        Qwen adapted = model.adapted(store.root(), lora);
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("adapters", memory)) {
            Safetensors file = Safetensors.open(weights(), scope);
            requireDeclared(store, file);
            store.allocate();
            for (Parameter parameter : store.parameters()) {
                ModelDirectory.fill(parameter, file.tensor(parameter.name()), store.backend());
            }
        }
        store.repack();
        return adapted;
    }

    /// Checks names, types and shapes against a declared model.
    void check(Qwen model) {
        ParameterStore store = model.store().beside();
        model.adapted(store.root(), lora);
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("adapters", memory)) {
            requireDeclared(store, Safetensors.open(weights(), scope));
        }
    }

    private static void requireDeclared(ParameterStore store, Safetensors file) {
        for (Parameter parameter : store.parameters()) {
            if (!file.has(parameter.name())) {
                throw new ModelException(file.path() + ": tensor " + parameter.name() + " is missing");
            }
        }
        List<String> declared = store.parameters().stream().map(Parameter::name).toList();
        for (SafetensorsEntry entry : file.entries()) {
            if (!declared.contains(entry.name())) {
                throw new ModelException(file.path() + ": tensor " + entry.name() + " is unexpected: " + CONFIG
                        + " asks for no such adapter");
            }
            if (!entry.shape().equals(store.named(entry.name()).shape()) || !entry.dtype().isFloating()) {
                throw new ModelException(file.path() + ": tensor " + entry.name() + " is " + entry.dtype()
                        + entry.shape() + ", it must be floating point of shape "
                        + store.named(entry.name()).shape());
            }
        }
    }

    /// Writes both files into a folder that exists, adapters as F32, for callers that bring their own
    /// {@link AtomicFolder}.
    ///
    /// @param base folder of the base model; written as an absolute path
    /// @param adapters of {@link Qwen#adapted} with `lora`
    public static void write(Path folder, Path base, Lora lora, ParameterStore adapters) throws IOException {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("peft_type", "LORA").put("task_type", "CAUSAL_LM").put(BASE,
                base.toAbsolutePath().normalize().toString());
        json.put("r", lora.rank()).put("lora_alpha", lora.alpha()).put("lora_dropout", 0.0).put("bias", "none");
        lora.targets().forEach(json.putArray("target_modules")::add);
        json.putNull("modules_to_save");
        FLAGS.keySet().stream().sorted().forEach(key -> json.put(key, FLAGS.get(key)));
        json.put("inference_mode", true).put("init_lora_weights", true);
        JsonFile.write(folder.resolve(CONFIG), json);
        new WeightWriter(folder, adapters, DType.F32).writeShard(WEIGHTS, List.copyOf(adapters.parameters()));
    }
}
