package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.flowrl.transformer.text.Tokenizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// With a tokenizer of five tokens: `<eos>` 0, `<bos>` 1, a 2, b 3, { 4.
class TokenizeCommandTest {
    @TempDir
    private Path folder;

    private final InputStream standardIn = System.in;
    private final PrintStream standardOut = System.out;
    private final PrintStream standardErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void captureAndWriteATokenizer() {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        Tokenizer.ofAlphabet(List.of("<eos>", "<bos>"), List.of("a", "b", "{")).save(folder);
    }

    @AfterEach
    void restore() {
        System.setIn(standardIn);
        System.setOut(standardOut);
        System.setErr(standardErr);
    }

    /// `¶` stands for a line break.
    @ParameterizedTest
    @CsvSource(delimiter = '!', quoteCharacter = '`', value = {
        "ab¶¶b                        ! ``                                ! {\"ids\":[2,3]}¶{\"ids\":[]}¶{\"ids\":[3]}¶",
        "{\"text\":\"<bos>ab\"}¶¶     ! ``                                ! {\"ids\":[1,2,3]}¶",
        "{a                           ! --format text                     ! {\"ids\":[4,2]}¶",
        "{\"ids\":[1,2,3,0]}          ! --decode                          ! {\"text\":\"<bos>ab<eos>\"}¶",
        "{\"ids\":[1,2,3,0]}          ! --decode --no-special-tokens      ! {\"text\":\"ab\"}¶",
        "2 3¶[2, 3]¶¶                 ! --decode                          ! "
            + "{\"text\":\"ab\"}¶{\"text\":\"ab\"}¶{\"text\":\"\"}¶",
        "``                           ! --text a --text b                 ! {\"ids\":[2]}¶{\"ids\":[3]}¶"})
    void eachLineInIsALineOut(String in, String options, String expected) {
        assertThat(tokenize(in, options)).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(expected.replace('¶', '\n'));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '!', quoteCharacter = '`', value = {
        "a¶x            ! ``           ! standard input, line 2: encode: character 'x' (U+0078) has no token: byte 0x78",
        "{\"text\":\"a\"}¶{\"text\":a}! ``   ! standard input, line 2, column 9: not JSON: Unrecognized token 'a'",
        "{\"txt\":1}    ! ``           ! standard input, line 1: must hold \"text\", a string",
        "{\"ids\":1}    ! --decode     ! standard input, line 1: must hold \"ids\", a list of integers",
        "{\"ids\":[2,1.5]} ! --decode  ! standard input, line 1: ids[1] 1.5 must be an integer below 2^31",
        "1 2 -3         ! --decode     ! standard input, line 1: decode: id -3 must not be negative",
        "1 2¶2 x        ! --decode     ! standard input, line 2, column 3: 'x' must be an id, an integer below 2^31",
        "a              ! --text a f   ! tokenize: --text gives texts to encode",
        "``             ! missing.txt  ! no such file: missing.txt"})
    void whatIsWrongNamesFileLineAndColumn(String in, String options, String message) {
        assertThat(tokenize(in, options)).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("error: " + message).containsOnlyOnce("\n");
    }

    @Test
    void aLineThatIsNotUtf8IsNamed() throws IOException {
        Path file = folder.resolve("latin1.txt");
        Files.write(file, new byte[] {'a', '\n', (byte) 0xe9, '\n'});
        assertThat(tokenize("", file.toString())).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("error: " + file + ", line 2: is not UTF-8\n");
    }

    @Test
    void whatCameBeforeAnErrorIsWritten() {
        assertThat(tokenize("a¶x", "")).isEqualTo(1);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("{\"ids\":[2]}\n");
    }

    private int tokenize(String in, String options) {
        System.setIn(new ByteArrayInputStream(in.replace('¶', '\n').getBytes(StandardCharsets.UTF_8)));
        String arguments = "tokenize --model " + folder + " " + options;
        return Main.run(arguments.strip().split(" +"));
    }
}
