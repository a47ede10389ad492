package org.flowrl.transformer.text.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// `value.name` and `value[index]`: a dict's entries, a list's items, and the methods of Python's str, dict and list
/// that read. Methods that would change a value are refused, as the sandbox of Transformers does.
final class Attributes {
    private static final Set<String> CHANGING = Set.of("append", "extend", "insert", "pop", "popitem", "remove",
            "reverse", "sort", "clear", "update", "setdefault");

    private Attributes() {
    }

    /// `value.name`: a method before an entry.
    static Object attribute(Object value, String name) {
        return switch (value) {
            case Undefined undefined -> throw undefined.refuse();
            case Namespace namespace -> namespace.variables().containsKey(name) ? namespace.variables().get(name)
                    : missing(value, name);
            case Loop loop -> loop.attribute(name);
            case Map<?, ?> map -> {
                Callable method = dictMethod(map, name);
                yield method != null ? method : entry(map, name);
            }
            case String text -> orMissing(stringMethod(text, name), value, name);
            case List<?> list -> orMissing(listMethod(list, name), value, name);
            case null, default -> missing(value, name);
        };
    }

    /// `value[index]`: an entry before a method.
    static Object item(Object value, Object index) {
        return switch (value) {
            case Undefined undefined -> throw undefined.refuse();
            case Map<?, ?> map when map.containsKey(index) -> map.get(index);
            case List<?> list when index instanceof Long place -> at(list, place);
            case String text when index instanceof Long place ->
                    at(text.codePoints().mapToObj(Character::toString).toList(), place);
            case null, default -> index instanceof String name ? attribute(value, name)
                    : missing(value, PythonText.repr(index));
        };
    }

    private static Object at(List<?> items, long index) {
        long place = index < 0 ? index + items.size() : index;
        return place < 0 || place >= items.size()
                ? new Undefined("index " + index + " is beyond the " + items.size() + " items")
                : items.get((int) place);
    }

    private static Object entry(Map<?, ?> map, String name) {
        return map.containsKey(name) ? map.get(name) : missing(map, name);
    }

    private static Object orMissing(Callable method, Object value, String name) {
        return method != null ? method : missing(value, name);
    }

    private static Undefined missing(Object value, String name) {
        return new Undefined(Operators.kind(value) + " has no attribute '" + name + "'");
    }

    private static Callable dictMethod(Map<?, ?> map, String name) {
        return switch (name) {
            case "items" -> _ -> map.entrySet().stream()
                    .map(entry -> (Object) Arrays.asList(entry.getKey(), entry.getValue())).toList();
            case "keys" -> _ -> new ArrayList<>(map.keySet());
            case "values" -> _ -> new ArrayList<>(map.values());
            case "get" -> arguments -> map.containsKey(arguments.required(0, "key"))
                    ? map.get(arguments.required(0, "key")) : arguments.at(1, "default", null);
            default -> changing(name);
        };
    }

    private static Callable listMethod(List<?> list, String name) {
        return switch (name) {
            case "index" -> arguments -> {
                for (int i = 0; i < list.size(); i++) {
                    if (Operators.equal(list.get(i), arguments.required(0, "value"))) {
                        return (long) i;
                    }
                }
                throw new JinjaException("index: the value is not in the list");
            };
            case "count" -> arguments -> list.stream()
                    .filter(item -> Operators.equal(item, arguments.required(0, "value"))).count();
            default -> changing(name);
        };
    }

    private static Callable changing(String name) {
        if (!CHANGING.contains(name)) {
            return null;
        }
        return _ -> {
            throw new JinjaException(name + ": a template must not change its values");
        };
    }

