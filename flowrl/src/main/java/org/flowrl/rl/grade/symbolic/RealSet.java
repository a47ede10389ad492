package org.flowrl.rl.grade.symbolic;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.flowrl.rl.grade.symbolic.Expression.Bracketed;
import org.flowrl.rl.grade.symbolic.Expression.Constant;
import org.flowrl.rl.grade.symbolic.Expression.Items;
import org.flowrl.rl.grade.symbolic.Expression.Product;
import org.flowrl.rl.grade.symbolic.Expression.Relation;
import org.flowrl.rl.grade.symbolic.Expression.Relation.Operator;
import org.flowrl.rl.grade.symbolic.Expression.SetOperation;
import org.flowrl.rl.grade.symbolic.Expression.Symbol;

/// A set of real numbers: disjoint intervals and points in ascending order, none touching the next.
///
/// @param pieces the intervals; a point is a closed interval of length 0
record RealSet(List<Piece> pieces) {
    /// One interval. `value` of an end is absent where the end is infinite; an infinite end is open.
    record Piece(End low, End high) {
        boolean isEmpty() {
            int order = low.compareTo(high);
            return order > 0 || order == 0 && !(low.closed && high.closed);
        }
    }

    /// An end of an interval.
    ///
    /// @param infinite −1 or 1 for −∞ and ∞, otherwise 0
    /// @param value the number, where it is finite
    record End(int infinite, Optional<Value> value, boolean closed) implements Comparable<End> {
        static final End LOWEST = new End(-1, Optional.empty(), false);
        static final End HIGHEST = new End(1, Optional.empty(), false);

        @Override
        public int compareTo(End other) {
            if (infinite != 0 || other.infinite != 0) {
                return Integer.compare(infinite, other.infinite);
            }
            Value left = value.orElseThrow();
            Value right = other.value.orElseThrow();
            return left.isSame(right) ? 0 : left.real().compareTo(right.real());
        }

        End opposite() {
            return new End(infinite, value, infinite == 0 && !closed);
        }
    }

    static final RealSet EVERYTHING = new RealSet(List.of(new Piece(End.LOWEST, End.HIGHEST)));

    /// The set that an expression writes: an interval, a set of numbers, ℝ, what ∪, ∩ and ∖ make of these, or an
    /// inequality in one name.
    ///
    /// @throws Undefined where it is no such expression, or an end has no value
    static RealSet of(Expression expression, StepBudget budget) {
        budget.spend(1);
        return switch (expression) {
            case Bracketed interval when interval.items().size() == 2 -> normal(List.of(new Piece(
                    end(interval.items().get(0), interval.leftClosed(), budget),
                    end(interval.items().get(1), interval.rightClosed(), budget))));
            case Items items -> normal(items.items().stream().flatMap(item ->
                    (item instanceof Relation ? of(item, budget).pieces : List.of(point(item, budget))).stream())
                    .toList());
            case Symbol symbol when symbol.name().equals("\\mathbb{R}") -> EVERYTHING;
            case SetOperation operation -> {
                RealSet left = of(operation.left(), budget);
                RealSet right = of(operation.right(), budget);
                yield switch (operation.kind()) {
                    case '∪' -> left.union(right);
                    case '∩' -> left.intersection(right);
                    case '∖' -> left.intersection(right.complement());
                    default -> throw new Undefined("a set operation " + operation.kind());
                };
            }
            case Relation relation -> ofInequality(relation, budget);
            case Expression other -> normal(List.of(point(other, budget)));
        };
    }

    /// `a < x ≤ b`, `x > a`, `a ≥ x`, `x ∈ S`, `x ≠ a`.
    private static RealSet ofInequality(Relation relation, StepBudget budget) {
        List<Expression> operands = relation.operands();
        int name = operands.size() == 3 ? 1 : NormalForm.isName(operands.getFirst()) ? 0 : 1;
        if (!NormalForm.isName(operands.get(name))) {
            throw new Undefined("not an inequality in one name");
        }
        RealSet set = EVERYTHING;
        for (int i = 0; i < relation.operators().size(); i++) {
            boolean nameFirst = i == name;
            Expression other = operands.get(nameFirst ? i + 1 : i);
            set = set.intersection(ofOperator(relation.operators().get(i), nameFirst, other, budget));
        }
        return set;
    }

