package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.flowrl.transformer.text.Tokenizer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// With a tokenizer of five tokens: `<eos>` 0, `<bos>` 1, a 2, b 3, { 4.
class TokenizeCommandTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void writeATokenizer() {
        Tokenizer.ofAlphabet(List.of("<eos>", "<bos>"), List.of("a", "b", "{")).save(folder);
    }

    /// `¶` stands for a line break.
    @ParameterizedTest
    @CsvSource(delimiter = '!', quoteCharacter = '`', value = {
        "ab¶¶b                        ! ``                               ! {\"ids\":[2,3]}¶{\"ids\":[]}¶{\"ids\":[3]}¶",
        "{\"text\":\"<bos>ab\"}¶¶     ! ``                                ! {\"ids\":[1,2,3]}¶",
        "{a                           ! --format text                     ! {\"ids\":[4,2]}¶",
        "{\"ids\":[1,2,3,0]}          ! --decode                          ! {\"text\":\"<bos>ab<eos>\"}¶",
        "{\"ids\":[1,2,3,0]}          ! --decode --no-special-tokens      ! {\"text\":\"ab\"}¶",
        "2 3¶[2, 3]¶¶                 ! --decode                          ! "
            + "{\"text\":\"ab\"}¶{\"text\":\"ab\"}¶{\"text\":\"\"}¶",
        "``                           ! --text a --text b                 ! {\"ids\":[2]}¶{\"ids\":[3]}¶"})
    void eachLineInIsALineOut(String in, String options, String expected) {
        CapturedRun run = tokenize(in, options);
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEqualTo(expected.replace('¶', '\n'));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '!', quoteCharacter = '`', value = {
        "a¶x            ! ``          ! standard input, line 2: encode: character 'x' (U+0078) has no token: byte 0x78",
        "{\"text\":\"a\"}¶{\"text\":a}! ``   ! standard input, line 2, column 9: not JSON: Unrecognized token 'a'",
        "{\"txt\":1}    ! ``           ! standard input, line 1: must hold \"text\", a string",
        "{\"ids\":1}    ! --decode     ! standard input, line 1: must hold \"ids\", a list of integers",
        "{\"ids\":[2,1.5]} ! --decode  ! standard input, line 1: ids[1] 1.5 must be an integer below 2^31",
        "1 2 -3         ! --decode     ! standard input, line 1: decode: id -3 must not be negative",
        "1 2¶2 x        ! --decode     ! standard input, line 2, column 3: 'x' must be an id, an integer below 2^31",
        "a              ! --text a f   ! tokenize: --text gives texts to encode",
        "``             ! missing.txt  ! cannot read missing.txt: no such file or folder"})
    void whatIsWrongNamesFileLineAndColumn(String in, String options, String message) {
        CapturedRun run = tokenize(in, options);
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).startsWith("error: " + message).containsOnlyOnce("\n");
    }

    @Test
    void aLineThatIsNotUtf8IsNamed() throws IOException {
        Path file = folder.resolve("latin1.txt");
        Files.write(file, new byte[] {'a', '\n', (byte) 0xe9, '\n'});
        assertThat(tokenize("", file.toString()))
                .isEqualTo(new CapturedRun(1, "{\"ids\":[2]}\n", "error: " + file + ", line 2: is not UTF-8\n"));
    }

    @Test
    void whatCameBeforeAnErrorIsWritten() {
        CapturedRun run = tokenize("a¶x", "");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).isEqualTo("{\"ids\":[2]}\n");
    }

    private CapturedRun tokenize(String in, String options) {
        String arguments = "tokenize --model " + folder + " " + options;
        return CapturedRun.of(in.replace('¶', '\n'), arguments.strip().split(" +"));
    }
}
