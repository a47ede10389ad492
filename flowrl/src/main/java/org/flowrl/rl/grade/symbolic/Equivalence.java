package org.flowrl.rl.grade.symbolic;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.flowrl.rl.grade.symbolic.Expression.Bracketed;
import org.flowrl.rl.grade.symbolic.Expression.Call;
import org.flowrl.rl.grade.symbolic.Expression.Constant;
import org.flowrl.rl.grade.symbolic.Expression.Items;
import org.flowrl.rl.grade.symbolic.Expression.Matrix;
import org.flowrl.rl.grade.symbolic.Expression.Number;
import org.flowrl.rl.grade.symbolic.Expression.Product;
import org.flowrl.rl.grade.symbolic.Expression.Ratio;
import org.flowrl.rl.grade.symbolic.Expression.Relation;
import org.flowrl.rl.grade.symbolic.Expression.SetOperation;
import org.flowrl.rl.grade.symbolic.Expression.Symbol;
import org.flowrl.rl.grade.symbolic.Expression.Text;

/// Says whether two answers mean the same.
///
/// - Numbers: exactly where both are rational, otherwise by intervals of 50 digits; where one is written with a decimal
///   point, rounded to `decimals`.
/// - Expressions in variables: at {@link #POINTS} points, at some of which variables are negative.
/// - Equations: same sides, or sides whose differences are multiples of each other. An equation that gives a name a
///   value equals that value.
/// - Sets without regard to order; tuples and intervals item by item, brackets included; unions of intervals as sets of
///   real numbers; matrices entry by entry; words without regard to case and punctuation.
public final class Equivalence {
    /// Points at which functions are compared. The first half has positive variables alone.
    private static final int POINTS = 6;
    /// Points tried, at the most: an expression may have no value at some.
    private static final int TRIALS = 24;

    private final Options options;
    private final StepBudget budget;

    /// What counts as the same.
    ///
    /// @param decimals digits after the point to which numbers are rounded where one has a decimal point
    /// @param strict variables must have the same names; otherwise those of equal rank are one
    /// @param relationAsSet an inequality may answer for the set it describes; the reverse always may
    public record Options(int decimals, boolean strict, boolean relationAsSet) {
        /// Six decimals, strict.
        public static Options defaults() {
            return new Options(6, true, false);
        }
    }

    /// @param budget what comparing may cost
    public Equivalence(Options options, StepBudget budget) {
        this.options = options;
        this.budget = budget;
    }

    /// Whether `answer` means what `gold` does.
    ///
    /// @throws StepBudget.Exceeded where that cannot be told within the budget
    public boolean equal(Expression gold, Expression answer) {
        Expression left = NormalForm.of(gold);
        Expression right = NormalForm.of(answer);
        return same(left, options.strict() ? right : renamed(right, left));
    }

    private boolean same(Expression gold, Expression answer) {
        budget.spend(1);
        if (gold.equals(answer)) {
            return true;
        }
        if (gold instanceof Relation left && answer instanceof Relation right) {
            return sameRelation(left, right);
        }
        Optional<Expression> goldValue = NormalForm.assigned(gold);
        if (goldValue.isPresent() && !(answer instanceof Relation)) {
            return same(goldValue.get(), answer);
        }
        Optional<Expression> answerValue = NormalForm.assigned(answer);
        if (answerValue.isPresent() && !(gold instanceof Relation)) {
            return same(gold, answerValue.get());
        }
        return switch (gold) {
            case Items left when answer instanceof Items right -> sameItems(left.items(), right.items());
            case Items left when answer instanceof Bracketed right && left.listed() && isAssigned(left.items()) ->
                    sameInOrder(left.items(), right.items());
            case Bracketed left when answer instanceof Items right && right.listed() && isAssigned(right.items()) ->
                    sameInOrder(left.items(), right.items());
            case Bracketed left when answer instanceof Bracketed right -> left.leftClosed() == right.leftClosed()
                    && left.rightClosed() == right.rightClosed() && sameInOrder(left.items(), right.items());
            case Matrix left when answer instanceof Matrix right -> sameMatrix(left, right);
            case Ratio left when answer instanceof Ratio right && sameInOrder(left.parts(), right.parts()) -> true;
            case Relation _ -> isSet(answer) && sameSet(gold, answer);
            default -> sameOther(gold, answer);
        };
    }

