package org.flowrl.rl.grade.code;

/// Text of a program's, made fit for a message.
final class Excerpt {
    private static final int MAX_CHARACTERS = 120;

    private Excerpt() {
    }

    /// The first line, and of that at most 120 characters.
    static String of(String text) {
        String line = text.strip().lines().findFirst().orElse("");
        return line.length() <= MAX_CHARACTERS ? line : line.substring(0, MAX_CHARACTERS) + "…";
    }
}
