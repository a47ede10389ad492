package org.flowrl.transformer.text;

/// Cuts text into the pieces within which byte pairs may merge: Qwen's split rule, as a scanner.
///
/// The rule is the regular expression [#REGEX]; its alternatives are tried in order at each position and the first that
/// matches is the piece, so every character falls into exactly one piece. [#end] is that expression written out: each
/// branch names the alternative it is. `\s` is Unicode's White_Space, `\p{L}` and `\p{N}` are the general categories of
/// the running JDK's Unicode version.
final class QwenSplitter {
    /// The `pre_tokenizer` pattern of Qwen2, Qwen2.5, Qwen3 and DeepSeek-R1-Distill-Qwen, as `tokenizer.json` has it.
    static final String REGEX = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final byte OTHER = 0;
    private static final byte LETTER = 1;
    private static final byte NUMBER = 2;
    private static final byte SPACE = 3;
    /// Carriage return and line feed: white space that the rule treats apart.
    private static final byte NEWLINE = 4;

    /// The class of each character of the basic multilingual plane; surrogates are looked up as code points.
    private static final byte[] CLASSES = classes();

    private QwenSplitter() {
    }

    /// The end, exclusive, of the piece that starts at `from` where the text ends at `to`; `from < to`, and neither
    /// lies inside a surrogate pair.
    static int end(String text, int from, int to) {
        char first = text.charAt(from);
        if (first == '\'') {
            int end = contractionEnd(text, from, to);
            if (end > from) {
                return end;                                            // (?i:'s|'t|'re|'ve|'m|'ll|'d)
            }
        }
        int next = after(text, from, to);
        byte kind = kind(text, from, to);
        if (kind == LETTER) {
            return letters(text, next, to);                            // \p{L}+
        }
        if (kind == NUMBER) {
            return next;                                               // \p{N}
        }
        byte nextKind = next < to ? kind(text, next, to) : NEWLINE;
        if (kind != NEWLINE && nextKind == LETTER) {
            return letters(text, next, to);                            // [^\r\n\p{L}\p{N}]\p{L}+
        }
        if (kind == OTHER || first == ' ' && nextKind == OTHER) {
            return newlines(text, others(text, next, to), to);         // ' '?[^\s\p{L}\p{N}]+[\r\n]*
        }
        return whiteSpaceEnd(text, from, to);
    }

    /// Whether `character` is Unicode white space; all of it lies in the basic multilingual plane.
    static boolean isWhiteSpace(char character) {
        return CLASSES[character] >= SPACE;
    }

    /// The last three alternatives: `\s*[\r\n]+`, else `\s+(?!\S)`, else `\s+`.
    private static int whiteSpaceEnd(String text, int from, int to) {
        int afterLastNewline = -1;
        int end = from;
        for (; end < to; end++) {
            byte kind = CLASSES[text.charAt(end)];
            if (kind < SPACE) {
                break;
            }
            if (kind == NEWLINE) {
                afterLastNewline = end + 1;
            }
        }
        if (afterLastNewline > 0) {
            return afterLastNewline;
        }
        // A run before other text leaves its last character to the piece that follows, unless it is the only one.
        return end == to || end == from + 1 ? end : end - 1;
    }

    /// The end of the contraction that starts with the apostrophe at `from`, or −1. Letters compare under Unicode
    /// simple case folding, so the long s U+017F counts as s.
    private static int contractionEnd(String text, int from, int to) {
        if (from + 1 >= to) {
            return -1;
        }
        char first = text.charAt(from + 1);
        switch (first) {
            case 's', 'S', 'ſ', 't', 'T', 'm', 'M', 'd', 'D' -> {
                return from + 2;
            }
            case 'r', 'R', 'v', 'V', 'l', 'L' -> {
                int second = from + 2 < to ? text.charAt(from + 2) | 0x20 : 0;      // 0x20: ASCII lower case
                boolean matches = second == ((first | 0x20) == 'l' ? 'l' : 'e');
                return matches ? from + 3 : -1;
            }
            default -> {
                return -1;
            }
        }
    }

    private static int letters(String text, int from, int to) {
        int i = from;
        while (i < to && kind(text, i, to) == LETTER) {
            i = after(text, i, to);
        }
        return i;
    }

    private static int others(String text, int from, int to) {
        int i = from;
        while (i < to && kind(text, i, to) == OTHER) {
            i = after(text, i, to);
        }
        return i;
    }

    private static int newlines(String text, int from, int to) {
        int i = from;
        while (i < to && CLASSES[text.charAt(i)] == NEWLINE) {
            i++;
        }
        return i;
    }

    private static int after(String text, int i, int to) {
        return Character.isHighSurrogate(text.charAt(i)) && i + 1 < to ? i + 2 : i + 1;
    }

    private static byte kind(String text, int i, int to) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c) && i + 1 < to) {
            return kind(Character.toCodePoint(c, text.charAt(i + 1)));
        }
        return CLASSES[c];
    }

    private static byte kind(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.UPPERCASE_LETTER, Character.LOWERCASE_LETTER, Character.TITLECASE_LETTER,
                 Character.MODIFIER_LETTER, Character.OTHER_LETTER -> LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            default -> OTHER;
        };
    }

    private static byte[] classes() {
        byte[] classes = new byte[Character.MAX_VALUE + 1];
        for (int c = 0; c < classes.length; c++) {
            boolean separator = Character.isSpaceChar(c);          // categories Zs, Zl, Zp
            boolean control = c >= '\t' && c <= '\r' || c == 0x85; // the white space among the control characters
            classes[c] = c == '\r' || c == '\n' ? NEWLINE : separator || control ? SPACE : kind(c);
        }
        return classes;
    }
}
