package org.flowrl.transformer.text.jinja;

import java.util.HashMap;
import java.util.Map;

/// Variables by name; what is not here is looked for in the scope around it.
final class Scope {
    private final Scope around;
    private final Map<String, Object> variables;

    private Scope(Scope around, Map<String, ?> variables) {
        this.around = around;
        this.variables = new HashMap<>(variables);
    }

    static Scope of(Map<String, ?> variables) {
        return new Scope(null, variables);
    }

    Scope inner() {
        return new Scope(this, Map.of());
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