    private static Callable stringMethod(String text, String name) {
        return switch (name) {
            case "strip" -> arguments -> PythonText.strip(text, arguments.textOrNull(0, "chars"));
            case "lstrip" -> arguments -> PythonText.stripStart(text, arguments.textOrNull(0, "chars"));
            case "rstrip" -> arguments -> PythonText.stripEnd(text, arguments.textOrNull(0, "chars"));
            case "split" -> arguments -> split(text, arguments.textOrNull(0, "sep"),
                    arguments.integer(1, "maxsplit", -1));
            case "rsplit" -> arguments -> splitFromEnd(text, arguments.textOrNull(0, "sep"),
                    arguments.integer(1, "maxsplit", -1));
            case "splitlines" -> _ -> new ArrayList<Object>(text.lines().toList());
            case "startswith" -> arguments -> prefixes(arguments).stream().anyMatch(text::startsWith);
            case "endswith" -> arguments -> prefixes(arguments).stream().anyMatch(text::endsWith);
            case "removeprefix" -> arguments -> text.startsWith(arguments.text(0, "prefix"))
                    ? text.substring(arguments.text(0, "prefix").length()) : text;
            case "removesuffix" -> arguments -> text.endsWith(arguments.text(0, "suffix"))
                    ? text.substring(0, text.length() - arguments.text(0, "suffix").length()) : text;
            case "upper" -> _ -> text.toUpperCase(Locale.ROOT);
            case "lower" -> _ -> text.toLowerCase(Locale.ROOT);
            case "title" -> _ -> title(text);
            case "capitalize" -> _ -> capitalize(text);
            case "replace" -> arguments -> replace(text, arguments.text(0, "old"), arguments.text(1, "new"),
                    arguments.integer(2, "count", -1));
            case "join" -> arguments -> String.join(text, Operators.items(arguments.required(0, "iterable")).stream()
                    .map(PythonText::str).toList());
            case "find" -> arguments -> find(text, arguments.text(0, "sub"));
            case "count" -> arguments -> (long) split(text, arguments.text(0, "sub"), -1).size() - 1;
            case "isdigit" -> _ -> !text.isEmpty() && text.codePoints().allMatch(Character::isDigit);
            case "isalpha" -> _ -> !text.isEmpty() && text.codePoints().allMatch(Character::isLetter);
            case "isspace" -> _ -> !text.isEmpty() && PythonText.strip(text, null).isEmpty();
            default -> null;
        };
    }

    private static List<String> prefixes(Arguments arguments) {
        return arguments.required(0, "prefix") instanceof List<?> several
                ? several.stream().map(PythonText::str).toList() : List.of(arguments.text(0, "prefix"));
    }

    private static long find(String text, String part) {
        int place = text.indexOf(part);
        return place < 0 ? -1 : text.codePointCount(0, place);
    }

    /// `text.split(separator, most)`; at runs of white space, none at the ends, where `separator` is null.
    private static List<Object> split(String text, String separator, long most) {
        requireSeparator(separator);
        List<Object> parts = new ArrayList<>();
        String rest = separator == null ? PythonText.stripStart(text, null) : text;
        while (most < 0 || parts.size() < most) {
            int place = separator == null ? firstSpace(rest) : rest.indexOf(separator);
            if (place < 0) {
                break;
            }
            parts.add(rest.substring(0, place));
            rest = separator == null ? PythonText.stripStart(rest.substring(place), null)
                    : rest.substring(place + separator.length());
        }
        if (separator != null || !rest.isEmpty()) {
            parts.add(separator == null && most < 0 ? PythonText.stripEnd(rest, null) : rest);
        }
        return parts;
    }

    private static int firstSpace(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (PythonText.isSpace(text.charAt(i))) {
                return i;
            }
        }
        return -1;
    }

    /// `text.rsplit(separator, most)`
    private static List<Object> splitFromEnd(String text, String separator, long most) {
        requireSeparator(separator);
        if (separator == null) {
            if (most >= 0) {
                throw new JinjaException("rsplit: maxsplit without a separator is not supported");
            }
            return split(text, null, -1);
        }
        List<Object> parts = new ArrayList<>();
        String rest = text;
        for (int place = rest.lastIndexOf(separator); place >= 0 && (most < 0 || parts.size() < most);
                place = rest.lastIndexOf(separator)) {
            parts.add(rest.substring(place + separator.length()));
            rest = rest.substring(0, place);
        }
        parts.add(rest);
        Collections.reverse(parts);
        return parts;
    }

    private static void requireSeparator(String separator) {
        if (separator != null && separator.isEmpty()) {
            throw new JinjaException("a separator must not be empty");
        }
    }

    static String replace(String text, String old, String fresh, long count) {
        if (count < 0) {
            return text.replace(old, fresh);
        }
        StringBuilder out = new StringBuilder();
        int from = 0;
        for (long i = 0; i < count; i++) {
            int place = text.indexOf(old, from);
            if (place < 0) {
                break;
            }
            out.append(text, from, place).append(fresh);
            from = place + old.length();
        }
        return out.append(text, from, text.length()).toString();
    }

    static String capitalize(String text) {
        int first = text.isEmpty() ? 0 : Character.charCount(text.codePointAt(0));
        return text.substring(0, first).toUpperCase(Locale.ROOT) + text.substring(first).toLowerCase(Locale.ROOT);
    }

    static String title(String text) {
        StringBuilder out = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            out.append(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = Character.isLetter(c);
        }
        return out.toString();
    }
}
