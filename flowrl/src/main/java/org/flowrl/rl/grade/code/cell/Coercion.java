package org.flowrl.rl.grade.code.cell;

import java.lang.reflect.Array;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;

/// Turns values of {@link ValueStream} into what a method's parameters ask for.
final class Coercion {
    private Coercion() {
    }

    /// @throws IllegalArgumentException where the value does not fit the type
    static Object to(Object value, Type type) {
        return switch (type) {
            case Class<?> plain when plain.isArray() -> array(value, plain.componentType(), plain.componentType());
            case Class<?> plain when Collection.class.isAssignableFrom(plain) || plain == Iterable.class ->
                    collection(value, plain, Object.class);
            case Class<?> plain when Map.class.isAssignableFrom(plain) -> map(value, Object.class);
            case Class<?> plain -> single(value, plain);
            case GenericArrayType array -> array(value, array.getGenericComponentType(),
                    raw(array.getGenericComponentType()));
            case ParameterizedType generic when Map.class.isAssignableFrom(raw(generic)) ->
                    map(value, generic.getActualTypeArguments()[1]);
            case ParameterizedType generic -> collection(value, raw(generic), generic.getActualTypeArguments()[0]);
            case WildcardType wildcard -> to(value, wildcard.getUpperBounds()[0]);
            default -> to(value, Object.class);
        };
    }

    private static Object single(Object value, Class<?> type) {
        if (value == null && !type.isPrimitive()) {
            return null;
        }
        Object fitting = switch (value) {
            case Boolean b when type == boolean.class || type == Boolean.class -> b;
            case BigInteger i when type == int.class || type == Integer.class -> i.intValueExact();
            case BigInteger i when type == long.class || type == Long.class -> i.longValueExact();
            case BigInteger i when type == short.class || type == Short.class -> i.shortValueExact();
            case BigInteger i when type == byte.class || type == Byte.class -> i.byteValueExact();
            case Number n when type == double.class || type == Double.class -> n.doubleValue();
            case Number n when type == float.class || type == Float.class -> n.floatValue();
            case Number n when type == BigDecimal.class -> new BigDecimal(n.toString());
            case BigInteger i when type == Object.class || type == Number.class -> i.bitLength() < 32
                    ? (Object) i.intValue() : i.bitLength() < 64 ? (Object) i.longValue() : i;
            case String s when (type == char.class || type == Character.class) && s.length() == 1 -> s.charAt(0);
            case null -> null;
            default -> type.isInstance(value) ? value : null;
        };
        if (fitting == null) {
            throw new IllegalArgumentException("argument " + value + " does not fit the parameter type "
                    + type.getTypeName());
        }
        return fitting;
    }

    private static Object array(Object value, Type component, Class<?> componentClass) {
        if (value instanceof String text && componentClass == char.class) {
            return text.toCharArray();
        }
        List<?> items = list(value, component);
        Object array = Array.newInstance(componentClass, items.size());
        for (int i = 0; i < items.size(); i++) {
            Array.set(array, i, to(items.get(i), component));
        }
        return array;
    }

    private static Collection<Object> collection(Object value, Class<?> type, Type element) {
        Collection<Object> collection = type.isAssignableFrom(ArrayList.class) ? new ArrayList<>()
                : type.isAssignableFrom(LinkedHashSet.class) || type == HashSet.class ? new LinkedHashSet<>()
                : type.isAssignableFrom(LinkedList.class) ? new LinkedList<>()
                : type.isAssignableFrom(ArrayDeque.class) ? new ArrayDeque<>() : null;
        if (collection == null) {
            throw new IllegalArgumentException("no argument can be made for the parameter type " + type.getName());
        }
        for (Object item : list(value, element)) {
            collection.add(to(item, element));
        }
        return collection;
    }

    private static Map<String, Object> map(Object value, Type element) {
        if (!(value instanceof Map<?, ?> entries)) {
            throw new IllegalArgumentException("argument " + value + " is not a map");
        }
        Map<String, Object> map = new HashMap<>();
        entries.forEach((key, item) -> map.put((String) key, to(item, element)));
        return map;
    }

    private static List<?> list(Object value, Type element) {
        if (!(value instanceof List<?> items)) {
            throw new IllegalArgumentException("argument " + value + " is not a list of " + element.getTypeName());
        }
        return items;
    }

    private static Class<?> raw(Type type) {
        return switch (type) {
            case Class<?> plain -> plain;
            case ParameterizedType generic -> (Class<?>) generic.getRawType();
            case GenericArrayType array -> raw(array.getGenericComponentType()).arrayType();
            default -> Object.class;
        };
    }
}
