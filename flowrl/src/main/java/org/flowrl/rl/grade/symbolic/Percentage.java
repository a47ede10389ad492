package org.flowrl.rl.grade.symbolic;

import java.util.List;
import org.flowrl.rl.grade.symbolic.Expression.Items;
import org.flowrl.rl.grade.symbolic.Expression.Product;

/// Hundredths.
public final class Percentage {
    private Percentage() {
    }

    /// An expression that a percent sign follows: a hundredth of it, or of each item. What is a percentage already
    /// stays one.
    public static Expression of(Expression expression) {
        Expression hundredth = Expressions.inverse(Expressions.number(100));
        return switch (expression) {
            case Items items -> Expressions.map(items, Percentage::of);
            case Product product when product.factors().contains(hundredth) -> product;
            case Expression other -> new Product(List.of(other, hundredth));
        };
    }
}
