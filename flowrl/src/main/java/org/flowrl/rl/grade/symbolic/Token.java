package org.flowrl.rl.grade.symbolic;

/// A piece of a formula.
///
/// @param text the number's digits, the word, the command without its backslash, the sign, or the words of a `\text`
/// @param spaced whether blanks stand before it
record Token(Kind kind, String text, boolean spaced) {
    /// What a token is.
    enum Kind {
        /// A decimal literal, thousands separators removed.
        NUMBER,
        /// Digits after which an overline repeats others: `text` is `whole.fixed|repeated`.
        REPEATING,
        /// One Latin letter, or a known name of several.
        WORD,
        /// A LaTeX command that is not resolved into another kind.
        COMMAND,
        /// A character with a meaning of its own, or a pair of them such as `<=`.
        SIGN,
        /// Words in `\text{…}` and its like.
        TEXT,
        END
    }

    boolean is(Kind wanted, String wantedText) {
        return kind == wanted && text.equals(wantedText);
    }

    boolean isSign(String wantedText) {
        return is(Kind.SIGN, wantedText);
    }

    boolean isCommand(String wantedText) {
        return is(Kind.COMMAND, wantedText);
    }
}
