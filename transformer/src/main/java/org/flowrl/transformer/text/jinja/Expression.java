package org.flowrl.transformer.text.jinja;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What has a value.
sealed interface Expression {
    /// A value that stands in the template.
    record Literal(Object value) implements Expression {
    }

    /// A variable.
    record Name(String name) implements Expression {
    }

    /// `[a, b]`, and tuples.
    record ListOf(List<Expression> items) implements Expression {
    }

    /// `{a: b}`
    record DictOf(List<Entry> entries) implements Expression {
        record Entry(Expression key, Expression value) {
        }
    }

    /// `-a`, `+a`
    record Signed(String operator, Expression operand) implements Expression {
    }

    /// `a + b` and the other operators of arithmetic, and `~`.
    record Arithmetic(String operator, Expression left, Expression right) implements Expression {
    }

    /// `a < b <= c`: each operand is compared with the one before.
    record Comparison(Expression first, List<Step> steps) implements Expression {
        record Step(String operator, Expression right) {
        }
    }

    /// `not a`
    record Not(Expression operand) implements Expression {
    }

    /// `a and b`: the last value looked at.
    record And(Expression left, Expression right) implements Expression {
    }

    /// `a or b`: the last value looked at.
    record Or(Expression left, Expression right) implements Expression {
    }

    /// `a if c else b`; undefined where there is no `else` and c is not true.
    record Conditional(Expression condition, Expression then, Optional<Expression> otherwise) implements Expression {
    }

    /// `a.name`
    record Attribute(Expression of, String name) implements Expression {
    }

    /// `a[i]`
    record Item(Expression of, Expression index) implements Expression {
    }

    /// `a[start:stop:step]`
    record Slice(Expression of, Optional<Expression> start, Optional<Expression> stop, Optional<Expression> step)
            implements Expression {
    }

    /// `f(a, name=b)`
    record Call(Expression function, Given given) implements Expression {
    }

    /// `a | filter(b)`
    record Filtered(Expression of, String filter, Given given) implements Expression {
    }

    /// `a is test(b)`
    record Tested(Expression of, String test, Given given) implements Expression {
    }

    /// What a call is given.
    record Given(List<Expression> positional, Map<String, Expression> named) {
        static final Given NOTHING = new Given(List.of(), Map.of());
    }
}
