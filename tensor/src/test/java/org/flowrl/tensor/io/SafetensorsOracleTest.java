package org.flowrl.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.SharedData;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Outside files: recorded verdicts of safetensors 0.8.0, and the model folders that it wrote.
class SafetensorsOracleTest {
    @TempDir
    private Path folder;

    private final Memory memory = Memory.ofHost();
    private final Scope scope = Scope.root("test", memory);

    @AfterEach
    void close() {
        scope.close();
        memory.close();
    }

    @TestFactory
    Stream<DynamicTest> everyRecordedVerdictIsOurs() throws IOException {
        Path cases = SharedData.path("safetensors");
        JsonNode expected = new ObjectMapper().readTree(cases.resolve("expected.json").toFile());
        return expected.valueStream().map(verdict -> {
            Path path = cases.resolve(verdict.get("file").asText());
            return DynamicTest.dynamicTest(path.getFileName().toString(), () -> {
                if (verdict.get("accept").asBoolean()) {
                    assertReadAs(path, verdict);
                } else {
                    assertRefused(path);
                }
            });
        });
    }

    private void assertReadAs(Path path, JsonNode verdict) {
        Safetensors file = Safetensors.open(path, scope);
        List<String> keys = verdict.get("safe_open_keys").valueStream().map(JsonNode::asText).toList();
        assertThat(file.names().stream().sorted()).isEqualTo(keys);
        Map<String, String> metadata = new LinkedHashMap<>();
        verdict.get("metadata").properties().forEach(text -> metadata.put(text.getKey(), text.getValue().asText()));
        assertThat(file.metadata()).isEqualTo(metadata);
        assertThat(verdict.get("tensors").size()).isEqualTo(keys.size());
        verdict.get("tensors").properties().forEach(field -> {
            Tensor tensor = file.tensor(field.getKey());
            JsonNode declared = field.getValue();
            assertThat(tensor.dtype().name()).isEqualTo(declared.get("dtype").asText());
            assertThat(tensor.shape().is(declared.get("shape").valueStream().mapToLong(JsonNode::asLong).toArray()))
                    .describedAs("%s against %s", tensor, declared.get("shape")).isTrue();
            assertThat(HexFormat.of().formatHex(tensor.segment().toArray(ValueLayout.JAVA_BYTE)))
                    .isEqualTo(declared.get("data_hex").asText());
        });
    }

    private void assertRefused(Path path) {
        SafetensorsException refusal = catchThrowableOfType(SafetensorsException.class,
                () -> Safetensors.open(path, scope));
        assertThat(refusal).isNotNull();
        assertThat(refusal).hasMessageStartingWith(path + ", byte " + refusal.offset() + ": ");
        assertThat(refusal.offset()).isBetween(0L, path.toFile().length());
    }

    @TestFactory
    Stream<DynamicTest> savingTwiceGivesTheSameBytes() throws IOException {
        return oracleFiles().map(path -> DynamicTest.dynamicTest(nameOf(path), () -> {
            Path first = saveAgain(path, "first.safetensors");
            Path second = saveAgain(first, "second.safetensors");
            assertThat(Files.mismatch(first, second)).isEqualTo(-1);
        }));
    }

    /// The folders with a `case.json` were written by the library, the others by a script that orders otherwise.
    @TestFactory
    Stream<DynamicTest> savingAFileOfTheLibraryGivesItsBytes() throws IOException {
        return oracleFiles().filter(path -> Files.exists(path.resolveSibling("case.json")))
                .map(path -> DynamicTest.dynamicTest(nameOf(path), () ->
                        assertThat(Files.mismatch(path, saveAgain(path, "saved.safetensors"))).isEqualTo(-1)));
    }

    private Path saveAgain(Path path, String name) {
        Safetensors file = Safetensors.open(path, scope);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        file.names().forEach(tensor -> tensors.put(tensor, file.tensor(tensor)));
        Path saved = folder.resolve(name);
        Safetensors.write(saved, tensors, file.metadata());
        return saved;
    }

    private static Stream<Path> oracleFiles() throws IOException {
        try (Stream<Path> walk = Files.walk(SharedData.path("oracle"))) {
            List<Path> files = walk.filter(path -> path.toString().endsWith(".safetensors")).sorted().toList();
            assertThat(files).isNotEmpty();
            return files.stream();
        }
    }

    private static String nameOf(Path path) {
        return path.getParent().getFileName() + "/" + path.getFileName();
    }
}
