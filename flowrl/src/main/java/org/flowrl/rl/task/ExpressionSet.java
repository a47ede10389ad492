package org.flowrl.rl.task;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.flowrl.rl.task.Expression.Operator;

/// All expressions that use each of some numbers once, one for each {@link Expression#canonical canonical form}.
final class ExpressionSet {
    private ExpressionSet() {
    }

    /// Joins the expressions of every part of the numbers with those of the rest. 4 numbers have some 1,200 forms.
    ///
    /// @param numbers at most 5, as there are 10 times as many forms for each further one
    static Collection<Expression> of(List<Integer> numbers) {
        int all = (1 << numbers.size()) - 1;
        List<Map<String, Expression>> forms = new ArrayList<>();
        forms.add(Map.of());
        for (int part = 1; part <= all; part++) {
            forms.add(new LinkedHashMap<>());
            if (Integer.bitCount(part) == 1) {
                put(forms.get(part), new Expression.Number(numbers.get(Integer.numberOfTrailingZeros(part))));
            }
            for (int left = part - 1 & part; left > 0; left = left - 1 & part) {
                for (Expression a : forms.get(left).values()) {
                    for (Expression b : forms.get(part ^ left).values()) {
                        for (Operator operator : Operator.values()) {
                            put(forms.get(part), new Expression.Operation(operator, a, b));
                        }
                    }
                }
            }
        }
        return forms.get(all).values();
    }

    private static void put(Map<String, Expression> forms, Expression expression) {
        forms.putIfAbsent(expression.canonical(), expression);
    }
}
