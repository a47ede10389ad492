package org.flowrl.rl.grade;

import static java.util.Map.entry;

import java.util.List;
import java.util.Map;

/// Writes the digits, separators and answer phrases of other scripts as those of English mathematics, so that answers
/// in Arabic and Chinese are read by the same rules: ١٬٢٣٤٫٥ and １，２３４．５ are 1,234.5, and 答案是 is "answer is".
/// Marks of writing direction and other invisible characters are dropped.
final class Transliteration {
    private static final Map<Character, String> SIGNS = Map.ofEntries(entry('٫', "."), entry('٬', ","),
            entry('،', ","), entry('؛', ";"), entry('٪', "%"), entry('。', ". "),
            entry('、', ","), entry('：', ": "), entry('　', " "),
            entry('\u00A0', " "), entry('\u202F', " "), entry('【', "["), entry('】', "]"));
    /// Longer phrases first: each holds those after it.
    private static final List<Map.Entry<String, String>> PHRASES = List.of(entry("最终答案", "final answer "),
            entry("最後答案", "final answer "), entry("正确答案", "answer "), entry("答案", "answer "),
            entry("answer 是", "answer is "), entry("answer 为", "answer is "), entry("answer 為", "answer is "),
            entry("الإجابة النهائية", "final answer "), entry("الجواب النهائي", "final answer "),
            entry("الإجابة", "answer "), entry("الجواب", "answer "), entry("answer  هي", "answer is "),
            entry("answer  هو", "answer is "), entry("answer :", "answer:"),
            entry("或", " or "), entry("和", " and "), entry("与", " and "));
    private static final char FULL_WIDTH_FIRST = '\uFF01';
    private static final char FULL_WIDTH_LAST = '\uFF5E';
    private static final int FULL_WIDTH_SHIFT = 0xFEE0;

    private Transliteration() {
    }

    /// The text in ASCII digits, signs and phrases; ASCII text is returned as it is.
    static String of(String text) {
        if (text.chars().allMatch(c -> c < 128)) {
            return text;
        }
        StringBuilder plain = new StringBuilder(text.length());
        text.codePoints().forEach(c -> append(plain, c));
        String result = plain.toString();
        for (Map.Entry<String, String> phrase : PHRASES) {
            result = result.replace(phrase.getKey(), phrase.getValue());
        }
        return result;
    }

    private static void append(StringBuilder plain, int c) {
        int digit = Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER ? Character.digit(c, 10) : -1;
        if (digit >= 0) {
            plain.append((char) ('0' + digit));
        } else if (c < Character.MIN_SUPPLEMENTARY_CODE_POINT && SIGNS.containsKey((char) c)) {
            plain.append(SIGNS.get((char) c));
        } else if (c >= FULL_WIDTH_FIRST && c <= FULL_WIDTH_LAST) {
            plain.append((char) (c - FULL_WIDTH_SHIFT));
        } else if (Character.getType(c) != Character.FORMAT) {
            plain.appendCodePoint(c);
        }
    }
}
