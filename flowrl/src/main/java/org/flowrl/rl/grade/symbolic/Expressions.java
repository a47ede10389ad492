package org.flowrl.rl.grade.symbolic;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.function.UnaryOperator;
import org.flowrl.rl.grade.symbolic.Expression.Bracketed;
import org.flowrl.rl.grade.symbolic.Expression.Call;
import org.flowrl.rl.grade.symbolic.Expression.Constant;
import org.flowrl.rl.grade.symbolic.Expression.Items;
import org.flowrl.rl.grade.symbolic.Expression.Matrix;
import org.flowrl.rl.grade.symbolic.Expression.Number;
import org.flowrl.rl.grade.symbolic.Expression.PlusMinus;
import org.flowrl.rl.grade.symbolic.Expression.Power;
import org.flowrl.rl.grade.symbolic.Expression.Product;
import org.flowrl.rl.grade.symbolic.Expression.Ratio;
import org.flowrl.rl.grade.symbolic.Expression.Relation;
import org.flowrl.rl.grade.symbolic.Expression.SetOperation;
import org.flowrl.rl.grade.symbolic.Expression.Sum;
import org.flowrl.rl.grade.symbolic.Expression.Symbol;
import org.flowrl.rl.grade.symbolic.Expression.Text;

/// Short ways of building expressions and of going through their parts.
final class Expressions {
    private Expressions() {
    }

    static Expression number(long value) {
        return new Number(Rational.of(value), false);
    }

    static Expression negate(Expression value) {
        return value instanceof Number number
                ? new Number(number.value().negate(), number.decimal())
                : new Product(List.of(number(-1), value));
    }

    static Expression inverse(Expression value) {
        return new Power(value, number(-1));
    }

    static Expression minus(Expression left, Expression right) {
        return new Sum(List.of(left, negate(right)));
    }

    static Expression sum(List<Expression> terms) {
        return terms.size() == 1 ? terms.getFirst() : new Sum(List.copyOf(terms));
    }

    static Expression product(List<Expression> factors) {
        return factors.size() == 1 ? factors.getFirst() : new Product(List.copyOf(factors));
    }

    /// The expression with `change` applied to each of its direct parts.
    static Expression map(Expression expression, UnaryOperator<Expression> change) {
        return switch (expression) {
            case Sum sum -> new Sum(each(sum.terms(), change));
            case Product product -> new Product(each(product.factors(), change));
            case Power power -> new Power(change.apply(power.base()), change.apply(power.exponent()));
            case Call call -> new Call(call.function(), each(call.arguments(), change));
            case PlusMinus plusMinus -> new PlusMinus(change.apply(plusMinus.value()),
                    change.apply(plusMinus.spread()), plusMinus.minusFirst());
            case Relation relation -> new Relation(each(relation.operands(), change), relation.operators());
            case Ratio ratio -> new Ratio(each(ratio.parts(), change));
            case Bracketed bracketed -> new Bracketed(bracketed.leftClosed(), each(bracketed.items(), change),
                    bracketed.rightClosed());
            case Items items -> new Items(each(items.items(), change), items.listed());
            case SetOperation operation -> new SetOperation(operation.kind(), change.apply(operation.left()),
                    change.apply(operation.right()));
            case Matrix matrix -> new Matrix(matrix.rows().stream().map(row -> each(row, change)).toList());
            case Number _, Symbol _, Constant _, Text _ -> expression;
        };
    }

    private static List<Expression> each(List<Expression> parts, UnaryOperator<Expression> change) {
        return parts.stream().map(change).toList();
    }

    /// The direct parts of an expression, in the order in which they are written.
    static List<Expression> parts(Expression expression) {
        List<Expression> parts = new ArrayList<>();
        map(expression, part -> {
            parts.add(part);
            return part;
        });
        return parts;
    }

    /// The names of the variables in an expression, in the order in which they first stand.
    static SequencedSet<String> variables(Expression expression) {
        SequencedSet<String> names = new LinkedHashSet<>();
        if (expression instanceof Symbol symbol) {
            names.add(symbol.name());
        }
        parts(expression).forEach(part -> names.addAll(variables(part)));
        return names;
    }
}
