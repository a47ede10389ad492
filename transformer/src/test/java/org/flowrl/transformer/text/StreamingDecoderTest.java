package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.flowrl.transformer.text.TinyTokenizer.token;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Uses a tokenizer in which byte b has id b, so that every character of more than one byte lies in several tokens.
class StreamingDecoderTest {
    private static final int RANDOM_SEQUENCES = 5_000;
    private static final int LONGEST_SEQUENCE = 12;
    private static final long SEED = 11;
    private static final int STOP = 256; // id of the one special token

    @TempDir
    static Path folder;
    private static Tokenizer tokenizer;

    @BeforeAll
    static void load() throws IOException {
        tokenizer = TinyTokenizer.ofBytes(folder, List.of(), token(STOP, "<stop>", true));
    }

    @Test
    void aCharacterAppearsWithItsLastByte() {
        StreamingDecoder decoder = tokenizer.streamingDecoder(false);
        // "é" is C3 A9; "😀" is F0 9F 98 80 and two chars, which come together.
        assertThat(decoder.push(0xc3)).isEmpty();
        assertThat(decoder.push(0xa9)).isEqualTo("é");
        assertThat(decoder.push(0xf0)).isEmpty();
        assertThat(decoder.push(0x9f)).isEmpty();
        assertThat(decoder.push(0x98)).isEmpty();
        assertThat(decoder.push(0x80)).isEqualTo("😀");
        assertThat(decoder.finish()).isEmpty();
    }

    @Test
    void anIncompleteCharacterBecomesAReplacementAtTheEnd() {
        StreamingDecoder decoder = tokenizer.streamingDecoder(false);
        assertThat(decoder.push(0xe4)).isEmpty();
        assertThat(decoder.push(0xb8)).isEmpty();
        assertThat(decoder.finish()).isEqualTo("\ufffd");
        assertThat(decoder.push('a')).isEqualTo("a");
    }

    @Test
    void specialTokensAreShownOrSkippedAsAsked() {
        assertThat(tokenizer.streamingDecoder(false).push(STOP)).isEqualTo("<stop>");
        assertThat(tokenizer.streamingDecoder(true).push(STOP)).isEmpty();
        assertThat(tokenizer.decode(new int[] {'a', STOP, 'b'}, true)).isEqualTo("ab");
    }

    /// Bytes in hexadecimal to text, `?` for U+FFFD; maximal ill-formed parts as in Unicode 16, table 3-8 and the text
    /// before it.
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "c0af                 | ??",       // overlong form of two bytes
        "e080bf               | ???",      // overlong form of three bytes
        "eda0bf               | ???",      // encoded surrogate
        "f4918092             | ????",     // above U+10FFFF
        "e1800061             | ?\0a",     // cut off after two of three bytes
        "f1808041             | ?A",       // cut off after three of four bytes
        "f18080e18041         | ??A",      // a lead byte ends the part before it
        "80bf                 | ??",       // continuation bytes alone
        "ff61                 | ?a",
        "f48fbfbf             | \udbff\udfff"})
    void illFormedBytesBecomeOneReplacementAPart(String hex, String text) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        assertThat(tokenizer.decode(ids(bytes))).isEqualTo(text.replace('?', '\ufffd'));
    }

    @Test
    void streamedTextIsTheDecodedTextAndNeverEndsInsideACharacter() {
        SplittableRandom random = new SplittableRandom(SEED);
        int[] bytes = {'a', 0xc3, 0xa9, 0xe0, 0xa0, 0x80, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0xbf, 0xff, STOP};
        for (int i = 0; i < RANDOM_SEQUENCES; i++) {
            int[] ids = random.ints(random.nextInt(LONGEST_SEQUENCE), 0, bytes.length).map(b -> bytes[b]).toArray();
            StreamingDecoder decoder = tokenizer.streamingDecoder(false);
            StringBuilder text = new StringBuilder();
            for (int id : ids) {
                String part = decoder.push(id);
                assertThat(part.isEmpty() || !Character.isHighSurrogate(part.charAt(part.length() - 1))).isTrue();
                text.append(part);
            }
            assertThat(text.append(decoder.finish())).hasToString(tokenizer.decode(ids));
        }
    }

    @Test
    void wellFormedBytesDecodeAsTheJdkDecodesThem() {
        String text = "a é ߿ ࠀ 中 \ud7ff \ue000 \uffff 𐀀 😀 \udbff\udfff";
        assertThat(tokenizer.decode(ids(text.getBytes(StandardCharsets.UTF_8)))).isEqualTo(text);
    }

    @Test
    void anIdWithoutATokenHasNoTextAndANegativeIdIsRefused() {
        assertThat(tokenizer.decode(new int[] {'a', 100_000, 'b'})).isEqualTo("ab");
        assertThatThrownBy(() -> tokenizer.decode(new int[] {-1})).isInstanceOf(TokenizerException.class)
                .hasMessage("decode: id -1 must not be negative");
    }

    private static int[] ids(byte[] bytes) {
        int[] ids = new int[bytes.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = bytes[i] & 0xff;
        }
        return ids;
    }
}
