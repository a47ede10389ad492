package org.flowrl.transformer.text.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/// Truth, arithmetic, comparison and items of values, as Python has them.
final class Operators {
    private Operators() {
    }

    /// What a message calls a value: its Python type.
    static String kind(Object value) {
        return switch (value) {
            case null -> "None";
            case Boolean _ -> "a bool";
            case Long _ -> "an int";
            case Double _ -> "a float";
            case String _ -> "a str";
            case List<?> _ -> "a list";
            case Map<?, ?> _ -> "a dict";
            case Undefined _ -> "undefined";
            case Callable _ -> "a function";
            default -> "a " + value.getClass().getSimpleName().toLowerCase(Locale.ROOT);
        };
    }

    /// `bool(value)`
    static boolean isTrue(Object value) {
        return switch (value) {
            case null -> false;
            case Undefined _ -> false;
            case Boolean flag -> flag;
            case Long number -> number != 0;
            case Double number -> number != 0;
            case String text -> !text.isEmpty();
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            default -> true;
        };
    }

    /// A value that must be an integer; `name` is what a message calls it.
    static long integer(String name, Object value) {
        return switch (value) {
            case Long number -> number;
            case Boolean flag -> flag ? 1 : 0;
            case null, default -> throw new JinjaException(name + " must be an integer, not " + kind(value));
        };
    }

    /// The items of a list, the keys of a dict, the characters of a string.
    static List<Object> items(Object value) {
        return switch (value) {
            case List<?> list -> new ArrayList<>(list);
            case Map<?, ?> map -> new ArrayList<>(map.keySet());
            case String text -> new ArrayList<>(characters(text));
            case Undefined _ -> List.of();
            case null, default -> throw new JinjaException(kind(value) + " has no items to go through");
        };
    }

    private static List<String> characters(String text) {
        return text.codePoints().mapToObj(Character::toString).toList();
    }

    /// `len(value)`
    static long length(Object value) {
        return switch (value) {
            case String text -> text.codePointCount(0, text.length());
            case List<?> list -> list.size();
            case Map<?, ?> map -> map.size();
            case Undefined _ -> 0;
            case null, default -> throw new JinjaException(kind(value) + " has no length");
        };
    }

    /// `left operator right`, and `~`, which joins what both print as.
    static Object arithmetic(String operator, Object left, Object right) {
        if (operator.equals("~")) {
            return PythonText.str(left) + PythonText.str(right);
        }
        requireDefined(left);
        requireDefined(right);
        if (isNumber(left) && isNumber(right)) {
            return left instanceof Double || right instanceof Double
                    ? floats(operator, number(left), number(right))
                    : integers(operator, integer("", left), integer("", right));
        }
        if (operator.equals("+") && left instanceof String a && right instanceof String b) {
            return a + b;
        }
        if (operator.equals("+") && left instanceof List<?> a && right instanceof List<?> b) {
            List<Object> all = new ArrayList<>(a);
            all.addAll(b);
            return all;
        }
        if (operator.equals("*") && left instanceof String text && right instanceof Long times) {
            return text.repeat(Math.toIntExact(Math.max(0, times)));
        }
        throw new JinjaException("'" + operator + "' cannot be used on " + kind(left) + " and " + kind(right));
    }

    private static Object integers(String operator, long a, long b) {
        boolean divides = operator.equals("/") || operator.equals("//") || operator.equals("%");
        if (divides && b == 0) {
            throw new JinjaException("'" + operator + "': division by zero");
        }
        try {
            return switch (operator) {
                case "+" -> Math.addExact(a, b);
                case "-" -> Math.subtractExact(a, b);
                case "*" -> Math.multiplyExact(a, b);
                case "/" -> (double) a / b;
                case "//" -> Math.floorDiv(a, b);
                case "%" -> Math.floorMod(a, b);
                case "**" -> b < 0 ? (Object) Math.pow(a, b) : power(a, b);
                default -> throw new IllegalStateException("no operator of integers: " + operator);
            };
        } catch (ArithmeticException e) {
            throw new JinjaException(a + " " + operator + " " + b + " is beyond 64 bits");
        }
    }

    private static long power(long base, long exponent) {
        if (Math.abs(base) > 1 && exponent >= Long.SIZE) {
            throw new ArithmeticException("overflow");
        }
        // The powers of 0, 1 and −1 repeat after two.
        long least = exponent < Long.SIZE ? exponent : Long.SIZE + exponent % 2;
        return BigInteger.valueOf(base).pow((int) least).longValueExact();
    }

