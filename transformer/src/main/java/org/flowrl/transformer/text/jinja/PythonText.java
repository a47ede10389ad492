package org.flowrl.transformer.text.jinja;

import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/// Values as Python's `str`, `repr` and `json.dumps` write them, and what Python takes for white space.
final class PythonText {
    /// Powers of ten between which Python writes a float without an exponent.
    private static final int LEAST_PLAIN_EXPONENT = -4;
    private static final int PLAIN_EXPONENTS_END = 16;

    private PythonText() {
    }

    /// `str(value)`; nothing for an undefined value.
    static String str(Object value) {
        return switch (value) {
            case String text -> text;
            case Undefined _ -> "";
            case null, default -> repr(value);
        };
    }

    /// `repr(value)`
    static String repr(Object value) {
        return switch (value) {
            case null -> "None";
            case Boolean flag -> flag ? "True" : "False";
            case Double number -> number(number);
            case String text -> quoted(text);
            case Undefined _ -> "Undefined";
            case List<?> list -> joined(list.iterator(), "[", "]", (out, item) -> out.append(repr(item)));
            case Map<?, ?> map -> joined(map.entrySet().iterator(), "{", "}", (out, entry) ->
                    out.append(repr(entry.getKey())).append(": ").append(repr(entry.getValue())));
            default -> value.toString();
        };
    }

    /// `json.dumps(value, ensure_ascii=False, indent=indent)`; on one line where `indent` is negative.
    static String json(Object value, int indent) {
        StringBuilder out = new StringBuilder();
        json(value, indent, 0, out);
        return out.toString();
    }

    private static void json(Object value, int indent, int depth, StringBuilder out) {
        switch (value) {
            case null -> out.append("null");
            case Boolean flag -> out.append(flag);
            case Long number -> out.append(number);
            case Double number -> out.append(number.isNaN() ? "NaN" : number.isInfinite()
                    ? number > 0 ? "Infinity" : "-Infinity" : number(number));
            case String text -> jsonString(text, out);
            case List<?> list -> jsonBody(list.iterator(), "[", "]", indent, depth, out,
                    item -> json(item, indent, depth + 1, out));
            case Map<?, ?> map -> jsonBody(map.entrySet().iterator(), "{", "}", indent, depth, out, entry -> {
                jsonString(key(entry.getKey()), out);
                out.append(": ");
                json(entry.getValue(), indent, depth + 1, out);
            });
            default -> throw new JinjaException("tojson: " + Operators.kind(value) + " has no JSON form");
        }
    }

    private static <T> void jsonBody(Iterator<T> items, String open, String close, int indent, int depth,
            StringBuilder out, Consumer<T> write) {
        out.append(open);
        boolean isEmpty = !items.hasNext();
        while (items.hasNext()) {
            lineBreak(indent, depth + 1, out);
            write.accept(items.next());
            if (items.hasNext()) {
                out.append(indent < 0 ? ", " : ",");
            }
        }
        if (!isEmpty) {
            lineBreak(indent, depth, out);
        }
        out.append(close);
    }

    private static void lineBreak(int indent, int depth, StringBuilder out) {
        if (indent >= 0) {
            out.append('\n').repeat(" ", indent * depth);
        }
    }

    private static String key(Object key) {
        return switch (key) {
            case String text -> text;
            case null -> "null";
            case Boolean flag -> flag.toString();
            case Long _, Double _ -> repr(key);
            default -> throw new JinjaException("tojson: " + Operators.kind(key) + " cannot be a key");
        };
    }

    private static void jsonString(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < ' ') {
                        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static String number(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        int exponent = shortest.precision() - shortest.scale() - 1;
        if (exponent >= LEAST_PLAIN_EXPONENT && exponent < PLAIN_EXPONENTS_END) {
            String plain = shortest.toPlainString();
            return plain.contains(".") ? plain : plain + ".0";
        }
        String mantissa = shortest.movePointLeft(exponent).toPlainString();
        return mantissa + "e" + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    private static String quoted(String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        StringBuilder out = new StringBuilder().append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (c < ' ' || c == 0x7f) {
                        out.append(String.format(Locale.ROOT, "\\x%02x", c));
                    } else {
                        out.appendCodePoint(c);
                    }
                }
            }
        });
        return out.append(quote).toString();
    }

    private static <T> String joined(Iterator<T> items, String open, String close,
            BiConsumer<StringBuilder, T> append) {
        StringBuilder out = new StringBuilder(open);
        while (items.hasNext()) {
            append.accept(out, items.next());
            out.append(items.hasNext() ? ", " : "");
        }
        return out.append(close).toString();
    }

    /// Whether `str.isspace` is true of the character.
    static boolean isSpace(char c) {
        return c >= '\t' && c <= '\r' || c >= 0x1c && c <= ' ' || c == 0x85 || Character.isSpaceChar(c);
    }

    /// `text.strip(characters)`; white space where `characters` is null.
    static String strip(String text, String characters) {
        return stripStart(stripEnd(text, characters), characters);
    }

    /// `text.lstrip(characters)`
    static String stripStart(String text, String characters) {
        int from = 0;
        while (from < text.length() && isStripped(text.charAt(from), characters)) {
            from++;
        }
        return text.substring(from);
    }

    /// `text.rstrip(characters)`
    static String stripEnd(String text, String characters) {
        int to = text.length();
        while (to > 0 && isStripped(text.charAt(to - 1), characters)) {
            to--;
        }
        return text.substring(0, to);
    }

    private static boolean isStripped(char c, String characters) {
        return characters == null ? isSpace(c) : characters.indexOf(c) >= 0;
    }
}
