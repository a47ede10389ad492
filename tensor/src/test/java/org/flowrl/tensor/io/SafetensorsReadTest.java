package org.flowrl.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.flowrl.tensor.io.SafetensorsBytes.ONE_FLOAT;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Memory;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Shape;
import org.flowrl.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Files made by hand; the verdicts on all headers here that name no departure were also asked of safetensors 0.8.0.
class SafetensorsReadTest {
    @TempDir
    private Path folder;

    private final Memory memory = Memory.ofHost();
    private final Scope scope = Scope.root("test", memory);

    @AfterEach
    void close() {
        scope.close();
        memory.close();
    }

    /// Header, data bytes, the file's byte at fault, a part of the rule. Where the fault is a character that Jackson
    /// does not expect between tokens, the byte is the one after it.
    static Stream<Arguments> badHeaders() {
        return Stream.of(
                arguments("", 0, 8, "one JSON object"),
                arguments("[]", 0, 8, "one JSON object"),
                arguments("null", 0, 8, "one JSON object"),
                arguments("{'a':  ", 0, 15, "ends inside it"),
                arguments("{'a", 0, 11, "ends inside it"),
                arguments("\ufeff{}", 0, 8, "one JSON object"),
                arguments("{}{}", 0, 10, "white space"),
                arguments("{}\0", 0, 11, "one JSON object"),
                arguments("{}\f", 0, 11, "one JSON object"),
                arguments("{/**/}", 0, 9, "one JSON object"),
                arguments("{'a':" + ONE_FLOAT + ",}", 4, 62, "one JSON object"),
                arguments("{'\t':" + ONE_FLOAT + "}", 4, 10, "one JSON object"),
                arguments("{]", 0, 9, "one JSON object: Unexpected close marker ']': expected '}' (for Object starting "
                        + "at line 1, column 1)"),
                arguments("{'a':null}", 0, 13, "must be an object"),
                arguments("{'a':['F32',[1],[0,4]]}", 4, 13, "must be an object"),
                arguments("{'a':{'dtype':'F32','shape':[1]}}", 4, 39, "must have 'data_offsets'"),
                arguments("{'a':{'dtype':'F32','data_offsets':[0,4]}}", 4, 48, "must have 'shape'"),
                arguments("{'a':{'shape':[1],'data_offsets':[0,4]}}", 4, 46, "must have 'dtype'"),
                arguments("{'a':{'dtype':'F32','dtype':'F32'}}", 4, 28, "'dtype' of tensor 'a' must be given once"),
                arguments("{'a':{'shape':[],'shape':[]}}", 4, 25, "must be given once"),
                arguments("{'a':{'data_offsets':[0,0],'data_offsets':[0,0]}}", 4, 35, "must be given once"),
                arguments("{'a':{'dtype':3}}", 4, 22, "must be a string"),
                arguments("{'a':{'dtype':'Q4'}}", 4, 22, "is 'Q4', must be one of [F64, F32, "),
                arguments("{'a':{'dtype':'F8_E8M0'}}", 4, 22, "is 'F8_E8M0', must be one of"),
                arguments("{'a':{'dtype':'F4'}}", 4, 22, "is 'F4', must be one of"),
                arguments("{'a':{'shape':1}}", 4, 22, "must be an array"),
                arguments("{'a':{'shape':[1.0]}}", 4, 23, "has 1.0"),
                arguments("{'a':{'shape':['1']}}", 4, 23, "must hold integers"),
                arguments("{'a':{'shape':[[1]]}}", 4, 23, "must hold integers"),
                arguments("{'a':{'shape':[-1]}}", 4, 23, "has -1"),
                arguments("{'a':{'shape':[1,-0]}}", 4, 25, "has -0"),
                arguments("{'a':{'shape':[9223372036854775808]}}", 4, 23, "has 9223372036854775808"),
                arguments("{'a':{'shape':[01]}}", 4, 24, "zero"),
                arguments("{'a':{'shape':[" + "1".repeat(1001) + "]}}", 4, 23, "one JSON object"),
                arguments("{'a':{'data_offsets':[0]}}", 4, 31, "has 1 numbers"),
                arguments("{'a':{'data_offsets':[0,4,4]}}", 4, 35, "has 3 numbers"),
                arguments("{'a':{'x':" + "[".repeat(200) + "]".repeat(200) + "}}", 4, 144, "one JSON object"),
                arguments("{'__metadata__':[]}", 0, 24, "must be an object"),
                arguments("{'__metadata__':{'n':1}}", 0, 29, "metadata 'n' must be a string"),
                arguments("{'__metadata__':{},'__metadata__':{}}", 0, 27, "must be given once"),
                arguments("{'__metadata__':{'k':'\\udc00'}}", 0, 29, "surrogate"));
    }

