package org.flowrl.transformer.text.jinja;

import java.util.HashMap;
import java.util.Map;

/// `namespace(a=1)`: variables that `{% set namespace.a = … %}` changes for every scope.
///
/// @param variables by name
record Namespace(Map<String, Object> variables) {
    Namespace {
        variables = new HashMap<>(variables);
    }
}
