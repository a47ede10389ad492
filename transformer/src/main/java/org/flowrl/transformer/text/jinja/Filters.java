package org.flowrl.transformer.text.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// What `value | …` can do.
final class Filters {
    private static final Set<String> NAMES = Set.of("tojson", "length", "count", "trim", "upper", "lower", "capitalize",
            "title", "replace", "join", "first", "last", "default", "d", "list", "string", "int", "float", "abs",
            "round", "reverse", "sort", "unique", "sum", "min", "max", "items", "dictsort", "indent", "map", "select",
            "reject", "selectattr", "rejectattr", "safe");

    private Filters() {
    }

    /// The name of a filter that exists.
    static String known(String name) {
        if (!NAMES.contains(name)) {
            throw new JinjaException("filter '" + name + "' is not supported");
        }
        return name;
    }

    /// `value | name(arguments)`
    static Object apply(String name, Object value, Arguments arguments) {
        return switch (name) {
            case "tojson" -> json(value, arguments);
            case "length", "count" -> Operators.length(value);
            case "trim" -> PythonText.strip(PythonText.str(value), arguments.textOrNull(0, "chars"));
            case "upper" -> PythonText.str(value).toUpperCase(Locale.ROOT);
            case "lower" -> PythonText.str(value).toLowerCase(Locale.ROOT);
            case "capitalize" -> Attributes.capitalize(PythonText.str(value));
            case "title" -> Attributes.title(PythonText.str(value));
            case "replace" -> Attributes.replace(PythonText.str(value), arguments.text(0, "old"),
                    arguments.text(1, "new"), arguments.integer(2, "count", -1));
            case "join" -> String.join(PythonText.str(arguments.at(0, "d", "")), picked(value, arguments, 1).stream()
                    .map(PythonText::str).toList());
            case "first" -> Attributes.item(Operators.items(value), 0L);
            case "last" -> Attributes.item(Operators.items(value), -1L);
            case "default", "d" -> value instanceof Undefined
                    || arguments.flag(1, "boolean") && !Operators.isTrue(value)
                    ? arguments.at(0, "default_value", "") : value;
            case "list" -> Operators.items(value);
            case "string" -> PythonText.str(value);
            case "safe" -> value;
            case "int" -> toInteger(value, arguments.at(0, "default", 0L));
            case "float" -> toFloat(value, arguments.at(0, "default", 0.0));
            case "abs" -> Operators.compares("<", value, 0L) ? Operators.signed("-", value) : value;
            case "round" -> round(Operators.number(value), arguments.integer(0, "precision", 0));
            case "reverse" -> reversed(value);
            case "sort" -> sorted(Operators.items(value), arguments.flag(0, "reverse"),
                    arguments.textOrNull(2, "attribute"));
            case "unique" -> unique(Operators.items(value));
            case "sum" -> picked(value, arguments, 0).stream()
                    .reduce(arguments.at(1, "start", 0L), (a, b) -> Operators.arithmetic("+", a, b));
            case "min" -> extreme(Operators.items(value), 1);
            case "max" -> extreme(Operators.items(value), -1);
            case "items" -> value instanceof Undefined ? List.of() : entries(value);
            case "dictsort" -> entries(value).stream().sorted(Filters::order).toList();
            case "indent" -> indented(PythonText.str(value), arguments);
            case "map" -> mapped(Operators.items(value), arguments);
            case "select" -> chosen(value, arguments, false, true);
            case "reject" -> chosen(value, arguments, false, false);
            case "selectattr" -> chosen(value, arguments, true, true);
            case "rejectattr" -> chosen(value, arguments, true, false);
            default -> throw new IllegalStateException("no filter: " + name);
        };
    }

    /// As Transformers has it: nothing but JSON's own characters is escaped.
    private static String json(Object value, Arguments arguments) {
        Object indent = arguments.at(0, "indent", arguments.at(1, "indent", null));
        if (arguments.named().containsKey("separators") || arguments.flag(3, "sort_keys")) {
            throw new JinjaException("tojson: separators and sort_keys are not supported");
        }
        return PythonText.json(value, indent == null ? -1
                : Math.toIntExact(Operators.integer("tojson: argument 'indent'", indent)));
    }

    private static List<Object> picked(Object value, Arguments arguments, int index) {
        String attribute = arguments.textOrNull(index, "attribute");
        List<Object> items = Operators.items(value);
        return attribute == null ? items : items.stream().map(item -> path(item, attribute)).toList();
    }

    /// `item.a.b` for the path `a.b`; a number is an index.
    private static Object path(Object item, String path) {
        Object value = item;
        for (String part : path.split("\\.")) {
            value = Attributes.item(value, part.matches("\\d+") ? (Object) Long.valueOf(part) : part);
        }
        return value;
    }

