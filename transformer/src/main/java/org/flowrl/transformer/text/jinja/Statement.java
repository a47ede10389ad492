package org.flowrl.transformer.text.jinja;

import java.util.List;
import java.util.Optional;

/// What a template does.
sealed interface Statement {
    /// Where it stands, counted from 1.
    int line();

    /// Text as it is.
    record Text(int line, String text) implements Statement {
    }

    /// `{{ value }}`
    record Output(int line, Expression value) implements Statement {
    }

    /// `{% if %}`, `{% elif %}`, `{% else %}`: the first body whose condition is true.
    record If(int line, List<Branch> branches, List<Statement> otherwise) implements Statement {
        record Branch(Expression condition, List<Statement> body) {
        }
    }

    /// `{% for target in items if condition %}`; `otherwise` where no item was met.
    record For(int line, List<String> targets, Expression items, Optional<Expression> condition, List<Statement> body,
            List<Statement> otherwise) implements Statement {
    }

    /// `{% set a, b = value %}`
    record Set(int line, List<String> names, Expression value) implements Statement {
    }

    /// `{% set namespace.name = value %}`
    record SetAttribute(int line, String namespace, String name, Expression value) implements Statement {
    }

    /// `{% set name %}…{% endset %}`: the text of the body.
    record SetText(int line, String name, List<Statement> body) implements Statement {
    }

    /// `{% macro name(parameters) %}…{% endmacro %}`
    record Macro(int line, String name, List<Parameter> parameters, List<Statement> body) implements Statement {
        record Parameter(String name, Optional<Expression> otherwise) {
        }
    }

    /// `{% generation %}…{% endgeneration %}`: marks an assistant's words for Transformers, and changes no text.
    record Generation(int line, List<Statement> body) implements Statement {
    }

    /// `{% break %}` or `{% continue %}`.
    record Jump(int line, boolean leaves) implements Statement {
    }
}
