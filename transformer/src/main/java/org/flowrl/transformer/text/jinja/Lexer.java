package org.flowrl.transformer.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Cuts a template's source into tokens, and drops the white space that the template does not mean.
///
/// ```text
/// {%-  {{-  {#-    drop all white space before        -%}  -}}  -#}    drop all white space after
/// {%  {#           drop the line's white space before, where nothing else is there (not: {%+)
/// %}  #}           drop one line break after (not: +%})
/// ```
/// The source's last line break is dropped too. White space is what Python takes for it.
final class Lexer {
    private static final Pattern RAW_BEGIN = Pattern.compile("\\{%[-+]?\\s*raw\\s*(?:-%}\\s*|%})");
    private static final Pattern RAW_END = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%}|-%}\\s*|%}\\n?)");
    private static final Pattern FLOAT = Pattern.compile("[0-9][0-9_]*(?:(?:\\.[0-9_]+)?[eE][+-]?[0-9]+|\\.[0-9_]+)");
    private static final Pattern INTEGER = Pattern.compile("0[xX][0-9a-fA-F_]+|[0-9][0-9_]*");
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{Nl}_][\\p{L}\\p{N}\\p{M}_]*");
    private static final List<String> OPERATORS = List.of("//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%",
            "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int position;
    private int line = 1;
    /// Whether the text that follows begins a line.
    private boolean atLineStart = true;

    private Lexer(String source) {
        this.source = source;
    }

    /// The tokens of a template, the last of kind `END`.
    ///
    /// @throws JinjaException naming template and line where the source has no tokens
    static List<Token> tokens(String template, String source) {
        String lines = source.replace("\r\n", "\n").replace('\r', '\n');
        Lexer lexer = new Lexer(lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines);
        try {
            lexer.read();
        } catch (JinjaException e) {
            throw e.at(template, lexer.line);
        }
        return lexer.tokens;
    }

    private void read() {
        while (true) {
            int open = nextTag();
            if (open < 0) {
                text(source.substring(position));
                advance(source.length());
                add(Token.Kind.END, "");
                return;
            }
            char kind = source.charAt(open + 1);
            char sign = open + 2 < source.length() ? source.charAt(open + 2) : ' ';
            text(before(source.substring(position, open), sign, kind));
            advance(open);
            Matcher raw = RAW_BEGIN.matcher(source).region(open, source.length());
            if (kind == '%' && raw.lookingAt()) {
                advance(raw.end());
                raw();
            } else {
                advance(open + (sign == '-' || sign == '+' ? 3 : 2));
                switch (kind) {
                    case '#' -> comment();
                    case '%' -> code(Token.Kind.BLOCK_BEGIN, Token.Kind.BLOCK_END, "%}", true);
                    default -> code(Token.Kind.OUTPUT_BEGIN, Token.Kind.OUTPUT_END, "}}", false);
                }
            }
        }
    }

    private int nextTag() {
        for (int i = source.indexOf('{', position); i >= 0; i = source.indexOf('{', i + 1)) {
            if (i + 1 < source.length() && "%{#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return -1;
    }

    /// The text before a tag without the white space that the tag drops.
    private String before(String text, char sign, char kind) {
        if (sign == '-') {
            return PythonText.stripEnd(text, null);
        }
        if (sign == '+' || kind == '{') {
            return text;
        }
        int lineStart = text.lastIndexOf('\n') + 1;
        boolean isAlone = (lineStart > 0 || atLineStart) && PythonText.strip(text.substring(lineStart), null).isEmpty();
        return isAlone ? text.substring(0, lineStart) : text;
    }

    private void raw() {
        Matcher end = RAW_END.matcher(source);
        if (!end.find(position)) {
            throw new JinjaException("'{% raw %}' must be closed by '{% endraw %}'");
        }
        String sign = end.group(1);
        text(before(source.substring(position, end.start()), sign.isEmpty() ? ' ' : sign.charAt(0), '%'));
        advance(end.end());
    }

    private void comment() {
        int end = source.indexOf("#}", position);
        if (end < 0) {
            throw new JinjaException("'{#' must be closed by '#}'");
        }
        char sign = end > position ? source.charAt(end - 1) : ' ';
        advance(end + 2);
        after(sign, true);
    }

    /// Everything up to `close`, which does not count inside brackets.
    private void code(Token.Kind begin, Token.Kind end, String close, boolean trims) {
        add(begin, "");
        int depth = 0;
        while (true) {
            skipWhiteSpace();
            if (position == source.length()) {
                throw new JinjaException("'" + (trims ? "{%" : "{{") + "' must be closed by '" + close + "'");
            }
            char first = source.charAt(position);
            boolean signed = (first == '-' || first == '+' && trims) && source.startsWith(close, position + 1);
            if (depth == 0 && (signed || source.startsWith(close, position))) {
                add(end, "");
                advance(position + close.length() + (signed ? 1 : 0));
                after(signed ? first : ' ', trims);
                return;
            }
            Token token = token();
            tokens.add(token);
            if (token.kind() == Token.Kind.OPERATOR) {
                depth += "([{".contains(token.text()) ? 1 : ")]}".contains(token.text()) ? -1 : 0;
            }
        }
    }

    /// Drops what the end of a tag drops after it.
    private void after(char sign, boolean trims) {
        int from = position;
        if (sign == '-') {
            skipWhiteSpace();
        } else if (trims && sign != '+' && source.startsWith("\n", position)) {
            advance(position + 1);
        }
        atLineStart = position > from && source.charAt(position - 1) == '\n';
    }

    private Token token() {
        char first = source.charAt(position);
        if (first == '\'' || first == '"') {
            return string(first);
        }
        int start = line;
        String matched = match(FLOAT);
        if (matched != null) {
            return new Token(Token.Kind.FLOAT, matched.replace("_", ""), start);
        }
        matched = match(INTEGER);
        if (matched != null) {
            return new Token(Token.Kind.INTEGER, matched.replace("_", ""), start);
        }
        matched = match(NAME);
        if (matched != null) {
            return new Token(Token.Kind.NAME, matched, start);
        }
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, position)) {
                advance(position + operator.length());
                return new Token(Token.Kind.OPERATOR, operator, start);
            }
        }
        throw new JinjaException("unexpected character '" + Character.toString(source.codePointAt(position)) + "'");
    }

    private String match(Pattern pattern) {
        Matcher matcher = pattern.matcher(source).region(position, source.length());
        if (!matcher.lookingAt()) {
            return null;
        }
        advance(matcher.end());
        return matcher.group();
    }

    private Token string(char quote) {
        int start = line;
        StringBuilder value = new StringBuilder();
        int i = position + 1;
        while (i < source.length() && source.charAt(i) != quote) {
            if (source.charAt(i) == '\\' && i + 1 < source.length()) {
                i = escape(i + 1, value);
            } else {
                value.append(source.charAt(i++));
            }
        }
        if (i >= source.length()) {
            throw new JinjaException("a string must be closed by " + quote);
        }
        advance(i + 1);
        return new Token(Token.Kind.STRING, value.toString(), start);
    }

    /// Appends what the escape at `i`, after its backslash, stands for; the place after it. Unknown escapes stay.
    private int escape(int i, StringBuilder value) {
        char c = source.charAt(i);
        int known = "nrtabfv0\\'\"".indexOf(c);
        if (known >= 0) {
            value.append("\n\r\t\u0007\b\f\u000b\0\\'\"".charAt(known));
            return i + 1;
        }
        int digits = switch (c) {
            case 'x' -> 2;
            case 'u' -> 4;
            case 'U' -> 8;
            default -> 0;
        };
        if (digits > 0) {
            String number = source.substring(i + 1, Math.min(source.length(), i + 1 + digits));
            if (!number.matches("[0-9a-fA-F]{" + digits + "}") || Long.parseLong(number, 16) > 0x10ffff) {
                throw new JinjaException("'\\" + c + number + "' is no escape");
            }
            value.appendCodePoint(Integer.parseInt(number, 16));
        } else if (c != '\n') {
            value.append('\\').append(c);
        }
        return i + 1 + digits;
    }

    private void skipWhiteSpace() {
        int end = position;
        while (end < source.length() && PythonText.isSpace(source.charAt(end))) {
            end++;
        }
        advance(end);
    }

    private void text(String text) {
        if (!text.isEmpty()) {
            add(Token.Kind.TEXT, text);
        }
    }

    private void add(Token.Kind kind, String text) {
        tokens.add(new Token(kind, text, line));
    }

    private void advance(int to) {
        for (; position < to; position++) {
            line += source.charAt(position) == '\n' ? 1 : 0;
        }
    }
}