    private boolean sameOther(Expression gold, Expression answer) {
        if (answer instanceof Relation) {
            return options.relationAsSet() && isSet(gold) && sameSet(gold, answer);
        }
        if (gold instanceof SetOperation || answer instanceof SetOperation) {
            return sameSet(gold, answer);
        }
        Optional<String> words = words(gold);
        if (words.isPresent() && (gold instanceof Text || answer instanceof Text)) {
            return words.equals(words(answer));
        }
        if (RealSet.infinity(gold) != 0 || RealSet.infinity(answer) != 0) {
            return RealSet.infinity(gold) == RealSet.infinity(answer);
        }
        return sameFunction(gold, answer);
    }

    private static boolean isAssigned(List<Expression> items) {
        return items.stream().allMatch(item -> NormalForm.assigned(item).isPresent());
    }

    private static boolean isSet(Expression expression) {
        return expression instanceof SetOperation || expression instanceof Items
                || expression instanceof Bracketed interval && interval.items().size() == 2;
    }

    private boolean sameInOrder(List<Expression> gold, List<Expression> answer) {
        if (gold.size() != answer.size()) {
            return false;
        }
        for (int i = 0; i < gold.size(); i++) {
            if (!same(gold.get(i), answer.get(i))) {
                return false;
            }
        }
        return true;
    }

    /// Each item has one of the other side for itself; an item that stands twice counts once.
    private boolean sameItems(List<Expression> gold, List<Expression> answer) {
        List<Expression> open = distinct(answer);
        List<Expression> wanted = distinct(gold);
        if (open.size() != wanted.size()) {
            return false;
        }
        for (Expression item : wanted) {
            Optional<Expression> match = open.stream().filter(other -> same(item, other)).findFirst();
            if (match.isEmpty()) {
                return false;
            }
            open.remove(match.get());
        }
        return true;
    }

    private List<Expression> distinct(List<Expression> items) {
        List<Expression> kept = new ArrayList<>();
        for (Expression item : items) {
            if (kept.stream().noneMatch(other -> same(other, item))) {
                kept.add(item);
            }
        }
        return kept;
    }

    private boolean sameMatrix(Matrix gold, Matrix answer) {
        if (gold.rows().size() != answer.rows().size()) {
            return false;
        }
        for (int i = 0; i < gold.rows().size(); i++) {
            if (!sameInOrder(gold.rows().get(i), answer.rows().get(i))) {
                return false;
            }
        }
        return true;
    }

    private boolean sameSet(Expression gold, Expression answer) {
        boolean decimal = hasDecimal(gold) || hasDecimal(answer);
        try {
            return RealSet.of(gold, budget).matches(RealSet.of(answer, budget), (left, right) ->
                    left.isSame(right) || decimal && rounded(left, right));
        } catch (Undefined e) {
            return gold instanceof SetOperation left && answer instanceof SetOperation right
                    && left.kind() == right.kind() && same(left.left(), right.left())
                    && same(left.right(), right.right());
        }
    }

    private boolean sameRelation(Relation gold, Relation answer) {
        if (new RelationOrder(gold).operators().equals(new RelationOrder(answer).operators())) {
            List<Expression> left = new RelationOrder(gold).operands();
            List<Expression> right = new RelationOrder(answer).operands();
            if (sameInOrder(left, right)
                    || left.size() == 2 && sameDifference(left, right, new RelationOrder(gold).isSymmetric())) {
                return true;
            }
        }
        Optional<Expression> goldValue = NormalForm.assigned(gold);
        Optional<Expression> answerValue = NormalForm.assigned(answer);
        if (goldValue.isPresent() && answerValue.isPresent()) {
            return sameFunctionName(gold.operands().getFirst(), answer.operands().getFirst())
                    && same(goldValue.get(), answerValue.get());
        }
        boolean membership = gold.operators().contains(Relation.Operator.IN);
        boolean equations = new RelationOrder(gold).isSymmetric() && new RelationOrder(answer).isSymmetric();
        return (!membership || options.relationAsSet()) && !equations
                && Expressions.variables(gold).equals(Expressions.variables(answer)) && sameSet(gold, answer);
    }

    /// W(n) and W(x) name one function.
    private static boolean sameFunctionName(Expression gold, Expression answer) {
        return gold instanceof Call left && answer instanceof Call right && left.function().equals(right.function())
                && left.arguments().stream().allMatch(Symbol.class::isInstance)
                && right.arguments().stream().allMatch(Symbol.class::isInstance);
    }

