package org.flowrl.rl.grade.symbolic;

import java.util.List;

/// A mathematical answer as it was written. Nothing is simplified but signs of numbers; {@link Equivalence} says which
/// expressions mean the same.
public sealed interface Expression {
    /// A number.
    ///
    /// @param decimal written with a decimal point, so that it may have been rounded
    record Number(Rational value, boolean decimal) implements Expression {
    }

    /// A name: `x`, `\alpha`, `x_{1}` (name and subscript in one, without braces or blanks).
    record Symbol(String name) implements Expression {
    }

    /// A number with a name of its own.
    enum Constant implements Expression {
        PI, E, I, INFINITY
    }

    /// A sum of at least two terms.
    record Sum(List<Expression> terms) implements Expression {
    }

    /// A product of at least two factors.
    record Product(List<Expression> factors) implements Expression {
    }

    /// `base` to the power `exponent`; 1 / x is x to the power −1, a square root has the exponent 1/2.
    record Power(Expression base, Expression exponent) implements Expression {
    }

    /// A function of arguments, known (`sin`, `log`, `abs`) or not (`f`).
    record Call(String function, List<Expression> arguments) implements Expression {
    }

    /// `value ± spread`, or ∓ where `minusFirst`; ± a alone has the value 0.
    record PlusMinus(Expression value, Expression spread, boolean minusFirst) implements Expression {
    }

    /// A relation or a chain of relations: `operators` has one entry fewer than `operands`.
    record Relation(List<Expression> operands, List<Operator> operators) implements Expression {
        /// What stands between two operands.
        enum Operator {
            EQUAL, APPROXIMATE, NOT_EQUAL, LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL, IN
        }
    }

    /// `a : b`, of at least two parts.
    record Ratio(List<Expression> parts) implements Expression {
    }

    /// Items in brackets that keep their order: a tuple, and with two items an interval as well.
    ///
    /// @param leftClosed `[`, not `(`
    /// @param rightClosed `]`, not `)`
    record Bracketed(boolean leftClosed, List<Expression> items, boolean rightClosed) implements Expression {
    }

    /// Items without order: written in braces, or one after the other with commas.
    ///
    /// @param listed written as a bare list
    record Items(List<Expression> items, boolean listed) implements Expression {
    }

    /// Sets joined by ∪, ∩ or ∖, left to right: `kind` is one of these characters.
    record SetOperation(char kind, Expression left, Expression right) implements Expression {
    }

    /// A matrix by rows; all have the same length.
    record Matrix(List<List<Expression>> rows) implements Expression {
    }

    /// Words.
    record Text(String words) implements Expression {
    }
}
