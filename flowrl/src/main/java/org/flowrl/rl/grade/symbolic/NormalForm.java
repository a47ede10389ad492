package org.flowrl.rl.grade.symbolic;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
import org.flowrl.rl.grade.symbolic.Expression.Relation.Operator;
import org.flowrl.rl.grade.symbolic.Expression.SetOperation;
import org.flowrl.rl.grade.symbolic.Expression.Sum;
import org.flowrl.rl.grade.symbolic.Expression.Symbol;
import org.flowrl.rl.grade.symbolic.Expression.Text;

/// Ways of writing that say the same, made one: ± becomes two items, an item alone is itself, a derivation
/// `x = a = b` is `x = b`, and sums of matrices are matrices.
final class NormalForm {
    private NormalForm() {
    }

    /// The normal form.
    static Expression of(Expression expression) {
        Expression single = Expressions.map(expression, NormalForm::of);
        return switch (single) {
            case Items items -> items(items);
            case Relation relation -> relation(relation);
            case Sum sum when sum.terms().stream().allMatch(Matrix.class::isInstance) -> matrixSum(sum);
            case Product product -> matrixProduct(product);
            case Expression other when containsPlusMinus(other) && !(other instanceof Bracketed) -> variants(other);
            case Expression other -> other;
        };
    }

    private static Expression items(Items items) {
        List<Expression> flat = new ArrayList<>();
        for (Expression item : items.items()) {
            if (item instanceof Items nested && nested.listed()) {
                flat.addAll(nested.items());
            } else {
                flat.add(item);
            }
        }
        return flat.size() == 1 ? flat.getFirst() : new Items(List.copyOf(flat), items.listed());
    }

    private static Expression relation(Relation relation) {
        Relation exact = withoutApproximations(relation);
        List<Expression> operands = exact.operands();
        if (operands.size() == 1) {
            return operands.getFirst();
        }
        boolean derivation = operands.size() > 2 && exact.operators().stream().allMatch(Operator.EQUAL::equals);
        Relation derived = derivation
                ? new Relation(List.of(operands.getFirst(), operands.getLast()), List.of(Operator.EQUAL)) : exact;
        return containsPlusMinus(derived) ? variants(derived) : turned(derived);
    }

    /// `x = 1/3 ≈ 0.33` is `x = 1/3`, and `2/3 ≈ 0.67` is 2/3; `x ≈ 11` is `x = 11`.
    private static Relation withoutApproximations(Relation relation) {
        List<Expression> operands = relation.operands();
        List<Operator> operators = relation.operators();
        int kept = operands.size();
        while (kept > 1 && operators.get(kept - 2) == Operator.APPROXIMATE
                && (kept > 2 || !isName(operands.getFirst()))) {
            kept--;
        }
        return new Relation(operands.subList(0, kept), operators.subList(0, kept - 1).stream()
                .map(operator -> operator == Operator.APPROXIMATE ? Operator.EQUAL : operator).toList());
    }

    /// `11 = x` is `x = 11`.
    private static Relation turned(Relation relation) {
        boolean turn = relation.operators().equals(List.of(Operator.EQUAL)) && !isName(relation.operands().getFirst())
                && relation.operands().getLast() instanceof Symbol;
        return turn ? new Relation(relation.operands().reversed(), relation.operators()) : relation;
    }

    /// Whether an expression names something that an equation may give a value to: x, f(x), |AB|, AB/CD, (x, y).
    static boolean isName(Expression expression) {
        return switch (expression) {
            case Symbol _, Text _ -> true;
            case Constant constant -> constant == Constant.E || constant == Constant.I;
            case Call call -> !Vocabulary.FUNCTIONS.contains(call.function()) && !Vocabulary.BINDERS.contains(
                    call.function()) || call.function().equals("abs") && isName(call.arguments().getFirst());
            case Product product -> product.factors().stream().allMatch(NormalForm::isName);
            case Power power -> isName(power.base()) && power.exponent().equals(Expressions.number(-1));
            case Ratio ratio -> ratio.parts().stream().allMatch(NormalForm::isName);
            case Bracketed tuple -> tuple.items().stream().allMatch(NormalForm::isName);
            case Number _, Sum _, PlusMinus _, Relation _, Items _, SetOperation _, Matrix _ -> false;
        };
    }

    /// What an equation or a membership says of the name on its left, or nothing where it is not of that kind.
    static Optional<Expression> assigned(Expression expression) {
        return expression instanceof Relation relation && relation.operands().size() == 2
                && (relation.operators().getFirst() == Operator.EQUAL || relation.operators().getFirst() == Operator.IN)
                && isName(relation.operands().getFirst())
                ? Optional.of(relation.operands().getLast()) : Optional.empty();
    }

    private static boolean containsPlusMinus(Expression expression) {
        return expression instanceof PlusMinus
                || Expressions.parts(expression).stream().anyMatch(NormalForm::containsPlusMinus);
    }

    private static Expression variants(Expression expression) {
        return new Items(List.of(signed(expression, true), signed(expression, false)), true);
    }

    private static Expression signed(Expression expression, boolean upper) {
        Expression parts = Expressions.map(expression, part -> signed(part, upper));
        if (!(parts instanceof PlusMinus plusMinus)) {
            return parts;
        }
        Expression spread = upper == plusMinus.minusFirst() ? Expressions.negate(plusMinus.spread())
                : plusMinus.spread();
        boolean alone = plusMinus.value().equals(Expressions.number(0));
        return alone ? spread : new Sum(List.of(plusMinus.value(), spread));
    }

    private static Expression matrixSum(Sum sum) {
        Matrix total = (Matrix) sum.terms().getFirst();
        for (Expression term : sum.terms().subList(1, sum.terms().size())) {
            Matrix next = (Matrix) term;
            if (next.rows().size() != total.rows().size()
                    || next.rows().getFirst().size() != total.rows().getFirst().size()) {
                return sum;
            }
            List<List<Expression>> rows = new ArrayList<>();
            for (int i = 0; i < total.rows().size(); i++) {
                List<Expression> row = new ArrayList<>();
                for (int j = 0; j < total.rows().get(i).size(); j++) {
                    row.add(new Sum(List.of(total.rows().get(i).get(j), next.rows().get(i).get(j))));
                }
                rows.add(List.copyOf(row));
            }
            total = new Matrix(List.copyOf(rows));
        }
        return total;
    }

    /// A matrix times numbers; a product of two matrices stays as it is.
    private static Expression matrixProduct(Product product) {
        List<Expression> matrices = product.factors().stream().filter(Matrix.class::isInstance).toList();
        if (matrices.size() != 1) {
            return containsPlusMinus(product) ? variants(product) : product;
        }
        List<Expression> others = product.factors().stream().filter(factor -> !(factor instanceof Matrix)).toList();
        return Expressions.map(matrices.getFirst(), entry -> {
            List<Expression> factors = new ArrayList<>(others);
            factors.add(entry);
            return Expressions.product(factors);
        });
    }
}
