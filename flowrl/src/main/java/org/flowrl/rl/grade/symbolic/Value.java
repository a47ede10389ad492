package org.flowrl.rl.grade.symbolic;

import ch.obermuhlner.math.big.BigComplex;
import java.math.BigDecimal;
import java.math.MathContext;

/// What an expression evaluates to: exactly where it is rational, otherwise a complex number of {@link #PRECISION}.
sealed interface Value {
    /// Digits of what is not exact.
    MathContext PRECISION = new MathContext(50);
    /// Approximate values that differ by less, relative to the larger or to the terms they are sums of, are equal. Far
    /// above the rounding of 50 digits, and far below any difference between answers that differ.
    BigDecimal TOLERANCE = new BigDecimal("1e-30");

    /// A rational number.
    record Exact(Rational value) implements Value {
        @Override
        public BigComplex complex() {
            return BigComplex.valueOf(value.toDecimal(PRECISION));
        }
    }

    /// A real or complex number.
    record Approximate(BigComplex value) implements Value {
        @Override
        public BigComplex complex() {
            return value;
        }
    }

    /// This value to {@link #PRECISION}.
    BigComplex complex();

    static Value of(long value) {
        return new Exact(Rational.of(value));
    }

    /// A value from a computation; a rounded imaginary part that is nothing beside the real part is dropped.
    static Value of(BigComplex value) {
        boolean real = value.im.abs().compareTo(value.re.abs().multiply(TOLERANCE)) <= 0;
        return new Approximate((real ? value.re() : value).round(PRECISION));
    }

    static Value of(BigDecimal value) {
        return new Approximate(BigComplex.valueOf(value));
    }

    default Value plus(Value other) {
        return this instanceof Exact left && other instanceof Exact right
                ? new Exact(left.value().plus(right.value()))
                : of(complex().add(other.complex(), PRECISION));
    }

    default Value times(Value other) {
        return this instanceof Exact left && other instanceof Exact right
                ? new Exact(left.value().times(right.value()))
                : of(complex().multiply(other.complex(), PRECISION));
    }

    default Value negate() {
        return times(of(-1));
    }

    /// This value over another.
    ///
    /// @throws Undefined where the other is 0
    default Value over(Value other) {
        if (other.isZero()) {
            throw new Undefined("division by zero");
        }
        return this instanceof Exact left && other instanceof Exact right
                ? new Exact(left.value().over(right.value()))
                : of(complex().divide(other.complex(), PRECISION));
    }

    /// Whether this is exactly 0.
    default boolean isZero() {
        return this instanceof Exact exact ? exact.value().isZero()
                : complex().re.signum() == 0 && complex().im.signum() == 0;
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
        BigComplex value = complex();
        return value.isReal() ? value.re.abs() : value.abs(PRECISION);
    }

    /// Whether two values are the same number.
    ///
    /// @param scale magnitude of the largest term that went into them: what rounding is measured by
    default boolean isClose(Value other, BigDecimal scale) {
        if (this instanceof Exact left && other instanceof Exact right) {
            return left.value().equals(right.value());
        }
        BigDecimal bound = magnitude().max(other.magnitude()).max(scale).multiply(TOLERANCE);
        return of(complex().subtract(other.complex(), PRECISION)).magnitude().compareTo(bound) <= 0;
    }
}
