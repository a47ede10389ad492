package org.flowrl.transformer.text.jinja;

import java.util.List;
import java.util.Map;

/// The values that a call is given.
///
/// @param function its name, for messages
/// @param positional in order
/// @param named by name
record Arguments(String function, List<Object> positional, Map<String, Object> named) {
    /// Argument `index`, which may also be given by name; `absent` where it is not given.
    Object at(int index, String name, Object absent) {
        if (index < positional.size()) {
            return positional.get(index);
        }
        return named.containsKey(name) ? named.get(name) : absent;
    }

    /// Argument `index`, which must be given.
    Object required(int index, String name) {
        if (index >= positional.size() && !named.containsKey(name)) {
            throw new JinjaException(function + ": argument '" + name + "' is missing");
        }
        return at(index, name, null);
    }

    /// Argument `index` as a text.
    String text(int index, String name) {
        return text(required(index, name), name);
    }

    /// Argument `index` as a text; null where it is absent or None.
    String textOrNull(int index, String name) {
        Object value = at(index, name, null);
        return value == null ? null : text(value, name);
    }

    /// Argument `index` as an integer, or `absent`.
    long integer(int index, String name, long absent) {
        return Operators.integer(function + ": argument '" + name + "'", at(index, name, absent));
    }

    /// Whether argument `index` is given and true.
    boolean flag(int index, String name) {
        return Operators.isTrue(at(index, name, false));
    }

    private String text(Object value, String name) {
        if (value instanceof String text) {
            return text;
        }
        throw new JinjaException(function + ": argument '" + name + "' must be a string, not "
                + Operators.kind(value));
    }
}
