package org.flowrl.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.io.Safetensors;
import org.flowrl.tensor.io.SafetensorsException;
import org.flowrl.transformer.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelDirectoryTest {
    private static final QwenConfig CONFIG = TinyConfigs.qwen2();
    private static final long ONE_FILE = Long.MAX_VALUE;
    private static final String NORM = "model.norm.weight";

    @TempDir
    private Path temporary;

    private static ModelFixture random(QwenConfig config) {
        return ModelFixture.random(config, "cpu", 1, DType.F32, 31);
    }

    private static ModelFixture load(Path folder, DType dtype) {
        return ModelFixture.load(folder, dtype == DType.F64 ? "reference" : "cpu", 1, dtype);
    }

    private Path save(QwenConfig config, DType storage, long maxShardBytes) {
        Path folder = temporary.resolve("model");
        try (ModelFixture fixture = random(config)) {
            ModelDirectory.save(folder, config, fixture.store(), storage, Optional.empty(), maxShardBytes);
        }
        return folder;
    }

    private static Map<String, String> contents(Path folder) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                contents.put(file.getFileName().toString(),
                        new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
            }
        }
        return contents;
    }

    /// Each value rounded to a storage type and back.
    private static double rounded(double value, DType storage) {
        return switch (storage) {
            case BF16 -> DType.fromBfloat16(DType.toBfloat16((float) value));
            case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) value));
            default -> value;
        };
    }

    @ParameterizedTest
    @EnumSource(names = {"F64", "F32", "BF16", "F16"})
    void weightsAreReadBackRoundedToTheirStorageAndSavedAgainByteForByte(DType storage) throws IOException {
        for (QwenConfig config : TinyConfigs.all()) {
            Path first = temporary.resolve("first-" + config.modelType());
            Path second = temporary.resolve("second-" + config.modelType());
            try (ModelFixture fixture = random(config)) {
                ModelDirectory.save(first, config, fixture.store(), storage, Optional.empty(), ONE_FILE);
                try (ModelFixture loaded = load(first, storage == DType.F64 ? DType.F64 : DType.F32)) {
                    for (Parameter parameter : fixture.store().parameters()) {
                        double[] expected = parameter.value().toDoubles();
                        Arrays.setAll(expected, i -> rounded(expected[i], storage));
                        assertThat(loaded.store().named(parameter.name()).value().toDoubles())
                                .as(parameter.name()).isEqualTo(expected);
                    }
                    assertThat(loaded.model().config()).isEqualTo(config);
                    ModelDirectory.save(second, loaded.model().config(), loaded.store(), storage, Optional.empty(),
                            ONE_FILE);
                }
            }
            assertThat(contents(second)).isEqualTo(contents(first))
                    .containsOnlyKeys("config.json", "generation_config.json", "model.safetensors");
        }
    }

    @Test
    void largeModelsAreCutIntoFilesWithAnIndex() throws IOException {
        Path folder = save(CONFIG, DType.F32, 20_000);
        ModelDirectory directory = ModelDirectory.open(folder);
        assertThat(directory.weightFiles()).hasSizeGreaterThan(2)
                .first().asString().endsWith("model-00001-of-0000" + directory.weightFiles().size() + ".safetensors");
        for (Path file : directory.weightFiles()) {
            assertThat(Files.size(file)).isLessThan(20_000 + 2_000); // the header
        }
        assertThat(Files.readString(folder.resolve("model.safetensors.index.json")))
                .contains("\"total_size\": " + parameterBytes(folder), "\"" + NORM + "\"");
        Path whole = temporary.resolve("whole");
        Path again = temporary.resolve("again");
        try (ModelFixture loaded = load(folder, DType.F32); ModelFixture original = random(CONFIG)) {
            ModelDirectory.save(again, CONFIG, loaded.store(), DType.F32, Optional.empty(), 20_000);
            ModelDirectory.save(whole, CONFIG, loaded.store(), DType.F32, Optional.empty(), ONE_FILE);
            assertThat(loaded.store().arena().toFloats()).isEqualTo(original.store().arena().toFloats());
        }
        assertThat(contents(again)).isEqualTo(contents(folder));
        assertThat(directory.tensors()).extracting(entry -> entry.name())
                .containsExactlyInAnyOrderElementsOf(ModelDirectory.open(whole).tensors().stream()
                        .map(entry -> entry.name()).toList());
    }

    @Test
    void whatAWriterThatWasKilledLeftBehindIsInNoFolder() throws IOException {
        Path stale = Files.createDirectories(temporary.resolve(".model.partial/inside")).resolve("stale");
        Files.writeString(stale, "half");
        Path folder = save(CONFIG, DType.F32, ONE_FILE);
        assertThat(folder).isDirectoryNotContaining("glob:**inside").isDirectoryContaining("glob:**config.json");
        assertThat(temporary.resolve(".model.partial")).doesNotExist();
    }

    /// `%05d` has the digits of the country where it runs, which no other tool would look for.
    @Test
    void namesOfWeightFilesAreTheSameInEveryCountry() throws IOException {
        Locale own = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
        try {
            assertThat(String.format("%d", 7)).isEqualTo("٧");
            Path folder = save(CONFIG, DType.F32, 1);
            assertThat(contents(folder).keySet()).allMatch(name -> name.chars().allMatch(c -> c < 0x80))
                    .anyMatch(name -> name.startsWith("model-00001-of-000"));
        } finally {
            Locale.setDefault(own);
        }
    }

    private static long parameterBytes(Path folder) {
        return ModelDirectory.open(folder).tensors().stream().mapToLong(entry -> entry.bytes()).sum();
    }

    @Test
    void aTokenizerIsSavedBesideTheModelAndMustFitIt() {
        Tokenizer tokenizer = Tokenizer.ofAlphabet(List.of("<bos>", "<eos>", "<pad>"), List.of("a", "b", "c"));
        try (ModelFixture fixture = random(CONFIG)) {
            Path folder = temporary.resolve("with-tokenizer");
            ModelDirectory.save(folder, CONFIG, fixture.store(), DType.F32, Optional.of(tokenizer), ONE_FILE);
            assertThat(ModelDirectory.open(folder).tokenizer().encode("abca"))
                    .isEqualTo(tokenizer.encode("abca"));
        }
        QwenConfig small = new QwenConfig("qwen2", 5, 8, 8, 1, 1, 1, 8, 64, 1e-6, 100, true, true, 0.1,
                CONFIG.bosTokenId(), List.of(), CONFIG.padTokenId());
        try (ModelFixture fixture = random(small)) {
            Path folder = temporary.resolve("misfit");
            assertThatThrownBy(() -> ModelDirectory.save(folder, small, fixture.store(), DType.F32,
                    Optional.of(tokenizer), ONE_FILE)).isInstanceOf(ModelException.class)
                    .hasMessageContaining("a tokenizer of 6 ids does not fit vocab_size 5");
            assertThat(temporary.resolve("misfit")).doesNotExist();
            assertThat(temporary.resolve(".misfit.partial")).doesNotExist();
            ModelDirectory.save(folder, small, fixture.store(), DType.F32, Optional.empty(), ONE_FILE);
            tokenizer.save(folder);
            assertThatThrownBy(() -> ModelDirectory.open(folder).tokenizer()).isInstanceOf(ModelException.class)
                    .hasMessageContaining("the tokenizer has ids up to 5, vocab_size 5 of config.json must be above");
        }
    }

    @Test
    void endTokensOfTheGenerationConfigurationCount() throws IOException {
        Path folder = save(CONFIG, DType.F32, ONE_FILE);
        assertThat(ModelDirectory.open(folder).config().eosTokenIds()).containsExactly(1);
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [5, 1]}");
        assertThat(ModelDirectory.open(folder).config().eosTokenIds()).containsExactly(5, 1);
        Files.writeString(folder.resolve("generation_config.json"), "{\"do_sample\": true}");
        assertThat(ModelDirectory.open(folder).config().eosTokenIds()).containsExactly(1);
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": 37}");
        assertThatThrownBy(() -> ModelDirectory.open(folder)).isInstanceOf(ModelException.class)
                .hasMessageContaining("generation_config.json: eos_token_id 37 must be in 0 … 36");
    }

    @Test
    void anOccupiedFolderIsNotWrittenTo() throws IOException {
        Path folder = save(CONFIG, DType.F32, ONE_FILE);
        Map<String, String> before = contents(folder);
        try (ModelFixture fixture = random(CONFIG)) {
            assertThatThrownBy(() -> ModelDirectory.save(folder, CONFIG, fixture.store(), DType.BF16,
                    Optional.empty(), ONE_FILE)).isInstanceOf(ModelException.class)
                    .hasMessage(folder + ": exists; a model is written to a new or empty folder");
        }
        assertThat(contents(folder)).isEqualTo(before);
    }

    @Test
    void aLeftoverOfAKilledWriteIsReplaced() throws IOException {
        Path leftover = Files.createDirectories(temporary.resolve(".model.partial"));
        Files.writeString(leftover.resolve("model.safetensors"), "half a");
        Files.createDirectory(temporary.resolve("model"));
        assertThat(ModelDirectory.open(save(CONFIG, DType.F32, ONE_FILE)).weightFiles()).hasSize(1);
        assertThat(leftover).doesNotExist();
    }

    @Test
    void aFailedWriteLeavesNothing() {
        Path target = temporary.resolve("deep/target");
        assertThatThrownBy(() -> AtomicFolder.write(target, folder -> {
            Files.writeString(folder.resolve("one"), "1");
            throw new IOException("disk full");
        })).isInstanceOf(UncheckedIOException.class)
                .hasMessage("cannot write " + target + ": disk full");
        assertThat(temporary.resolve("deep")).isEmptyDirectory();
    }

    @Test
    void valuesBeyondF16AreRefusedAndNothingIsWritten() {
        try (ModelFixture fixture = random(CONFIG)) {
            fixture.store().named(NORM).value().set(3, 70_000);
            Path folder = temporary.resolve("overflow");
            assertThatThrownBy(() -> ModelDirectory.save(folder, CONFIG, fixture.store(), DType.F16,
                    Optional.empty(), ONE_FILE)).isInstanceOf(ModelException.class)
                    .hasMessage("save: element 3 of model.norm.weight has no finite F16 form (largest 65504); "
                            + "store as BF16 or F32");
            assertThat(folder).doesNotExist();
        }
    }

    /// Rewrites the weights of a saved model and tells what loading it says.
    private void assertRefused(Consumer<Map<String, Tensor>> change, Class<? extends Throwable> type, String message) {
        Path folder = temporary.resolve("model");
        Path file = folder.resolve("model.safetensors");
        if (!Files.exists(folder)) {
            save(CONFIG, DType.F32, ONE_FILE);
        }
        Path changed = temporary.resolve("changed");
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("change", memory)) {
            Safetensors weights = Safetensors.open(file, scope);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            weights.names().forEach(name -> tensors.put(name, weights.tensor(name)));
            change.accept(tensors);
            Files.createDirectories(changed);
            Files.copy(folder.resolve("config.json"), changed.resolve("config.json"),
                    StandardCopyOption.REPLACE_EXISTING);
            Safetensors.write(changed.resolve("model.safetensors"), tensors, Map.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThatThrownBy(() -> load(changed, DType.F32).close()).isInstanceOf(type).hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void namesShapesAndTypesMustBeExactlyThoseOfTheConfiguration() {
        assertRefused(tensors -> tensors.remove(NORM), ModelException.class,
                "changed: tensor model.norm.weight is missing from model.safetensors");
        assertRefused(tensors -> tensors.keySet().removeIf(name -> name.contains("layers.1")), ModelException.class,
                "changed: tensors model.layers.1.input_layernorm.weight, ");
        assertRefused(tensors -> tensors.keySet().removeIf(name -> name.contains("layers.1")), ModelException.class,
                " and 7 more are missing from model.safetensors");
        assertRefused(tensors -> tensors.put("model.layers.2.mlp.up_proj.weight", tensors.get(NORM)),
                ModelException.class,
                "changed: tensor model.layers.2.mlp.up_proj.weight is unexpected in model.safetensors");
        assertRefused(tensors -> tensors.put(NORM, tensors.get(NORM).reshape(4, 8)), ModelException.class,
                "model.safetensors: tensor model.norm.weight has shape [4, 8], config.json asks for [32]");
        assertRefused(tensors -> tensors.computeIfPresent("model.embed_tokens.weight", (name, e) -> e.slice(0, 36)),
                ModelException.class, "tensor model.embed_tokens.weight has shape [36, 32], config.json asks for "
                        + "[37, 32]: vocab_size 37, hidden_size 32");
        assertRefused(tensors -> tensors.put(NORM, tensors.get(NORM).scope().of(new int[32], 32)),
                ModelException.class, "tensor model.norm.weight is stored as I32, it must be F64, F32, BF16 or F16");
    }

    @Test
    void aHeadBesideATiedEmbeddingMustBeTheSame() {
        Path folder = save(CONFIG, DType.F32, ONE_FILE);
        Consumer<Map<String, Tensor>> same = tensors ->
                tensors.put("lm_head.weight", tensors.get("model.embed_tokens.weight"));
        assertRefused(same.andThen(tensors -> tensors.remove(NORM)), ModelException.class, "is missing");
        assertRefused(tensors -> {
            same.accept(tensors);
            tensors.put("lm_head.weight", tensors.get("lm_head.weight").copy(tensors.get(NORM).scope()));
            tensors.get("lm_head.weight").set(0, 9);
        }, ModelException.class, "lm_head.weight differs from model.embed_tokens.weight, though tie_word_embeddings");
        try (Memory memory = Memory.ofHost(); Scope scope = Scope.root("change", memory)) {
            Safetensors weights = Safetensors.open(folder.resolve("model.safetensors"), scope);
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            weights.names().forEach(name -> tensors.put(name, weights.tensor(name)));
            same.accept(tensors);
            Safetensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
        }
        try (ModelFixture loaded = load(folder, DType.F32)) {
            assertThat(loaded.store().parameters()).extracting(Parameter::name).doesNotContain("lm_head.weight");
        }
    }

    @Test
    void aRefusedFolderAllocatesNothing() {
        Path folder = save(CONFIG, DType.F32, ONE_FILE);
        try (ModelFixture fixture = random(CONFIG)) {
            ParameterStore store = new ParameterStore(fixture.backend(), fixture.scope(), DType.F32);
            store.root().declare("extra", (key, index) -> 0, 1);
            assertThatThrownBy(() -> ModelDirectory.open(folder).load(store)).isInstanceOf(ModelException.class)
                    .hasMessageContaining("tensor extra is missing");
            assertThatThrownBy(store::arena).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void missingFilesAreNamed() throws IOException {
        assertOpenRefused(temporary.resolve("nowhere"), "nowhere: does not exist");
        Path empty = Files.createDirectory(temporary.resolve("empty"));
        assertOpenRefused(empty, "empty: has no config.json");
        Path folder = save(CONFIG, DType.F32, ONE_FILE);
        assertOpenRefused(folder.resolve("config.json"), "config.json: is not a folder");
        Files.delete(folder.resolve("model.safetensors"));
        assertOpenRefused(folder, "model: has no model.safetensors and no model.safetensors.index.json");
        Files.writeString(folder.resolve("pytorch_model.bin"), "");
        assertOpenRefused(folder, "its pytorch_model.bin must be converted to safetensors");
    }

    @Test
    void anIndexAndItsFilesMustAgree() throws IOException {
        Path folder = save(CONFIG, DType.F32, 20_000);
        Path index = folder.resolve("model.safetensors.index.json");
        String good = Files.readString(index);
        String last = ModelDirectory.open(folder).weightFiles().getLast().getFileName().toString();
        List<String> lines = new ArrayList<>(good.lines().toList());
        lines.removeIf(line -> line.contains("embed_tokens"));
        Files.writeString(index, String.join("\n", lines));
        assertLoadRefused(folder, "model-00001-of-00004.safetensors: tensor model.embed_tokens.weight is unexpected: ");
        Files.writeString(index, good.replace("\"" + NORM + "\"", "\"model.other.weight\""));
        assertLoadRefused(folder, last + ": tensor model.other.weight is missing, which ");
        Files.writeString(index, good.replace(last, "../" + last));
        assertOpenRefused(folder, "must be the name of a .safetensors file in the same folder");
        Files.writeString(index, good.replace(last, "gone.safetensors"));
        assertOpenRefused(folder, "weight_map names gone.safetensors, which is not in the folder");
        Files.writeString(index, "{}");
        assertOpenRefused(folder, "weight_map must be an object that names a file for each tensor");
    }

    @Test
    void aTruncatedFileIsRefusedWithItsOffset() throws IOException {
        Path folder = save(CONFIG, DType.F32, ONE_FILE);
        Path file = folder.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
        assertThatThrownBy(() -> load(folder, DType.F32).close()).isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("model.safetensors, byte ");
    }

    private static void assertOpenRefused(Path folder, String message) {
        assertThatThrownBy(() -> ModelDirectory.open(folder)).isInstanceOf(ModelException.class)
                .hasMessageContaining(message).hasMessageNotContaining("\n");
    }

    private static void assertLoadRefused(Path folder, String message) {
        assertThatThrownBy(() -> load(folder, DType.F32).close()).isInstanceOf(ModelException.class)
                .hasMessageContaining(message).hasMessageNotContaining("\n");
    }
}
