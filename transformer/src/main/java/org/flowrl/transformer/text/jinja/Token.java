package org.flowrl.transformer.text.jinja;

/// A piece of a template's source.
///
/// @param kind what it is
/// @param text of it: plain text, a name, a number as written, a string's value, an operator
/// @param line counted from 1
record Token(Kind kind, String text, int line) {
    /// What a token can be. A begin or end stands for all its spellings, with `-` or `+` or without.
    enum Kind { TEXT, OUTPUT_BEGIN, OUTPUT_END, BLOCK_BEGIN, BLOCK_END, NAME, STRING, INTEGER, FLOAT, OPERATOR, END }

    boolean is(Kind wanted, String wantedText) {
        return kind == wanted && text.equals(wantedText);
    }

    /// What a message calls it.
    String shown() {
        return switch (kind) {
            case TEXT -> "text";
            case OUTPUT_BEGIN -> "'{{'";
            case OUTPUT_END -> "'}}'";
            case BLOCK_BEGIN -> "'{%'";
            case BLOCK_END -> "'%}'";
            case STRING -> "the string '" + text + "'";
            case NAME, INTEGER, FLOAT, OPERATOR -> "'" + text + "'";
            case END -> "the end of the template";
        };
    }
}
