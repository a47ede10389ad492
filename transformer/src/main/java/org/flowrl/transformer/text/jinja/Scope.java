package org.flowrl.transformer.text.jinja;

import java.util.HashMap;
import java.util.Map;

/// Variables by name; what is not here is looked for in the scope around it.
final class Scope {
    /// Statements and expressions that are being worked out one in another, at the most. A chain such as `a + b + …` is
    /// as deep as it is long.
    private static final int DEEPEST = 500;

    /// How deep a rendering is, which all of its scopes share.
    private static final class Depth {
        private int levels;
    }

    private final Scope around;
    private final Depth depth;
    private final Map<String, Object> variables;

    private Scope(Scope around, Depth depth, Map<String, ?> variables) {
        this.around = around;
        this.depth = depth;
        this.variables = new HashMap<>(variables);
    }

    static Scope of(Map<String, ?> variables) {
        return new Scope(null, new Depth(), variables);
    }

    Scope inner() {
        return new Scope(this, depth, Map.of());
    }

    /// Counts one more statement or expression inside others. What throws ends the whole rendering, so nothing is
    /// counted back.
    ///
    /// @throws JinjaException where there are too many
    void enter() {
        if (++depth.levels > DEEPEST) {
            throw new JinjaException("nested too deep, more than " + DEEPEST + " levels");
        }
    }

    /// Ends what {@link #enter} began.
    void leave() {
        depth.levels--;
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }

    /// The value of a variable, or [Undefined].
    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.around) {
            if (scope.variables.containsKey(name)) {
                return scope.variables.get(name);
            }
        }
        return new Undefined("'" + name + "' is undefined");
    }
}