    private static double floats(String operator, double a, double b) {
        if (b == 0 && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
            throw new JinjaException("'" + operator + "': division by zero");
        }
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            case "/" -> a / b;
            case "//" -> Math.floor(a / b);
            case "%" -> a - b * Math.floor(a / b);
            case "**" -> Math.pow(a, b);
            default -> throw new IllegalStateException("no operator of floats: " + operator);
        };
    }

    /// `-value` or `+value`
    static Object signed(String operator, Object value) {
        requireDefined(value);
        if (!isNumber(value)) {
            throw new JinjaException("'" + operator + "' cannot be used on " + kind(value));
        }
        if (value instanceof Double number) {
            return operator.equals("-") ? -number : number;
        }
        return integers("-", 0, operator.equals("-") ? integer("", value) : -integer("", value));
    }

    /// `left operator right` for `==`, `!=`, `<`, `<=`, `>`, `>=`, `in` and `not in`.
    static boolean compares(String operator, Object left, Object right) {
        return switch (operator) {
            case "==" -> equal(left, right);
            case "!=" -> !equal(left, right);
            case "in" -> contains(right, left);
            case "not in" -> !contains(right, left);
            case "<" -> order(operator, left, right) < 0;
            case "<=" -> order(operator, left, right) <= 0;
            case ">" -> order(operator, left, right) > 0;
            case ">=" -> order(operator, left, right) >= 0;
            default -> throw new IllegalStateException("no comparison: " + operator);
        };
    }

    /// `left == right`: numbers by value, True being 1.
    static boolean equal(Object left, Object right) {
        if (isNumber(left) && isNumber(right)) {
            return left instanceof Double || right instanceof Double ? number(left) == number(right)
                    : integer("", left) == integer("", right);
        }
        if (left instanceof List<?> a && right instanceof List<?> b) {
            return a.size() == b.size() && IntStream.range(0, a.size())
                    .allMatch(i -> equal(a.get(i), b.get(i)));
        }
        if (left instanceof Map<?, ?> a && right instanceof Map<?, ?> b) {
            return a.size() == b.size() && a.entrySet().stream()
                    .allMatch(entry -> b.containsKey(entry.getKey()) && equal(entry.getValue(), b.get(entry.getKey())));
        }
        if (left instanceof Undefined || right instanceof Undefined) {
            return left instanceof Undefined && right instanceof Undefined;
        }
        return Objects.equals(left, right);
    }

    /// Less than, equal to or greater than zero as `left` is less than, equal to or greater than `right`.
    static int order(String operator, Object left, Object right) {
        requireDefined(left);
        requireDefined(right);
        if (isNumber(left) && isNumber(right)) {
            return left instanceof Double || right instanceof Double ? Double.compare(number(left), number(right))
                    : Long.compare(integer("", left), integer("", right));
        }
        if (left instanceof String a && right instanceof String b) {
            return Arrays.compare(a.codePoints().toArray(), b.codePoints().toArray());
        }
        if (left instanceof List<?> a && right instanceof List<?> b) {
            for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
                if (!equal(a.get(i), b.get(i))) {
                    return order(operator, a.get(i), b.get(i));
                }
            }
            return Integer.compare(a.size(), b.size());
        }
        throw new JinjaException("'" + operator + "' cannot be used on " + kind(left) + " and " + kind(right));
    }

    private static boolean contains(Object container, Object item) {
        return switch (container) {
            case String text when item instanceof String part -> text.contains(part);
            case List<?> list -> list.stream().anyMatch(member -> equal(member, item));
            case Map<?, ?> map -> map.containsKey(item);
            case Undefined undefined -> throw undefined.refuse();
            case null, default -> throw new JinjaException("'in' cannot be used on " + kind(item) + " and "
                    + kind(container));
        };
    }

    /// `value[start:stop:step]`; null for what is left out.
    static Object slice(Object value, Object start, Object stop, Object step) {
        List<?> items = switch (value) {
            case String text -> characters(text);
            case List<?> list -> list;
            case Undefined undefined -> throw undefined.refuse();
            case null, default -> throw new JinjaException(kind(value) + " cannot be sliced");
        };
        long by = step == null ? 1 : integer("the step of a slice", step);
        if (by == 0) {
            throw new JinjaException("the step of a slice must not be 0");
        }
        int size = items.size();
        long from = bound(start, size, by > 0 ? 0 : size - 1, by);
        long to = bound(stop, size, by > 0 ? size : -1, by);
        List<Object> taken = new ArrayList<>();
        for (long i = from; by > 0 ? i < to : i > to; i += by) {
            taken.add(items.get((int) i));
        }
        return value instanceof String ? String.join("", taken.stream().map(String.class::cast).toList()) : taken;
    }

    private static long bound(Object given, int size, long absent, long step) {
        if (given == null) {
            return absent;
        }
        long index = integer("a bound of a slice", given);
        index = index < 0 ? index + size : index;
        return step > 0 ? Math.clamp(index, 0, size) : Math.clamp(index, -1, size - 1);
    }

    /// True for ints, floats and bools, which are ints.
    static boolean isNumber(Object value) {
        return value instanceof Long || value instanceof Double || value instanceof Boolean;
    }

    /// A number as a float.
    static double number(Object value) {
        return value instanceof Double number ? number : integer("", value);
    }

    private static void requireDefined(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.refuse();
        }
    }
}
