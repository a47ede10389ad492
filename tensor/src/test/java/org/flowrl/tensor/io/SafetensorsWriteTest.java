package org.flowrl.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriteTest {
    @TempDir
    private Path folder;

    private final Memory memory = Memory.ofHost();
    private final Scope scope = Scope.root("test", memory);
    private Path path;

    @BeforeEach
    void name() {
        path = folder.resolve("model.safetensors");
    }

    @AfterEach
    void close() {
        scope.close();
        memory.close();
    }

    /// The header's bytes as safetensors 0.8.0 writes them for these names, types and one metadata entry.
    @Test
    void theBytesAreThoseOfTheReferenceImplementation() throws IOException {
        Tensor scalar = scope.of(new float[] {1}).reshape();
        Safetensors.write(path, Map.of("q\"\\/\u0001\u007f\u2028é😀\n\t\b\f\r\u001f", scalar, "\uffff", scalar),
                Map.of("é", "/"));
        String header = """
                {"__metadata__":{"é":"/"},\
                "q\\"\\\\/\\u0001\u007f\u2028é😀\\n\\t\\b\\f\\r\\u001f":{"dtype":"F32","shape":[],"data_offsets":[0,4]},\
                "\uffff":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}""";
        assertThat(headerOf(path).stripTrailing()).isEqualTo(header);
        assertThat(headerOf(path).getBytes(StandardCharsets.UTF_8).length % 8).isZero();
    }

    /// The order that safetensors 0.8.0 gives to one tensor of each type.
    @Test
    void tensorsLieByTypeThenByName() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (DType dtype : DType.values()) {
            tensors.put(dtype.name(), scope.zeros(dtype, 1));
        }
        tensors.put("a", scope.zeros(DType.F32, 1));
        // By UTF-8 bytes U+FFFF comes before U+1F600; by UTF-16 units after.
        tensors.put("\uffff", scope.zeros(DType.U8, 1));
        tensors.put("\ud83d\ude00", scope.zeros(DType.U8, 1));
        Safetensors.write(path, tensors, Map.of());
        assertThat(Safetensors.open(path, scope).names()).containsExactly("U64", "I64", "F64", "F32", "a", "U32", "I32",
                "BF16", "F16", "U16", "I16", "F8_E4M3", "F8_E5M2", "I8", "U8", "\uffff", "\ud83d\ude00", "BOOL");
    }

    @Test
    void anEmptyFileIsAnEmptyObject() throws IOException {
        Safetensors.write(path, Map.of(), Map.of());
        assertThat(headerOf(path)).isEqualTo("{}      ");
        assertThat(path).hasSize(16);
    }

    @Test
    void everyTypeAndShapeComesBackBitForBit() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (DType dtype : DType.values()) {
            tensors.put(dtype + ".matrix", counting(scope.allocate(dtype, 3, 7)));
            tensors.put(dtype + ".empty", scope.allocate(dtype, 4, 0));
            tensors.put(dtype + ".scalar", counting(scope.allocate(dtype)));
        }
        Map<String, String> metadata = Map.of("format", "pt", "note", "größer\n");
        Safetensors.write(path, tensors, metadata);
        Safetensors file = Safetensors.open(path, scope);
        assertThat(file.metadata()).isEqualTo(metadata);
        assertThat(file.names()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
        assertThat(file.dataOffset() % 8).isZero();
        tensors.forEach((name, tensor) -> {
            Tensor read = file.tensor(name);
            assertThat(read.toString()).isEqualTo(tensor.toString());
            assertThat(read.segment().mismatch(tensor.segment())).describedAs(name).isEqualTo(-1);
            assertThat(read.address() % read.dtype().bytes()).describedAs(name).isZero();
        });
    }

    @Test
    void savingWhatWasLoadedGivesTheSameBytes() throws IOException {
        Safetensors.write(path, Map.of("w", counting(scope.allocate(DType.BF16, 5, 3)),
                "b", counting(scope.allocate(DType.F32, 3))), Map.of("b", "2", "a", "1"));
        Safetensors file = Safetensors.open(path, scope);
        Map<String, Tensor> backwards = new LinkedHashMap<>();
        file.names().stream().sorted().forEach(name -> backwards.put(name, file.tensor(name)));
        Path again = folder.resolve("again.safetensors");
        Safetensors.write(again, backwards, file.metadata());
        assertThat(Files.mismatch(path, again)).isEqualTo(-1);
    }

    @Test
    void aSliceIsWrittenAlone() {
        Tensor matrix = scope.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
        Safetensors.write(path, Map.of("row", matrix.slice(1, 1)), Map.of());
        assertThat(Safetensors.open(path, scope).tensor("row").toFloats()).containsExactly(3, 4);
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "Windows does not replace a mapped file")
    void aFileCanBeReplacedByItsOwnTensors() {
        Safetensors.write(path, Map.of("w", scope.of(new float[] {1, 2}, 2)), Map.of());
        Safetensors old = Safetensors.open(path, scope);
        Tensor w = old.tensor("w");
        Safetensors.write(path, Map.of("w", w, "twice", w), Map.of());
        assertThat(w.toFloats()).containsExactly(1, 2);
        assertThat(Safetensors.open(path, scope).tensor("twice").toFloats()).containsExactly(1, 2);
    }

    /// More than one chunk of 64 MiB, and a last one that is not full.
    @Test
    void aTensorLargerThanAChunkIsWrittenWhole() {
        Tensor large = scope.zeros(DType.I64, (64 << 20) / 8 + 3);
        large.segment().set(ValueLayout.JAVA_LONG, 64 << 20, 5);
        Safetensors.write(path, Map.of("large", large), Map.of());
        Tensor read = Safetensors.open(path, scope).tensor("large");
        assertThat(read.segment().mismatch(large.segment())).isEqualTo(-1);
    }

    @Test
    void whatCannotBeWrittenLeavesTheFolderAsItWas() throws IOException {
        Files.writeString(path, "old");
        Scope step = scope.child("step");
        Tensor ended = step.zeros(DType.F32, 1);
        step.close();
        Tensor live = scope.zeros(DType.F32, 1);
        assertThatThrownBy(() -> Safetensors.write(path, Map.of("live", live, "x", ended), Map.of()))
                .isInstanceOf(IllegalStateException.class).hasMessageContaining("test/step");
        assertThatThrownBy(() -> Safetensors.write(path, Map.of("__metadata__", live), Map.of()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("__metadata__");
        assertThatThrownBy(() -> Safetensors.write(path, Map.of("\ud800", live), Map.of()))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("surrogate");
        assertThatThrownBy(() -> Safetensors.write(path, Map.of("w", live), Map.of("k", "\udc00")))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("surrogate");
        assertThatThrownBy(() -> Safetensors.write(path, Map.of("w", live), Map.of("k", "x".repeat(100_000_000))))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("at most 100000000");
        assertThat(path).hasContent("old");
        assertThat(filesIn(folder)).containsExactly("model.safetensors");
    }

    @Test
    void aFolderThatDoesNotExistIsNamed() {
        Path target = folder.resolve("absent").resolve("model.safetensors");
        assertThatThrownBy(() -> Safetensors.write(target, Map.of(), Map.of()))
                .isInstanceOf(UncheckedIOException.class).hasMessageStartingWith("cannot write " + target);
        assertThat(folder).isEmptyDirectory();
    }

    private static Tensor counting(Tensor tensor) {
        byte[] bytes = new byte[(int) tensor.bytes()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 31 + 7);
        }
        tensor.segment().copyFrom(MemorySegment.ofArray(bytes));
        return tensor;
    }

    private static String headerOf(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return new String(Arrays.copyOfRange(bytes, 8, 8 + length), StandardCharsets.UTF_8);
    }

    private static Stream<String> filesIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList().stream();
        }
    }
}
