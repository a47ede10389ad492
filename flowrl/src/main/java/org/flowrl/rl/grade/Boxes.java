package org.flowrl.rl.grade;

import java.util.Optional;

/// The last box of a text, as the published string rules find it: braces are counted, and a box that is not closed is
/// none.
final class Boxes {
    private static final String BOXED = "\\boxed";
    private static final String FRAMED = "\\fbox";

    private Boxes() {
    }

    /// From the last `\boxed{` to the brace that closes it (`math_dapo`).
    static Optional<String> lastBraced(String text) {
        return from(text, text.lastIndexOf(BOXED + "{"));
    }

    /// From the last `\boxed`, or else the last `\fbox`, to the brace that closes it.
    static Optional<String> last(String text) {
        int start = text.lastIndexOf(BOXED);
        return from(text, start >= 0 ? start : text.lastIndexOf(FRAMED));
    }

    /// As {@link #last}; but where any `\boxed ` with a blank stands in the text, from the last of these to the next
    /// dollar sign (`math_reward`, `hendrycks`).
    static Optional<String> lastOrBlank(String text) {
        int start = text.lastIndexOf(BOXED + " ");
        if (start < 0) {
            return last(text);
        }
        int end = text.indexOf('$', start);
        return Optional.of(end < 0 ? text.substring(start) : text.substring(start, end));
    }

    /// What a `\boxed{…}` or `\boxed …` holds; nothing for `\fbox`.
    static Optional<String> content(String box) {
        if (box.startsWith(BOXED + " ")) {
            return Optional.of(box.substring(BOXED.length() + 1));
        }
        return box.startsWith(BOXED + "{") && box.endsWith("}")
                ? Optional.of(box.substring(BOXED.length() + 1, box.length() - 1)) : Optional.empty();
    }

    private static Optional<String> from(String text, int start) {
        int depth = 0;
        for (int i = start; i >= 0 && i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '{') {
                depth++;
            } else if (c == '}' && --depth == 0) {
                return Optional.of(text.substring(start, i + 1));
            }
        }
        return Optional.empty();
    }
}
