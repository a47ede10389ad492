package org.flowrl.transformer.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QwenSplitterTest {
    /// The rule itself, run by java.util.regex with Unicode classes and Unicode case folding.
    private static final Pattern RULE = Pattern.compile(QwenSplitter.REGEX, Pattern.UNICODE_CHARACTER_CLASS);
    private static final int RANDOM_TEXTS = 60_000;
    private static final int LONGEST_TEXT = 14;
    private static final long SEED = 20_250_925;

    /// Characters on which the alternatives of the rule disagree: contractions in all cases, each kind of white space,
    /// letters, digits, marks, numbers and symbols inside and outside the basic multilingual plane.
    private static final String TRICKY = "''sStTmMdDrReEvVlLſK  \t\n\r\u000b\f\u0085\u00a0\u1680\u2003\u2028"
            + "\u2029\u3000\u180e\u200b\ufeff.,!_-+$aéßЖ中한\u0301\u0903०٣Ⅷ½²1９𝐀𝟙😀\ud83c\udde6ﬆŉ\u0378";

    /// Expected pieces by hand, from the order of the alternatives. `_` stands for a space, `¶` for a newline, `/` for
    /// the end of a piece.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        "I'll_GO.__now | I/'ll/_GO/./_/_now",
        "x_12.5%¶¶y    | x/_/1/2/./5/%¶¶/y",
        "_¶_¶_a        | _¶_¶/_a",
        "a___          | a/___",
        "a___b         | a/__/_b",
        "a_..¶b        | a/_..¶/b",
        "don'tx        | don/'t/x",
        "it'''s        | it/'''/s",
        "_'s           | _'/s",
        "'re'VE'lL'rx  | 're/'VE/'lL/'rx"})
    void piecesAreThoseOfTheRule(String text, String pieces) {
        List<String> expected = List.of(pieces.replace('_', ' ').replace('¶', '\n').split("/"));
        assertThat(pieces(text.replace('_', ' ').replace('¶', '\n'))).isEqualTo(expected);
    }

    @Test
    void randomTextsSplitAsTheRegularExpressionDoes() {
        int[] alphabet = TRICKY.codePoints().toArray();
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < RANDOM_TEXTS; i++) {
            String text = randomText(random, alphabet);
            assertThat(pieces(text)).as(text).isEqualTo(rulePieces(text));
        }
    }

    @Test
    void everyCodePointHasTheClassThatTheRegularExpressionGivesIt() {
        List<String> wrong = new ArrayList<>();
        for (int codePoint = 0; codePoint <= Character.MAX_CODE_POINT; codePoint++) {
            if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
                continue;
            }
            // A digit keeps apart from every class; a letter shows whether the code point can begin a word.
            String text = Character.toString(codePoint) + "1" + Character.toString(codePoint) + "a";
            if (!pieces(text).equals(rulePieces(text))) {
                wrong.add(String.format("U+%04X", codePoint));
            }
        }
        assertThat(wrong).isEmpty();
    }

    private static String randomText(SplittableRandom random, int[] alphabet) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(1, LONGEST_TEXT + 1);
        for (int i = 0; i < length; i++) {
            text.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
        }
        return text.toString();
    }

    private static List<String> pieces(String text) {
        List<String> pieces = new ArrayList<>();
        for (int from = 0; from < text.length(); ) {
            int end = QwenSplitter.end(text, from, text.length());
            pieces.add(text.substring(from, end));
            from = end;
        }
        return pieces;
    }

    private static List<String> rulePieces(String text) {
        List<String> pieces = new ArrayList<>();
        Matcher matcher = RULE.matcher(text);
        while (matcher.find()) {
            pieces.add(matcher.group());
        }
        return pieces;
    }
}
