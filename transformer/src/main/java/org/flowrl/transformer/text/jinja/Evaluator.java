package org.flowrl.transformer.text.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The value of an expression in a scope.
final class Evaluator {
    private Evaluator() {
    }

    static Object value(Expression expression, Scope scope) {
        scope.enter();
        Object value = inside(expression, scope);
        scope.leave();
        return value;
    }

    private static Object inside(Expression expression, Scope scope) {
        return switch (expression) {
            case Expression.Literal literal -> literal.value();
            case Expression.Name name -> scope.get(name.name());
            case Expression.ListOf list -> values(list.items(), scope);
            case Expression.DictOf dict -> dict(dict, scope);
            case Expression.Signed signed -> Operators.signed(signed.operator(), value(signed.operand(), scope));
            case Expression.Arithmetic sum -> Operators.arithmetic(sum.operator(), value(sum.left(), scope),
                    value(sum.right(), scope));
            case Expression.Comparison comparison -> compare(comparison, scope);
            case Expression.Not not -> !isTrue(not.operand(), scope);
            case Expression.And and -> {
                Object left = value(and.left(), scope);
                yield Operators.isTrue(left) ? value(and.right(), scope) : left;
            }
            case Expression.Or or -> {
                Object left = value(or.left(), scope);
                yield Operators.isTrue(left) ? left : value(or.right(), scope);
            }
            case Expression.Conditional conditional -> conditional(conditional, scope);
            case Expression.Attribute attribute -> Attributes.attribute(value(attribute.of(), scope),
                    attribute.name());
            case Expression.Item item -> Attributes.item(value(item.of(), scope), value(item.index(), scope));
            case Expression.Slice slice -> Operators.slice(value(slice.of(), scope), bound(slice.start(), scope),
                    bound(slice.stop(), scope), bound(slice.step(), scope));
            case Expression.Call call -> call(call, scope);
            case Expression.Filtered filtered -> Filters.apply(filtered.filter(), value(filtered.of(), scope),
                    arguments(filtered.filter(), filtered.given(), scope));
            case Expression.Tested tested -> ValueTests.test(tested.test(), value(tested.of(), scope),
                    arguments(tested.test(), tested.given(), scope));
        };
    }

    static boolean isTrue(Expression expression, Scope scope) {
        return Operators.isTrue(value(expression, scope));
    }

    private static List<Object> values(List<Expression> expressions, Scope scope) {
        List<Object> values = new ArrayList<>(expressions.size());
        expressions.forEach(expression -> values.add(value(expression, scope)));
        return values;
    }

    private static Map<Object, Object> dict(Expression.DictOf dict, Scope scope) {
        Map<Object, Object> entries = new LinkedHashMap<>();
        dict.entries().forEach(entry -> entries.put(value(entry.key(), scope), value(entry.value(), scope)));
        return entries;
    }

    private static Object conditional(Expression.Conditional conditional, Scope scope) {
        if (isTrue(conditional.condition(), scope)) {
            return value(conditional.then(), scope);
        }
        return conditional.otherwise().isPresent() ? value(conditional.otherwise().get(), scope)
                : new Undefined("an 'if' without 'else' has no value");
    }

    private static boolean compare(Expression.Comparison comparison, Scope scope) {
        Object left = value(comparison.first(), scope);
        for (Expression.Comparison.Step step : comparison.steps()) {
            Object right = value(step.right(), scope);
            if (!Operators.compares(step.operator(), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private static Object bound(Optional<Expression> bound, Scope scope) {
        return bound.isEmpty() ? null : value(bound.get(), scope);
    }

    private static Object call(Expression.Call call, Scope scope) {
        String name = switch (call.function()) {
            case Expression.Name named -> named.name();
            case Expression.Attribute attribute -> attribute.name();
            default -> "call";
        };
        return switch (value(call.function(), scope)) {
            case Callable function -> function.call(arguments(name, call.given(), scope));
            case Undefined undefined -> throw undefined.refuse();
            case null -> throw new JinjaException("'" + name + "' is None and cannot be called");
            case Object other -> throw new JinjaException("'" + name + "' is " + Operators.kind(other)
                    + " and cannot be called");
        };
    }

    private static Arguments arguments(String name, Expression.Given given, Scope scope) {
        Map<String, Object> named = new LinkedHashMap<>();
        given.named().forEach((key, expression) -> named.put(key, value(expression, scope)));
        return new Arguments(name, values(given.positional(), scope), named);
    }
}
