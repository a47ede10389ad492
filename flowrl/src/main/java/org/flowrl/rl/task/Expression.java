package org.flowrl.rl.task;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// An arithmetic expression over whole numbers, with an exact value and a canonical form.
///
/// **Canonical form.** Chains of `+` and `-` are flattened into added and subtracted terms, chains of `*` and `/` into
/// factors and divisors, parentheses resolved, and each of these lists is sorted. So `4+3-2`, `3-2+4` and `4-(2-3)` are
/// one solution, as are `(2+3)*4` and `4*(3+2)`; `2*3+2*4` is another one, since nothing is multiplied out and no
/// number is cancelled.
sealed interface Expression {
    /// A number.
    record Number(int number) implements Expression {
    }

    /// Two expressions and what is done with them.
    record Operation(Operator operator, Expression left, Expression right) implements Expression {
    }

    /// What is done with two numbers.
    enum Operator {
        ADD('+'), SUBTRACT('-'), MULTIPLY('*'), DIVIDE('/');

        private final char symbol;

        Operator(char symbol) {
            this.symbol = symbol;
        }

        /// The operator as it is written.
        char symbol() {
            return symbol;
        }

        /// True for `+` and `-`.
        boolean isAdditive() {
            return this == ADD || this == SUBTRACT;
        }

        /// True where the right operand counts the other way: for `-` and `/`.
        boolean isInverse() {
            return this == SUBTRACT || this == DIVIDE;
        }

        /// The operator of this symbol, or empty.
        static Optional<Operator> of(char symbol) {
            return Stream.of(values()).filter(operator -> operator.symbol == symbol).findFirst();
        }
    }

    /// A rational number. Equal numbers may be written with different terms: compare by {@link #equalsWhole}.
    record Fraction(BigInteger numerator, BigInteger denominator) {
        boolean equalsWhole(long number) {
            return numerator.equals(denominator.multiply(BigInteger.valueOf(number)));
        }
    }

    /// The value, or empty where something is divided by zero.
    default Optional<Fraction> value() {
        return switch (this) {
            case Number(int number) -> Optional.of(new Fraction(BigInteger.valueOf(number), BigInteger.ONE));
            case Operation(Operator operator, Expression left, Expression right) ->
                    left.value().flatMap(a -> right.value().flatMap(b -> apply(operator, a, b)));
        };
    }

    /// The numbers in it, from left to right.
    default List<Integer> numbers() {
        return switch (this) {
            case Number(int number) -> List.of(number);
            case Operation(_, Expression left, Expression right) ->
                    Stream.concat(left.numbers().stream(), right.numbers().stream()).toList();
        };
    }

    /// The canonical form: equal for expressions that are one solution.
    default String canonical() {
        return switch (this) {
            case Number(int number) -> Integer.toString(number);
            case Operation(Operator operator, _, _) -> {
                List<String> plain = new ArrayList<>();
                List<String> inverse = new ArrayList<>();
                collect(this, operator.isAdditive(), false, plain, inverse);
                Collections.sort(plain);
                Collections.sort(inverse);
                String join = operator.isAdditive() ? "+" : "*";
                String undo = operator.isAdditive() ? "-" : "/";
                yield String.join(join, plain)
                        + (inverse.isEmpty() ? "" : undo + String.join(undo, inverse));
            }
        };
    }

    /// The expression as it is written with the fewest parentheses.
    default String text() {
        return switch (this) {
            case Number(int number) -> Integer.toString(number);
            case Operation(Operator operator, Expression left, Expression right) -> bracketed(left,
                    left instanceof Operation(Operator inner, _, _) && inner.isAdditive() && !operator.isAdditive())
                    + operator.symbol() + bracketed(right, right instanceof Operation(Operator inner, _, _)
                            && (inner.isAdditive() ? operator != Operator.ADD : operator.isInverse()
                                    && !operator.isAdditive()));
        };
    }

    private static String bracketed(Expression expression, boolean brackets) {
        return brackets ? "(" + expression.text() + ")" : expression.text();
    }

    /// Adds the operands of a chain to `plain` and `inverse`; operands that are chains of the other kind are bracketed.
    private static void collect(Expression expression, boolean additive, boolean isInverse, List<String> plain,
            List<String> inverse) {
        if (expression instanceof Operation(Operator operator, Expression left, Expression right)
                && operator.isAdditive() == additive) {
            collect(left, additive, isInverse, plain, inverse);
            collect(right, additive, isInverse != operator.isInverse(), plain, inverse);
            return;
        }
        (isInverse ? inverse : plain)
                .add(expression instanceof Operation ? "(" + expression.canonical() + ")" : expression.canonical());
    }

    private static Optional<Fraction> apply(Operator operator, Fraction a, Fraction b) {
        BigInteger crossed = a.numerator.multiply(b.denominator);
        BigInteger other = b.numerator.multiply(a.denominator);
        BigInteger below = a.denominator.multiply(b.denominator);
        return switch (operator) {
            case ADD -> Optional.of(new Fraction(crossed.add(other), below));
            case SUBTRACT -> Optional.of(new Fraction(crossed.subtract(other), below));
            case MULTIPLY -> Optional.of(new Fraction(a.numerator.multiply(b.numerator), below));
            case DIVIDE -> other.signum() == 0 ? Optional.empty() : Optional.of(new Fraction(crossed, other));
        };
    }
}
