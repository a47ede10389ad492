package org.flowrl.transformer.text.jinja;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// What `value is …` can ask.
final class ValueTests {
    private static final Map<String, String> COMPARISONS = Map.ofEntries(Map.entry("eq", "=="),
            Map.entry("equalto", "=="), Map.entry("ne", "!="), Map.entry("lt", "<"), Map.entry("lessthan", "<"),
            Map.entry("le", "<="), Map.entry("gt", ">"), Map.entry("greaterthan", ">"), Map.entry("ge", ">="),
            Map.entry("in", "in"));
    private static final Set<String> NAMES = Set.of("defined", "undefined", "none", "boolean", "true", "false",
            "integer", "float", "number", "string", "mapping", "iterable", "sequence", "callable", "odd", "even",
            "divisibleby", "sameas", "lower", "upper");

    private ValueTests() {
    }

    /// The name of a test that exists.
    static String known(String name) {
        if (!NAMES.contains(name) && !COMPARISONS.containsKey(name)) {
            throw new JinjaException("test '" + name + "' is not supported");
        }
        return name;
    }

    /// Whether the test of this name is true of `value`.
    static boolean test(String name, Object value, Arguments arguments) {
        if (COMPARISONS.containsKey(name)) {
            return Operators.compares(COMPARISONS.get(name), value, arguments.required(0, "other"));
        }
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == null;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "number" -> Operators.isNumber(value);
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map;
            case "iterable", "sequence" -> value instanceof String || value instanceof List || value instanceof Map
                    || value instanceof Undefined;
            case "callable" -> value instanceof Callable;
            case "odd" -> Math.floorMod(Operators.integer("what is tested for odd", value), 2) == 1;
            case "even" -> Math.floorMod(Operators.integer("what is tested for even", value), 2) == 0;
            case "divisibleby" -> Operators.equal(Operators.arithmetic("%", value, arguments.required(0, "num")), 0L);
            case "sameas" -> value == arguments.required(0, "other") || value instanceof Boolean
                    && value.equals(arguments.required(0, "other"));
            case "lower" -> isCased(value, PythonText.str(value).toLowerCase(Locale.ROOT));
            case "upper" -> isCased(value, PythonText.str(value).toUpperCase(Locale.ROOT));
            default -> throw new IllegalStateException("no test: " + name);
        };
    }

    /// Whether a text is as its `cased` form, and has a letter with two cases.
    private static boolean isCased(Object value, String cased) {
        String text = PythonText.str(value);
        return text.equals(cased) && text.codePoints().anyMatch(c -> Character.isUpperCase(c)
                || Character.isLowerCase(c));
    }
}
