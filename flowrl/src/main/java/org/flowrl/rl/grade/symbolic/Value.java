package org.flowrl.rl.grade.symbolic;

import ch.obermuhlner.math.big.BigComplex;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/// What an expression evaluates to: exactly where it is rational, otherwise an interval arithmetic's ball: a complex
/// number of {@link #PRECISION} digits and a bound on how far the true value is from it. Two balls that do not meet are
/// different numbers, proven; two that do agree in every digit that is known.
sealed interface Value {
    /// Digits of what is not exact.
    MathContext PRECISION = new MathContext(50);
    /// Digits of a bound, which is always rounded up.
    MathContext BOUND = new MathContext(6, RoundingMode.UP);
    /// What one operation or function at {@link #PRECISION} may be off, relative to its result: ten units of the last
    /// digit, where the library states one.
    BigDecimal ROUNDING = new BigDecimal("1e-48");
    /// The largest error with which numbers that meet still count as the same, relative to the larger of them and 1.
    /// Above it, too many of the digits were lost to say.
    BigDecimal TOLERANCE = new BigDecimal("1e-30");

    /// A rational number.
    record Exact(Rational value) implements Value {
        @Override
        public BigComplex complex() {
            return BigComplex.valueOf(value.toDecimal(PRECISION));
        }

        @Override
        public BigDecimal error() {
            return value.isInteger() && value.numerator().bitLength() < DIGITS_IN_BITS ? BigDecimal.ZERO
                    : magnitude().multiply(ROUNDING, BOUND);
        }

        /// Integers of fewer bits have at most 50 digits.
        private static final int DIGITS_IN_BITS = 166;
    }

    /// A real or complex number.
    ///
    /// @param error the most by which the true number may be off, as a distance in the plane
    record Approximate(BigComplex value, BigDecimal error) implements Value {
        @Override
        public BigComplex complex() {
            return value;
        }
    }

    /// This value to {@link #PRECISION}.
    BigComplex complex();

    /// How far the true value is from {@link #complex} at most.
    BigDecimal error();

    static Value of(long value) {
        return new Exact(Rational.of(value));
    }

    /// The result of a computation at {@link #PRECISION}. An imaginary part that cannot be told from 0 is dropped, and
    /// the error made with it counted.
    ///
    /// @param inherited the error that the operands' errors make
    static Value of(BigComplex value, BigDecimal inherited) {
        BigComplex rounded = value.round(PRECISION);
        BigDecimal error = inherited.add(magnitude(rounded).multiply(ROUNDING, BOUND), BOUND);
        return rounded.im.abs().compareTo(error) > 0 ? new Approximate(rounded, error)
                : new Approximate(rounded.re(), error.add(rounded.im.abs(), BOUND));
    }

    static Value of(BigDecimal value, BigDecimal inherited) {
        return of(BigComplex.valueOf(value), inherited);
    }

    default Value plus(Value other) {
        return this instanceof Exact left && other instanceof Exact right
                ? new Exact(left.value().plus(right.value()))
                : of(complex().add(other.complex(), PRECISION), error().add(other.error(), BOUND));
    }

    default Value times(Value other) {
        if (this instanceof Exact left && other instanceof Exact right) {
            return new Exact(left.value().times(right.value()));
        }
        BigDecimal error = magnitude().multiply(other.error(), BOUND).add(other.magnitude().add(other.error(), BOUND)
                .multiply(error(), BOUND), BOUND);
        return of(complex().multiply(other.complex(), PRECISION), error);
    }

    default Value negate() {
        return times(of(-1));
    }

    /// This value over another.
    ///
    /// @throws Undefined where the other is 0 or cannot be told from it
    default Value over(Value other) {
        if (other.isZero()) {
            throw new Undefined("division by zero");
        }
        if (this instanceof Exact left && other instanceof Exact right) {
            return new Exact(left.value().over(right.value()));
        }
        // |a/b − a'/b'| ≤ (|a/b|·β + α) / (|b| − β)
        BigComplex quotient = complex().divide(other.complex(), PRECISION);
        BigDecimal error = magnitude(quotient).multiply(other.error(), BOUND).add(error(), BOUND)
                .divide(other.magnitude().subtract(other.error()), BOUND);
        return of(quotient, error);
    }

    /// Whether this is 0 or cannot be told from it.
    default boolean isZero() {
        return this instanceof Exact exact ? exact.value().isZero() : magnitude().compareTo(error()) <= 0;
    }

    /// The real number that this is.
    ///
    /// @throws Undefined where it has an imaginary part
    default BigDecimal real() {
        BigComplex value = complex();
        if (!value.isReal()) {
            throw new Undefined("a complex number");
        }
        return value.re;
    }

    /// The magnitude.
    default BigDecimal magnitude() {
        return magnitude(complex());
    }

    private static BigDecimal magnitude(BigComplex value) {
        return value.isReal() ? value.re.abs() : value.abs(PRECISION);
    }

    /// Whether two values are the same number: exactly where both are exact, otherwise to all digits that are known.
    /// False is certain.
    ///
    /// @throws StepBudget.Exceeded where they meet and fewer digits are known than {@link #TOLERANCE} asks for
    default boolean isSame(Value other) {
        if (this instanceof Exact left && other instanceof Exact right) {
            return left.value().equals(right.value());
        }
        BigDecimal error = error().add(other.error(), BOUND);
        if (magnitude(complex().subtract(other.complex(), PRECISION)).compareTo(error) > 0) {
            return false;
        }
        if (error.compareTo(magnitude().max(other.magnitude()).max(BigDecimal.ONE).multiply(TOLERANCE)) > 0) {
            throw new StepBudget.Exceeded("two numbers cannot be told apart by " + PRECISION.getPrecision()
                    + " digits");
        }
        return true;
    }
}
