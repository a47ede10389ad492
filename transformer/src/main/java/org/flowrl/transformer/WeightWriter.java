package org.flowrl.transformer;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.io.Safetensors;

/// Writes a store's parameters as safetensors, in one file or several with an index, one file in memory at a time.
final class WeightWriter {
    /// Transformers reads files of this format only.
    private static final Map<String, String> METADATA = Map.of("format", "pt");

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    /// The exponent bits of F16, all set in infinities and NaN.
    private static final int F16_EXPONENT = 0x7c00;

    private final Path folder;
    private final ParameterStore store;
    private final DType storage;

    WeightWriter(Path folder, ParameterStore store, DType storage) {
        if (!storage.isFloating()) {
            throw new IllegalArgumentException("save: weights cannot be stored as " + storage
                    + ", it must be F64, F32, BF16 or F16");
        }
        this.folder = folder;
        this.store = store;
        this.storage = storage;
    }

    void write(long maxShardBytes) throws IOException {
        List<List<Parameter>> shards = shards(maxShardBytes);
        if (shards.size() == 1) {
            writeShard("model.safetensors", shards.getFirst());
            return;
        }
        Map<String, String> places = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
            writeShard(name, shards.get(i));
            shards.get(i).forEach(parameter -> places.put(parameter.name(), name));
        }
        ObjectNode index = JsonNodeFactory.instance.objectNode();
        index.putObject("metadata").put("total_size", store.parameterCount() * storage.bytes());
        ObjectNode map = index.putObject("weight_map");
        places.forEach(map::put);
        JsonFile.write(folder.resolve("model.safetensors.index.json"), index);
    }

    /// Parameters in the order of declaration, cut where the next one would exceed the limit.
    private List<List<Parameter>> shards(long maxShardBytes) {
        List<List<Parameter>> shards = new ArrayList<>();
        long bytes = 0;
        for (Parameter parameter : store.parameters()) {
            long own = parameter.shape().elements() * storage.bytes();
            if (shards.isEmpty() || bytes + own > maxShardBytes) {
                shards.add(new ArrayList<>());
                bytes = 0;
            }
            shards.getLast().add(parameter);
            bytes += own;
        }
        return shards;
    }

    /// Writes some parameters into one file.
    void writeShard(String name, List<Parameter> parameters) {
        try (Memory memory = Memory.ofHost(); Scope host = Scope.root("save", memory);
                Scope device = store.scope().child("save")) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Parameter parameter : parameters) {
                Tensor stored = inHost(converted(parameter.value(), device), host);
                if (storage == DType.F16) {
                    requireFinite(parameter, stored);
                }
                tensors.put(parameter.name(), stored);
            }
            Safetensors.write(folder.resolve(name), tensors, METADATA);
        }
    }

    private Tensor converted(Tensor value, Scope device) {
        if (value.dtype() == storage) {
            return value;
        }
        Tensor converted = device.allocate(storage, value.shape());
        store.backend().elementwise().convert(value, converted);
        return converted;
    }

    private static Tensor inHost(Tensor tensor, Scope host) {
        return tensor.device().isHost() ? tensor : tensor.copy(host);
    }

    /// F16 ends at 65,504, where F32 and BF16 do not.
    private static void requireFinite(Parameter parameter, Tensor stored) {
        MemorySegment bits = stored.segment();
        for (long i = 0; i < stored.elements(); i++) {
            if ((bits.get(SHORT, 2 * i) & F16_EXPONENT) == F16_EXPONENT) {
                throw new ModelException("save: element " + i + " of " + parameter.name()
                        + " has no finite F16 form (largest 65504); store as BF16 or F32");
            }
        }
    }
}