    /// Whether the differences of the sides of two relations are multiples of each other by one number, which must be
    /// above 0 for inequalities.
    private boolean sameDifference(List<Expression> gold, List<Expression> answer, boolean anySign) {
        Expression left = Expressions.minus(gold.get(0), gold.get(1));
        Expression right = Expressions.minus(answer.get(0), answer.get(1));
        if (Expressions.variables(left).isEmpty() || Expressions.variables(right).isEmpty()) {
            return false;
        }
        Optional<Value> factor = Optional.empty();
        int points = 0;
        for (int trial = 0; trial < TRIALS && points < POINTS; trial++) {
            try {
                Value ratio = new Evaluation(trial, trial % 2 == 1, budget).value(left)
                        .over(new Evaluation(trial, trial % 2 == 1, budget).value(right));
                boolean agrees = !ratio.isZero() && (anySign || ratio.real().signum() > 0)
                        && ratio.isSame(factor.orElse(ratio));
                if (!agrees) {
                    return false;
                }
                factor = Optional.of(ratio);
                points++;
            } catch (Undefined e) {
                // No value at this point: the next one decides.
                continue;
            }
        }
        return points == POINTS;
    }

    private boolean sameFunction(Expression gold, Expression answer) {
        boolean constant = Expressions.variables(gold).isEmpty() && Expressions.variables(answer).isEmpty();
        boolean decimal = hasDecimal(gold) || hasDecimal(answer);
        int wanted = constant ? 1 : POINTS;
        int points = 0;
        for (int trial = 0; trial < (constant ? 1 : TRIALS) && points < wanted; trial++) {
            Evaluation evaluation = new Evaluation(trial, trial % 2 == 1, budget);
            try {
                Value left = evaluation.value(gold);
                Value right = evaluation.value(answer);
                if (!left.isSame(right) && !(decimal && rounded(left, right))) {
                    return false;
                }
                points++;
            } catch (Undefined e) {
                continue;
            }
        }
        return points == wanted;
    }

    /// Whether two numbers round to the same decimals. Numbers that both round to 0 must also agree in their leading
    /// digits, or all small numbers would be equal.
    private boolean rounded(Value left, Value right) {
        if (!left.complex().isReal() || !right.complex().isReal()) {
            return false;
        }
        BigDecimal first = left.real().setScale(options.decimals(), RoundingMode.HALF_EVEN);
        BigDecimal second = right.real().setScale(options.decimals(), RoundingMode.HALF_EVEN);
        if (first.compareTo(second) != 0) {
            return false;
        }
        BigDecimal largest = left.magnitude().max(right.magnitude());
        return first.signum() != 0 || left.real().subtract(right.real()).abs()
                .compareTo(largest.movePointLeft(options.decimals())) <= 0;
    }

    private static boolean hasDecimal(Expression expression) {
        return expression instanceof Number number && number.decimal()
                || Expressions.parts(expression).stream().anyMatch(Equivalence::hasDecimal);
    }

    /// The words of a text, or the letters of a product of variables: "Even" is E·v·e·n to a reader of formulas.
    private static Optional<String> words(Expression expression) {
        Optional<String> words = switch (expression) {
            case Text text -> Optional.of(text.words());
            case Symbol symbol -> Optional.of(symbol.name());
            case Constant constant when constant == Constant.E || constant == Constant.I ->
                    Optional.of(constant.name());
            case Product product -> product.factors().stream().map(Equivalence::words)
                    .reduce(Optional.of(""), (left, right) -> left.flatMap(head -> right.map(head::concat)));
            case Expression _ -> Optional.empty();
        };
        return words.map(text -> text.toLowerCase(Locale.ROOT).replaceAll("[\\s().,:;'\"]", ""))
                .filter(text -> !text.isEmpty());
    }

    /// `expression` with its variables named as those of equal rank in `model`.
    private static Expression renamed(Expression expression, Expression model) {
        List<String> own = List.copyOf(Expressions.variables(expression));
        List<String> names = List.copyOf(Expressions.variables(model));
        return own.size() != names.size() ? expression : renamed(expression, own, names);
    }

    private static Expression renamed(Expression expression, List<String> own, List<String> names) {
        return expression instanceof Symbol symbol ? new Symbol(names.get(own.indexOf(symbol.name())))
                : Expressions.map(expression, part -> renamed(part, own, names));
    }
}
