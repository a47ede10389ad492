package org.flowrl.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.io.Safetensors;

/// A folder of expected numbers in either of the two forms that data/SOURCES.md describes.
final class OracleCase implements AutoCloseable {
    private final Path folder;
    private final Memory memory = Memory.ofHost();
    private final Scope scope = Scope.root("oracle", memory);
    private final Safetensors tensors;
    /// Null in the form with `expected.safetensors`.
    private final JsonNode json;

    OracleCase(Path folder) {
        this.folder = folder;
        Path file = folder.resolve("case.json");
        this.json = Files.exists(file) ? JsonFile.read(file).root() : null;
        this.tensors = Safetensors.open(folder.resolve(json == null ? "expected.safetensors"
                : "reference.safetensors"), scope);
    }

    Path folder() {
        return folder;
    }

    /// The type that the engine is to compute in.
    DType dtype() {
        return json != null && json.path("compute_dtype").asText().equals("float64") ? DType.F64 : DType.F32;
    }

    /// The input with its padding, which `lengths` or `attention_mask` tells.
    PaddedBatch batch() {
        Tensor ids = tensors.tensor("input_ids");
        if (tensors.has("attention_mask")) {
            return PaddedBatch.of(ids, tensors.tensor("attention_mask"));
        }
        int columns = (int) ids.dim(1);
        double[] lengths = values("lengths");
        int[] mask = new int[lengths.length * columns];
        for (int b = 0; b < lengths.length; b++) {
            Arrays.fill(mask, b * columns, b * columns + (int) lengths[b], 1);
        }
        return PaddedBatch.of(ids, scope.of(mask, lengths.length, columns));
    }

    boolean has(String name) {
        return tensors.has(name);
    }

    double[] values(String name) {
        Tensor tensor = tensors.tensor(name);
        double[] values = new double[Math.toIntExact(tensor.elements())];
        Arrays.setAll(values, tensor::get);
        return values;
    }

    /// The rows of a padded [B, T, width] tensor at real tokens, packed; the last `skipped` tokens of each sequence are
    /// left out of a tensor of T − skipped columns.
    double[] packed(String name, int width, int skipped) {
        double[] padded = values(name);
        PaddedBatch batch = batch();
        int columns = batch.columns() - skipped;
        List<double[]> rows = new ArrayList<>();
        for (int b = 0; b < batch.sequences().size(); b++) {
            for (int t = 0; t < batch.sequences().get(b).length - skipped; t++) {
                int at = (b * columns + batch.offsets()[b] + t) * width;
                rows.add(Arrays.copyOfRange(padded, at, at + width));
            }
        }
        return rows.stream().flatMapToDouble(Arrays::stream).toArray();
    }

    String entropyName() {
        return json == null ? "entropy" : "token_entropy";
    }

    int[] greedyPrompt() {
        return json == null ? batch().sequences().getFirst() : ints("greedy_prompt");
    }

    int[] greedyNext() {
        if (json != null) {
            return ints("greedy_next");
        }
        int[] all = Arrays.stream(values("greedy")).mapToInt(value -> (int) value).toArray();
        return Arrays.copyOfRange(all, greedyPrompt().length, all.length);
    }

    /// The optimizer's description, and what it did; only in the form with `case.json`.
    String optimizer() {
        return json.path("optimizer").asText();
    }

    double[] numbers(String key) {
        return StreamSupport.stream(json.path(key).spliterator(), false).mapToDouble(JsonNode::asDouble).toArray();
    }

    boolean hasOptimizerSteps() {
        return json != null;
    }

    private int[] ints(String key) {
        return Arrays.stream(numbers(key)).mapToInt(value -> (int) value).toArray();
    }

    @Override
    public void close() {
        scope.close();
        memory.close();
    }
}
