package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.SharedData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Published configurations against the tensor names, shapes and totals that Transformers makes of them on its meta
/// device (data/configs/expected-shapes.json).
class ConfigOracleTest {
    private static JsonNode expected() {
        return JsonFile.read(SharedData.path("configs").resolve("expected-shapes.json")).root();
    }

    static Stream<String> models() {
        return expected().properties().stream().map(Map.Entry::getKey);
    }

    @ParameterizedTest
    @MethodSource("models")
    void aPublishedModelDeclaresTheTensorsThatTransformersMakes(String name) {
        JsonNode expected = expected().get(name);
        QwenConfig config = read(name);
        try (Backend backend = Backends.open("reference", 1).backend();
                Scope scope = Scope.root("declare", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen.declare(store.root(), config);
            assertThat(store.parameterCount()).isEqualTo(expected.get("parameters_total").asLong());
            assertThat(store.parameters()).hasSize(expected.get("tensors").asInt());
            assertThat(config.numHiddenLayers()).isEqualTo(expected.get("num_layers").asInt());
            assertThat(config.tieWordEmbeddings()).isEqualTo(expected.get("tied").asBoolean());
            Map<String, String> shapes = new TreeMap<>();
            expected.get("shapes_outside_layers_and_layer_0").properties()
                    .forEach(entry -> shapes.put(entry.getKey(), entry.getValue().toString()));
            for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
                assertThat(shapesOfLayer(store, layer)).as("layer %d", layer).isEqualTo(shapes);
            }
        }
    }

    /// The one published model whose own index of all its tensors is among the data.
    @Test
    void theDistilled32BDeclaresTheTensorsThatItsOwnIndexNames() {
        Path index = SharedData.path("configs").resolve("DeepSeek-R1-Distill-Qwen-32B.model.safetensors.index.json");
        List<String> names = new ArrayList<>();
        JsonFile.read(index).get("weight_map").fieldNames().forEachRemaining(names::add);
        try (Backend backend = Backends.open("reference", 1).backend();
                Scope scope = Scope.root("declare", backend.memory())) {
            ParameterStore store = new ParameterStore(backend, scope, DType.F32);
            Qwen.declare(store.root(), read("DeepSeek-R1-Distill-Qwen-32B"));
            assertThat(store.parameters()).extracting(Parameter::name).containsExactlyInAnyOrderElementsOf(names);
        }
    }

    /// Its folder as published, but for what is in the weight files, which opening does not look at.
    @Test
    void theDistilled32BsFolderOpensWithTheFilesOfItsIndexAndTheEndOfItsGenerationConfiguration(@TempDir Path folder)
            throws IOException {
        String model = "DeepSeek-R1-Distill-Qwen-32B.";
        List<String> files = new ArrayList<>();
        for (String name : List.of("config.json", "generation_config.json", "model.safetensors.index.json")) {
            Files.copy(SharedData.path("configs").resolve(model + name), folder.resolve(name));
        }
        for (int i = 1; i <= 8; i++) {
            files.add("model-0000" + i + "-of-000008.safetensors");
            Files.createFile(folder.resolve(files.getLast()));
        }
        ModelDirectory directory = ModelDirectory.open(folder);
        assertThat(directory.weightFiles()).extracting(file -> file.getFileName().toString())
                .containsExactlyElementsOf(files);
        assertThat(directory.config().eosTokenIds()).containsExactly(151_643);
        Files.delete(folder.resolve(files.get(4)));
        assertThatThrownBy(() -> ModelDirectory.open(folder)).isInstanceOf(ModelException.class)
                .hasMessageContaining("weight_map names " + files.get(4) + ", which is not in the folder");
    }

    @ParameterizedTest
    @MethodSource("models")
    void aPublishedConfigurationSurvivesBeingWritten(String name, @TempDir Path folder) throws IOException {
        QwenConfig config = read(name);
        JsonFile.write(folder.resolve("config.json"), config.toJson(DType.BF16));
        assertThat(QwenConfig.read(folder.resolve("config.json"))).isEqualTo(config);
    }

    @Test
    void everyPublishedDenseConfigurationIsAmongTheExpected() throws IOException {
        try (Stream<Path> files = Files.list(SharedData.path("configs"))) {
            assertThat(files.map(file -> file.getFileName().toString()).filter(file -> file.endsWith(".config.json"))
                    .map(file -> file.replace(".config.json", "")).filter(file -> !file.contains("A3B")))
                    .containsExactlyInAnyOrderElementsOf(models().toList());
        }
    }

    @Test
    void theMixtureOfExpertsIsRefused() {
        // Outside the assertion, which would take the skipping of a test for an error of the reader.
        Path file = file("Qwen3-30B-A3B");
        assertThatThrownBy(() -> QwenConfig.read(file)).isInstanceOf(ModelException.class)
                .hasMessageContaining("Qwen3-30B-A3B.config.json: model_type \"qwen3_moe\": "
                        + "mixture-of-experts models are not supported");
    }

    private static QwenConfig read(String name) {
        return QwenConfig.read(file(name));
    }

    private static Path file(String name) {
        return SharedData.path("configs").resolve(name + ".config.json");
    }

    /// Names and shapes of one layer, named as layer 0, and of all that is outside layers.
    private static Map<String, String> shapesOfLayer(ParameterStore store, int layer) {
        Map<String, String> shapes = new TreeMap<>();
        for (Parameter parameter : store.parameters()) {
            String own = "model.layers." + layer + ".";
            if (!parameter.name().startsWith("model.layers.") || parameter.name().startsWith(own)) {
                shapes.put(parameter.name().replace(own, "model.layers.0."),
                        parameter.shape().toString().replace(" ", ""));
            }
        }
        return shapes;
    }
}
