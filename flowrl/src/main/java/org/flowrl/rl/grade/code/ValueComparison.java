package org.flowrl.rl.grade.code;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// LiveCodeBench's rule for returned answers: the equality of Python between what the JSON of the test and what the
/// call gives, tuples being lists. So 1, 1.0 and true are equal, and floating-point numbers are equal to the bit.
final class ValueComparison {
    private ValueComparison() {
    }

    /// @param value as {@link org.flowrl.rl.grade.code.cell.ValueStream} reads it
    static boolean same(JsonNode expected, Object value) {
        return switch (value) {
            case null -> expected.isNull();
            case List<?> list -> expected.isArray() && expected.size() == list.size()
                    && IntStream.range(0, list.size())
                            .allMatch(i -> same(expected.get(i), list.get(i)));
            case Map<?, ?> map -> expected.isObject() && expected.size() == map.size() && map.entrySet().stream()
                    .allMatch(entry -> expected.has((String) entry.getKey())
                            && same(expected.get((String) entry.getKey()), entry.getValue()));
            case String text -> expected.isTextual() && expected.textValue().equals(text);
            case Boolean truth -> sameNumber(expected, truth ? BigInteger.ONE : BigInteger.ZERO);
            case Number number -> sameNumber(expected, number);
            default -> throw new IllegalArgumentException("a value of " + value.getClass());
        };
    }

    /// A test's JSON as a value that can be sent into a cell.
    static Object value(JsonNode node) {
        return switch (node.getNodeType()) {
            case ARRAY -> {
                List<Object> list = new ArrayList<>();
                node.forEach(item -> list.add(value(item)));
                yield list;
            }
            case OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                node.properties().forEach(entry -> map.put(entry.getKey(), value(entry.getValue())));
                yield map;
            }
            case BOOLEAN -> node.booleanValue();
            case NUMBER -> node.isIntegralNumber() ? node.bigIntegerValue() : (Object) node.doubleValue();
            case STRING -> node.textValue();
            case NULL -> null;
            case BINARY, MISSING, POJO -> throw new IllegalArgumentException("not JSON: " + node);
        };
    }

    private static boolean sameNumber(JsonNode expected, Number value) {
        if (expected.isBoolean()) {
            return value.doubleValue() == (expected.booleanValue() ? 1 : 0);
        }
        if (!expected.isNumber()) {
            return false;
        }
        // Python compares an integer and a float by their exact values.
        double written = expected.isIntegralNumber() ? 0 : expected.doubleValue();
        boolean finite = Double.isFinite(written) && (!(value instanceof Double d) || Double.isFinite(d));
        if (!finite) {
            return value instanceof Double d && !expected.isIntegralNumber() && d == written;
        }
        BigDecimal wanted = expected.isIntegralNumber() ? new BigDecimal(expected.bigIntegerValue())
                : new BigDecimal(written);
        BigDecimal got = value instanceof Double d ? new BigDecimal(d) : new BigDecimal(value.toString());
        return wanted.compareTo(got) == 0;
    }
}