    private static Object toInteger(Object value, Object absent) {
        return switch (value) {
            case Double number when !number.isNaN() && !number.isInfinite() -> number.longValue();
            case String text -> {
                Object number = toFloat(text, null);
                yield number instanceof Double parsed ? (Object) parsed.longValue() : absent;
            }
            case null -> absent;
            default -> Operators.isNumber(value) && !(value instanceof Double) ? Operators.integer("int", value)
                    : absent;
        };
    }

    private static Object toFloat(Object value, Object absent) {
        if (value instanceof String text) {
            String number = PythonText.strip(text, null).replace("_", "");
            return number.matches("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?") ? (Object) Double.valueOf(number)
                    : absent;
        }
        return Operators.isNumber(value) ? (Object) Operators.number(value) : absent;
    }

    private static double round(double value, long digits) {
        double scale = Math.pow(10, digits);
        return Math.rint(value * scale) / scale;
    }

    private static Object reversed(Object value) {
        List<Object> items = Operators.items(value).reversed();
        return value instanceof String ? String.join("", items.stream().map(String.class::cast).toList())
                : new ArrayList<>(items);
    }

    private static List<Object> sorted(List<Object> items, boolean descending, String attribute) {
        Comparator<Object> order = (a, b) -> attribute == null ? order(a, b) : order(path(a, attribute),
                path(b, attribute));
        return items.stream().sorted(descending ? order.reversed() : order).toList();
    }

    /// Jinja sorts texts without regard to case.
    private static int order(Object a, Object b) {
        return Operators.order("sort", folded(a), folded(b));
    }

    private static Object folded(Object value) {
        return switch (value) {
            case String text -> text.toLowerCase(Locale.ROOT);
            case List<?> list -> list.stream().map(Filters::folded).toList();
            case null, default -> value;
        };
    }

    private static List<Object> unique(List<Object> items) {
        Map<Object, Object> seen = new LinkedHashMap<>();
        items.forEach(item -> seen.putIfAbsent(folded(item), item));
        return new ArrayList<>(seen.values());
    }

    private static Object extreme(List<Object> items, int sign) {
        return items.stream().min((a, b) -> sign * order(a, b)).orElse(new Undefined("there is no item"));
    }

    private static List<Object> entries(Object value) {
        if (!(value instanceof Map<?, ?> map)) {
            throw new JinjaException("items: " + Operators.kind(value) + " is no dict");
        }
        return new ArrayList<>(map.entrySet().stream()
                .map(entry -> Arrays.asList(entry.getKey(), entry.getValue())).toList());
    }

    private static String indented(String text, Arguments arguments) {
        Object width = arguments.at(0, "width", 4L);
        String margin = width instanceof String given ? given
                : " ".repeat(Math.toIntExact(Operators.integer("indent: argument 'width'", width)));
        boolean isFirst = arguments.flag(1, "first");
        boolean isBlank = arguments.flag(2, "blank");
        StringBuilder out = new StringBuilder();
        String[] lines = text.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            out.append(i == 0 ? "" : "\n");
            out.append((i == 0 ? isFirst : isBlank || !lines[i].isEmpty()) ? margin : "").append(lines[i]);
        }
        return out.toString();
    }

    private static List<Object> mapped(List<Object> items, Arguments arguments) {
        String attribute = arguments.named().get("attribute") instanceof String name ? name : null;
        List<Object> results = new ArrayList<>();
        for (Object item : items) {
            if (attribute != null) {
                Object value = path(item, attribute);
                results.add(value instanceof Undefined ? arguments.named().getOrDefault("default", value) : value);
            } else {
                results.add(apply(known(arguments.text(0, "filter")), item, without(arguments, 1)));
            }
        }
        return results;
    }

    private static List<Object> chosen(Object value, Arguments arguments, boolean byAttribute, boolean wanted) {
        int tests = byAttribute ? 1 : 0;
        List<Object> results = new ArrayList<>();
        for (Object item : Operators.items(value)) {
            Object tested = byAttribute ? path(item, arguments.text(0, "attribute")) : item;
            boolean isTrue = arguments.positional().size() > tests
                    ? ValueTests.test(ValueTests.known(arguments.text(tests, "test")), tested,
                            without(arguments, tests + 1))
                    : Operators.isTrue(tested);
            if (isTrue == wanted) {
                results.add(item);
            }
        }
        return results;
    }

    private static Arguments without(Arguments arguments, int first) {
        return new Arguments(arguments.text(first - 1, "name"),
                arguments.positional().subList(first, arguments.positional().size()), arguments.named());
    }
}