    @ParameterizedTest
    @MethodSource("badHeaders")
    void aBadHeaderIsRefusedWithFileByteAndRule(String header, int dataBytes, long offset, String rule) {
        assertRefused(SafetensorsBytes.file(folder, header, dataBytes), offset, rule);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\\ud800", "\\udc00", "\\udc00\\ud800"})
    void aNameWithHalfASurrogatePairIsRefused(String name) {
        Path path = SafetensorsBytes.file(folder, "{'" + name + "':" + ONE_FLOAT + "}", 4);
        assertThatThrownBy(() -> Safetensors.open(path, scope)).isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("surrogate");
    }

    @Test
    void aRefusalIsOneLineOfBoundedLengthWhateverTheFileSays() {
        String name = "line\\n\\u2028break" + "x".repeat(100_000);
        Path path = SafetensorsBytes.file(folder, "{'" + name + "':0}", 0);
        assertThatThrownBy(() -> Safetensors.open(path, scope)).isInstanceOf(SafetensorsException.class)
                .hasMessageContaining("tensor 'line\\u000a\\u2028break").hasMessageEndingWith("xxx …")
                .extracting(refusal -> refusal.getMessage().length()).matches(length -> length < 1500);
    }

    /// Shapes and offsets that lie about the data; the byte at fault is the tensor's name in the header.
    static Stream<Arguments> badLayouts() {
        return Stream.of(
                arguments(tensor("a", "[2]", 0, 8) + "," + tensor("b", "[2]", 4, 12), 12, 62, "must begin at 8"),
                arguments(tensor("a", "[1]", 0, 4) + "," + tensor("b", "[1]", 8, 12), 12, 62, "must begin at 4"),
                arguments(tensor("a", "[1]", 4, 8), 8, 9, "must begin at 0"),
                arguments(tensor("a", "[1]", 0, 4) + "," + tensor("b", "[1]", 0, 4), 4, 62, "must begin at 4"),
                arguments(tensor("a", "[1]", 0, 4) + "," + tensor("b", "[0]", 2, 2), 4, 62, "must begin at 4"),
                arguments(tensor("a", "[0]", 0, 0) + "," + tensor("b", "[1]", 4, 0), 4, 62, "must begin at 0"),
                arguments(tensor("a", "[2]", 0, 4), 4, 9, "must hold the 8 bytes of F32[2], holds 4"),
                arguments(tensor("a", "[]", 0, 8), 8, 9, "must hold the 4 bytes of F32[], holds 8"),
                arguments(tensor("a", "[1099511627776,1099511627776]", 0, 4), 4, 9, "more bytes than 2^63 - 1"),
                arguments(tensor("a", "[2305843009213693952]", 0, 0), 4, 9, "more bytes than 2^63 - 1"),
                arguments(tensor("é", "[1]", 0, 4) + "," + tensor("b", "[1]", 0, 4), 4, 63, "must begin at 4"));
    }

    @ParameterizedTest
    @MethodSource("badLayouts")
    void aLayoutThatLiesIsRefusedAtTheTensorsName(String tensors, int dataBytes, long offset, String rule) {
        assertRefused(SafetensorsBytes.file(folder, "{" + tensors + "}", dataBytes), offset, rule);
    }

    @Test
    void offsetsThatEndBeforeTheyBeginAreRefused() {
        String header = "{" + tensor("a", "[1]", 0, 4) + "," + tensor("b", "[1]", 4, 0) + "}";
        assertRefused(SafetensorsBytes.file(folder, header, 4), 62, "must not end before it begins");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7})
    void aFileShorterThanTheLengthFieldIsRefused(int bytes) {
        assertRefused(SafetensorsBytes.write(folder, new byte[bytes]), bytes, "ends inside the header's length");
    }

    @ParameterizedTest
    @ValueSource(longs = {3, 100_000_000, 100_000_001, Long.MAX_VALUE, Long.MIN_VALUE, -1})
    void aLyingHeaderLengthIsRefused(long length) {
        byte[] header = "{}".getBytes(StandardCharsets.UTF_8);
        assertRefused(SafetensorsBytes.file(folder, length, header, 0), 0,
                "header's length " + Long.toUnsignedString(length) + " must be at most");
    }

    @Test
    void aFileCutAnywhereIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(SafetensorsBytes.file(folder, "{'a':" + ONE_FLOAT + "}", 4));
        for (int bytes = 0; bytes < whole.length; bytes++) {
            Path cut = SafetensorsBytes.write(folder, Arrays.copyOf(whole, bytes));
            assertThatThrownBy(() -> Safetensors.open(cut, scope)).isInstanceOf(SafetensorsException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5})
    void dataShorterOrLongerThanTheTensorsIsRefused(int dataBytes) {
        long dataOffset = 8 + 54;
        assertRefused(SafetensorsBytes.file(folder, "{'a':" + ONE_FLOAT + "}", dataBytes),
                dataOffset + Math.min(4, dataBytes), "the tensors take 4 bytes, the file has " + dataBytes);
    }

    @Test
    void aHeaderThatIsNotUtf8IsRefused() {
        byte[] header = "{} \u00ff".getBytes(StandardCharsets.ISO_8859_1);
        assertRefused(SafetensorsBytes.file(folder, header, 0), 11, "must be UTF-8");
    }

    @Test
    void aHeaderInUtf16IsRefused() {
        assertRefused(SafetensorsBytes.file(folder, "{}".getBytes(StandardCharsets.UTF_16LE), 0), 10, "JSON object");
    }

