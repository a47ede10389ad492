package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.flowrl.transformer.text.TinyTokenizer.token;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    @TempDir
    Path folder;

    @Test
    void anAlphabetNumbersSpecialTokensThenSymbols() {
        Tokenizer tokenizer = Tokenizer.ofAlphabet(List.of("<pad>", "<eos>"), List.of("0", "1", " ", "\n"));
        assertThat(tokenizer.vocabSize()).isEqualTo(6);
        assertThat(tokenizer.encode("10 <eos>\n")).containsExactly(3, 2, 4, 1, 5);
        assertThat(tokenizer.decode(new int[] {3, 2, 4, 1, 5})).isEqualTo("10 <eos>\n");
        assertThat(tokenizer.decode(new int[] {3, 2, 4, 1, 5}, true)).isEqualTo("10 \n");
        assertThat(tokenizer.padTokenId()).hasValue(0);
        assertThat(tokenizer.eosTokenId()).hasValue(1);
        assertThat(tokenizer.bosTokenId()).isEmpty();
        assertThat(tokenizer.isSpecial(1)).isTrue();
        assertThat(tokenizer.isSpecial(2)).isFalse();
        assertThat(tokenizer.id("Ġ")).hasValue(4);
        assertThat(tokenizer.token(4)).isEqualTo("Ġ");
        assertThat(tokenizer.id("9")).isEmpty();
    }

    @Test
    void anAlphabetOfAllAsciiRoundTripsThroughAFolder() {
        List<String> symbols = IntStream.range(0, 0x80).mapToObj(Character::toString).toList();
        String text = String.join("", symbols) + "It's 12  o'clock\r\n\n";
        SpecialTokens roles = new SpecialTokens(Optional.of("<s>"), Optional.of("</s>"), Optional.empty());
        Tokenizer made = Tokenizer.ofAlphabet(List.of("<s>", "</s>"), symbols, roles);
        made.save(folder);
        Tokenizer loaded = Tokenizer.load(folder);
        assertThat(made.decode(made.encode(text))).isEqualTo(text);
        assertThat(loaded.encode("<s>" + text)).isEqualTo(made.encode("<s>" + text));
        assertThat(loaded.specialTokens()).isEqualTo(roles);
        assertThat(loaded.vocabSize()).isEqualTo(2 + 0x80);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "a2b | encode: character '2' (U+0032) has no token: byte 0x32 ('2') must be in the vocabulary",
        "a12a31b | encode: characters '1' (U+0031), '2' (U+0032), '3' (U+0033) have no token: their bytes",
        "b12345678 | encode: characters '1' (U+0031), '2' (U+0032), '3' (U+0033), '4' (U+0034), '5' (U+0035), "
                + "'6' (U+0036) and 2 more have no token",
        "a中 | encode: character '中' (U+4E2D) has no token: byte 0xe4 ('ä') must be in the vocabulary"})
    void aCharacterOutsideTheAlphabetIsAnErrorThatNamesIt(String text, String message) {
        Tokenizer tokenizer = Tokenizer.ofAlphabet(List.of(), List.of("a", "b"));
        assertThatThrownBy(() -> tokenizer.encode(text)).isInstanceOf(TokenizerException.class)
                .hasMessageStartingWith(message);
        assertThat(tokenizer.encode("ab")).containsExactly(0, 1);
    }

    @Test
    void anAlphabetRefusesWhatHasNoSingleId() {
        assertAlphabetRefused(List.of(), List.of("ab"), "symbol 'ab' must be one ASCII character");
        assertAlphabetRefused(List.of(), List.of("é"), "symbol 'é' must be one ASCII character");
        assertAlphabetRefused(List.of(), List.of("a", "a"), "symbol 'a' must not occur twice");
        assertAlphabetRefused(List.of("a"), List.of("a"), "symbol 'a' must not occur twice");
        assertAlphabetRefused(List.of("<x>", "<x>"), List.of("a"), "special token '<x>' must not occur twice");
        assertAlphabetRefused(List.of(""), List.of("a"), "special token 0 must not be empty");
        SpecialTokens absent = new SpecialTokens(Optional.empty(), Optional.of("<stop>"), Optional.empty());
        assertThatThrownBy(() -> Tokenizer.ofAlphabet(List.of(), List.of("a"), absent))
                .hasMessageEndingWith("eos_token '<stop>' must be in the vocabulary");
    }

    @Test
    void aLoneSurrogateIsRefused() {
        Tokenizer tokenizer = Tokenizer.ofAlphabet(List.of(), List.of("a"));
        for (String text : List.of("a\ud83d", "a\ude00a", "a\ud83da")) {
            assertThatThrownBy(() -> tokenizer.encode(text)).isInstanceOf(TokenizerException.class)
                    .hasMessageStartingWith("encode: character 1 of the text is the lone surrogate U+D");
        }
    }

    @Test
    void pairsMergeByRankWithinAPieceAndNotAcross() throws IOException {
        // Ids: byte b is b; "he" 256, "ll" 257, "hell" 258, "lo" 259, "Ġh" 260.
        Tokenizer tokenizer = TinyTokenizer.ofBytes(folder, List.of("h e", "l l", "he ll", "l o", "Ġ h"));
        assertThat(tokenizer.encode("hello")).containsExactly(258, 'o');
        assertThat(tokenizer.encode("lolo")).containsExactly(259, 259);
        assertThat(tokenizer.encode(" hi")).containsExactly(260, 'i');
        // "l" and "l" lie in the pieces "l" and "'ll", where the apostrophe's piece is "'ll".
        assertThat(tokenizer.encode("l'll")).containsExactly('l', '\'', 257);
        assertThat(tokenizer.token(258)).isEqualTo("hell");
    }

    @Test
    void textIsNormalisedBeforeItIsSplit() throws IOException {
        Tokenizer tokenizer = TinyTokenizer.ofBytes(folder, List.of());
        assertThat(tokenizer.encode("e\u0301")).containsExactly(0xc3, 0xa9);
        assertThat(tokenizer.encode("\u212b")).containsExactly(0xc3, 0x85); // the angstrom sign is Å
    }

    @Test
    void withoutANormalizerTextStaysAsItIs() throws IOException {
        TinyTokenizer.write(folder, List.of());
        TinyTokenizer.edit(folder, "tokenizer.json", json -> json.putNull("normalizer"));
        assertThat(Tokenizer.load(folder).encode("e\u0301")).containsExactly('e', 0xcc, 0x81);
    }

    @Test
    void addedTokensMatchLeftmostLongestBeforeTheSplit() throws IOException {
        Tokenizer tokenizer = TinyTokenizer.ofBytes(folder, List.of(), token(256, "<a>", true),
                token(257, "<a><b>", false), token(258, "b><", false));
        assertThat(tokenizer.encode("<a><b><a>")).containsExactly(257, 256);
        assertThat(tokenizer.encode("x<a>x")).containsExactly('x', 256, 'x');
        assertThat(tokenizer.encode("<b><a>")).containsExactly('<', 258, 'a', '>');
        assertThat(tokenizer.encode("<a")).containsExactly('<', 'a');
        assertThat(tokenizer.decode(new int[] {256, 257}, true)).isEqualTo("<a><b>");
    }

    @Test
    void strippingTokensTakeTheWhiteSpaceBesideThem() throws IOException {
        Tokenizer tokenizer = TinyTokenizer.ofBytes(folder, List.of(),
                new AddedToken(256, "<l>", false, false, true, false, false),
                new AddedToken(257, "<r>", false, false, false, true, false));
        assertThat(tokenizer.encode("a \t<l> b")).containsExactly('a', 256, ' ', 'b');
        assertThat(tokenizer.encode("a <r>\u3000\n b")).containsExactly('a', ' ', 257, 'b');
        assertThat(tokenizer.encode("<r>  <l>")).containsExactly(257, 256);
    }

    @Test
    void aSingleWordTokenMatchesOnlyApartFromWordCharacters() throws IOException {
        Tokenizer tokenizer = TinyTokenizer.ofBytes(folder, List.of(),
                new AddedToken(256, "go", false, false, false, false, true));
        assertThat(tokenizer.encode("go go.")).containsExactly(256, ' ', 256, '.');
        assertThat(tokenizer.encode("gone")).containsExactly('g', 'o', 'n', 'e');
        assertThat(tokenizer.encode("_go")).containsExactly('_', 'g', 'o');
    }

    @Test
    void aNormalizedTokenMatchesInTheNormalisedText() throws IOException {
        AddedToken raw = new AddedToken(256, "[é]", false, false, false, false, false);
        Tokenizer tokenizer = TinyTokenizer.ofBytes(folder, List.of(), raw,
                new AddedToken(257, "<e\u0301>", false, true, false, false, false));
        assertThat(tokenizer.encode("<e\u0301><é>[é]")).containsExactly(257, 257, 256);
        assertThat(tokenizer.encode("[e\u0301]")).containsExactly('[', 0xc3, 0xa9, ']');
    }

    @Test
    void aTemplateSaysWhatIsPutAroundAText() throws IOException {
        TinyTokenizer.write(folder, List.of(), token(256, "<bos>", true), token(257, "<eos>", true));
        TinyTokenizer.edit(folder, "tokenizer.json", json -> {
            var processor = json.putObject("post_processor").put("type", "TemplateProcessing");
            var single = processor.putArray("single");
            single.addObject().putObject("SpecialToken").put("id", "<bos>").put("type_id", 0);
            single.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
            single.addObject().putObject("SpecialToken").put("id", "<eos>").put("type_id", 0);
            var tokens = processor.putObject("special_tokens");
            tokens.putObject("<bos>").putArray("ids").add(256);
            tokens.putObject("<eos>").putArray("ids").add(257);
        });
        Tokenizer tokenizer = Tokenizer.load(folder);
        assertThat(tokenizer.encode("a")).containsExactly(256, 'a', 257);
        assertThat(tokenizer.encode("")).containsExactly(256, 257);
        assertThat(tokenizer.encode("a", false)).containsExactly('a');
    }

    /// Letters, digits of any script, marks, joiners and underscores are of a word.
    @ParameterizedTest
    @ValueSource(strings = {"cat7", "7cat", "cat\u0663", "cat_", "_cat", "cat\u0301", "cats", "\u4e2dcat", "cat\u200d"})
    void aTokenOfAWordOfItsOwnIsNotFoundInALongerOne(String word) throws IOException {
        AddedToken cat = new AddedToken(256, "cat", false, false, false, false, true);
        Tokenizer tokenizer = TinyTokenizer.ofBytes(folder, List.of(), cat);
        assertThat(tokenizer.encode("a (cat)-cat.")).contains(256);
        assertThat(Arrays.stream(tokenizer.encode("cat " + word + " cat")).filter(id -> id == 256).count())
                .isEqualTo(2);
    }

    /// Each step of encoding makes one symbol of two, so that nothing goes round in circles.
    @Test
    void aMergeThatGivesBackItsOwnSideEnds() throws IOException {
        TinyTokenizer.write(folder, List.of());
        TinyTokenizer.edit(folder, "tokenizer.json", json -> {
            ObjectNode model = (ObjectNode) json.get("model");
            ((ObjectNode) model.get("vocab")).put("", 256);
            ArrayNode merges = model.putArray("merges");
            merges.addArray().add("").add("a");
            merges.addArray().add("a").add("");
            merges.addArray().add("").add("");
        });
        assertThat(Tokenizer.load(folder).encode("aaa")).containsExactly('a', 'a', 'a');
    }

    @Test
    void manyThreadsEncodeAsOneDoes() throws IOException {
        Tokenizer tokenizer = TinyTokenizer.ofBytes(folder, List.of("a b", "ab c", "Ġ ab"));
        List<String> texts = IntStream.range(0, 2_000)
                .mapToObj(i -> "abc ab" + i + " é" + "ab".repeat(i % 90)).toList();
        List<int[]> alone = texts.stream().map(tokenizer::encode).toList();
        List<int[]> together = texts.parallelStream().map(tokenizer::encode).toList();
        for (int i = 0; i < texts.size(); i++) {
            assertThat(together.get(i)).isEqualTo(alone.get(i));
            assertThat(tokenizer.decode(together.get(i))).isEqualTo(texts.get(i));
        }
    }

    private static void assertAlphabetRefused(List<String> specialTokens, List<String> symbols, String message) {
        assertThatThrownBy(() -> Tokenizer.ofAlphabet(specialTokens, symbols)).isInstanceOf(TokenizerException.class)
                .hasMessageStartingWith("ofAlphabet: " + message);
    }
}
