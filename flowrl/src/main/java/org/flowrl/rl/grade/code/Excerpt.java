package org.flowrl.rl.grade.code;

/// Text of a program's, made fit for a message.
final class Excerpt {
    private static final int MAX_CHARACTERS = 120;

    private Excerpt() {
    }

    /// The first line, and of that at most 120 characters.
    static String of(String text) {
        return cut(text.strip().lines().findFirst().orElse(""));
    }

    /// The last line, where interpreters name the error, and of that at most 120 characters.
    static String ofLastLine(String text) {
        return cut(text.strip().lines().reduce("", (_, line) -> line));
    }

    private static String cut(String line) {
        return line.length() <= MAX_CHARACTERS ? line : line.substring(0, MAX_CHARACTERS) + "…";
    }
}