    /// Odd headers that the reference implementation reads.
    @ParameterizedTest
    @ValueSource(strings = {
            "\n\t\r {'a':" + ONE_FLOAT + "} \n",
            "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4],'x':[{'y':null}]}}",
            "{'a':{'\\u0064type':'F32','shape':[1],'data_offsets':[0,4]}}",
            "{'__metadata__':null,'a':" + ONE_FLOAT + "}",
            "{'a':{'dtype':'F32','shape':[1],'data_offsets':[9,4]},'a':" + ONE_FLOAT + "}",
            "{'a':{'dtype':'F32','shape':[1,1,1],'data_offsets':[0,4]}}"})
    void anOddHeaderIsRead(String header) {
        Safetensors file = Safetensors.open(SafetensorsBytes.file(folder, header, 4), scope);
        assertThat(file.names()).containsExactly("a");
        assertThat(file.tensor("a").toFloats()).containsExactly(0f);
        assertThat(file.metadata()).isEmpty();
    }

    @Test
    void namesComeInTheOrderOfTheData() {
        String header = "{" + tensor("late", "[1]", 4, 8) + "," + tensor("z", "[0,5]", 4, 4) + ","
                + tensor("y", "[0]", 4, 4) + "," + tensor("first", "[]", 0, 4) + "}";
        Safetensors file = Safetensors.open(SafetensorsBytes.file(folder, header, 8), scope);
        assertThat(file.names()).containsExactly("first", "z", "y", "late");
        assertThat(file.entries()).contains(
                new SafetensorsEntry("z", DType.F32, Shape.of(0, 5), 4, 4),
                new SafetensorsEntry("late", DType.F32, Shape.of(1), 4, 8));
        assertThat(file.dataOffset()).isEqualTo(8 + header.length());
        assertThat(file.has("late")).isTrue();
        assertThat(file.has("absent")).isFalse();
        assertThat(file.entry("absent")).isEmpty();
    }

    @Test
    void theLaterOfTwoMetadataValuesCounts() {
        String header = "{'__metadata__':{'k':'1','n':'\\n','k':'2'}}";
        Safetensors file = Safetensors.open(SafetensorsBytes.file(folder, header, 0), scope);
        assertThat(file.metadata()).containsExactly(Map.entry("k", "2"), Map.entry("n", "\n"));
        assertThat(file.names()).isEmpty();
    }

    @Test
    void aTensorThatTheFileLacksIsNamed() {
        Path path = SafetensorsBytes.file(folder, "{'a':" + ONE_FLOAT + "}", 4);
        Safetensors file = Safetensors.open(path, scope);
        assertThatThrownBy(() -> file.tensor("b")).isInstanceOf(SafetensorsException.class)
                .hasMessage(path + ", byte 8: the header has no tensor 'b' among its 1 tensors");
    }

    @Test
    void aTensorUsedAfterItsScopeIsAnError() {
        Scope load = scope.child("load");
        Safetensors file = Safetensors.open(SafetensorsBytes.file(folder, "{'a':" + ONE_FLOAT + "}", 4), load);
        Tensor tensor = file.tensor("a");
        load.close();
        assertThatThrownBy(tensor::segment).isInstanceOf(IllegalStateException.class).hasMessageContaining("test/load");
        assertThatThrownBy(() -> file.tensor("a")).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("test/load").hasMessageContaining("case.safetensors");
    }

    @Test
    void tensorsAreTheMappedFileAndCannotBeWritten() {
        Safetensors file = Safetensors.open(SafetensorsBytes.file(folder, "{'a':" + ONE_FLOAT + "}", 4), scope);
        assertThat(file.tensor("a").address()).isEqualTo(file.tensor("a").address());
        assertThat(file.tensor("a").segment().isMapped()).isTrue();
        assertThat(file.tensor("a").segment().isReadOnly()).isTrue();
        assertThat(memory.bytesReserved()).isZero();
    }

    @Test
    void aFileThatCannotBeReadIsNamed() {
        for (Path path : List.of(folder.resolve("absent.safetensors"), folder)) {
            assertThatThrownBy(() -> Safetensors.open(path, scope)).isInstanceOf(UncheckedIOException.class)
                    .hasMessageStartingWith("cannot read " + path);
        }
    }

    private static String tensor(String name, String shape, long begin, long end) {
        return "'" + name + "':{'dtype':'F32','shape':" + shape + ",'data_offsets':[" + begin + "," + end + "]}";
    }

    private void assertRefused(Path path, long offset, String rule) {
        SafetensorsException refusal = catchThrowableOfType(SafetensorsException.class,
                () -> Safetensors.open(path, scope));
        assertThat(refusal).isNotNull();
        assertThat(refusal).hasMessageStartingWith(path + ", byte " + refusal.offset() + ": ")
                .hasMessageContaining(rule).hasMessageNotContaining("\n");
        assertThat(refusal.offset()).describedAs(refusal.getMessage()).isEqualTo(offset);
        assertThat(refusal.path()).isEqualTo(path);
    }
}
