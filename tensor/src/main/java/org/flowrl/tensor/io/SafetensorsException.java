package org.flowrl.tensor.io;

import java.nio.file.Path;
import java.util.Locale;

/// A safetensors file that is refused: the message names the file, the byte at fault and the rule it breaks.
public final class SafetensorsException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// Names and values in a message are the file's, which is not to be trusted with a line of any length.
    private static final int MAX_RULE_CHARACTERS = 1000;

    private final transient Path path;
    private final long offset;

    SafetensorsException(Path path, long offset, String rule) {
        super(path + ", byte " + offset + ": " + oneLine(rule));
        this.path = path;
        this.offset = offset;
    }

    /// The refused file; null after deserialization.
    public Path path() {
        return path;
    }

    /// Where in the file the fault lies, in bytes from its start; where the header is not JSON, the place at which its
    /// parser stopped.
    public long offset() {
        return offset;
    }

    private static String oneLine(String rule) {
        StringBuilder line = new StringBuilder();
        rule.codePoints().limit(MAX_RULE_CHARACTERS).forEach(character -> {
            switch (Character.getType(character)) {
                case Character.CONTROL, Character.SURROGATE, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
                        line.append(String.format(Locale.ROOT, "\\u%04x", character));
                default -> line.appendCodePoint(character);
            }
        });
        return rule.codePointCount(0, rule.length()) > MAX_RULE_CHARACTERS ? line + " …" : line.toString();
    }
}