    private static RealSet ofOperator(Operator operator, boolean nameFirst, Expression other, StepBudget budget) {
        boolean below = operator == Operator.LESS || operator == Operator.LESS_OR_EQUAL;
        boolean closed = operator == Operator.LESS_OR_EQUAL || operator == Operator.GREATER_OR_EQUAL;
        return switch (operator) {
            case LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL -> new RealSet(List.of(below == nameFirst
                    ? new Piece(End.LOWEST, end(other, closed, budget))
                    : new Piece(end(other, closed, budget), End.HIGHEST)));
            case IN, EQUAL -> of(other, budget);
            case NOT_EQUAL -> of(other, budget).complement();
            case APPROXIMATE -> throw new Undefined("an approximation");
        };
    }

    RealSet union(RealSet other) {
        List<Piece> all = new ArrayList<>(pieces);
        all.addAll(other.pieces);
        return normal(all);
    }

    RealSet intersection(RealSet other) {
        List<Piece> common = new ArrayList<>();
        for (Piece left : pieces) {
            for (Piece right : other.pieces) {
                common.add(new Piece(inner(left.low, right.low, 1), inner(left.high, right.high, -1)));
            }
        }
        return normal(common);
    }

    RealSet complement() {
        List<Piece> gaps = new ArrayList<>();
        End low = End.LOWEST;
        for (Piece piece : pieces) {
            if (piece.low.infinite == 0) {
                gaps.add(new Piece(low, piece.low.opposite()));
            }
            low = piece.high.infinite == 0 ? piece.high.opposite() : End.HIGHEST;
        }
        if (pieces.isEmpty() || pieces.getLast().high.infinite == 0) {
            gaps.add(new Piece(low, End.HIGHEST));
        }
        return normal(gaps);
    }

    /// Whether two sets have the same intervals, their ends compared by `same`.
    boolean matches(RealSet other, BiPredicate<Value, Value> same) {
        if (pieces.size() != other.pieces.size()) {
            return false;
        }
        for (int i = 0; i < pieces.size(); i++) {
            Piece left = pieces.get(i);
            Piece right = other.pieces.get(i);
            if (!matches(left.low, right.low, same) || !matches(left.high, right.high, same)) {
                return false;
            }
        }
        return true;
    }

    private static boolean matches(End left, End right, BiPredicate<Value, Value> same) {
        return left.infinite == right.infinite && left.closed == right.closed
                && (left.infinite != 0 || same.test(left.value.orElseThrow(), right.value.orElseThrow()));
    }

    /// The higher of two ends (`direction` 1) or the lower (−1); of two equal ends the open one.
    private static End inner(End left, End right, int direction) {
        int order = left.compareTo(right) * direction;
        return order > 0 || order == 0 && !left.closed ? left : right;
    }

    private static RealSet normal(List<Piece> pieces) {
        List<Piece> sorted = pieces.stream().filter(piece -> !piece.isEmpty())
                .sorted(Comparator.comparing(Piece::low).thenComparing(piece -> !piece.low.closed)).toList();
        List<Piece> joined = new ArrayList<>();
        for (Piece next : sorted) {
            Piece last = joined.isEmpty() ? null : joined.getLast();
            int order = last == null ? -1 : last.high.compareTo(next.low);
            if (order > 0 || order == 0 && (last.high.closed || next.low.closed)) {
                int ends = last.high.compareTo(next.high);
                End high = ends > 0 || ends == 0 && last.high.closed ? last.high : next.high;
                joined.set(joined.size() - 1, new Piece(last.low, high));
            } else {
                joined.add(next);
            }
        }
        return new RealSet(List.copyOf(joined));
    }

    private static Piece point(Expression expression, StepBudget budget) {
        End end = end(expression, true, budget);
        return new Piece(end, end);
    }

    private static End end(Expression expression, boolean closed, StepBudget budget) {
        int infinite = infinity(expression);
        if (infinite != 0) {
            return infinite < 0 ? End.LOWEST : End.HIGHEST;
        }
        if (!Expressions.variables(expression).isEmpty()) {
            throw new Undefined("an end with a variable");
        }
        Value value = new Evaluation(0, false, budget).value(expression);
        value.real();
        return new End(0, Optional.of(value), closed);
    }

    /// 1 for ∞, −1 for −∞, 0 for anything else.
    static int infinity(Expression expression) {
        if (expression == Constant.INFINITY) {
            return 1;
        }
        return expression instanceof Product product && product.factors().size() == 2
                && product.factors().getFirst().equals(Expressions.number(-1))
                && product.factors().getLast() == Constant.INFINITY ? -1 : 0;
    }
}
