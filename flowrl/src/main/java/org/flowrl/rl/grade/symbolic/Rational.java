package org.flowrl.rl.grade.symbolic;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.Optional;

/// An exact fraction in lowest terms with a positive denominator, of at most {@link #MAX_BITS} bits a part.
///
/// @param numerator any integer
/// @param denominator above 0, and without a common factor with `numerator`
record Rational(BigInteger numerator, BigInteger denominator) {
    /// A number of more bits (about 6,000 digits) is refused with {@link StepBudget.Exceeded}: 10^10^10 has 33 billion.
    static final int MAX_BITS = 20_000;

    static final Rational ONE = of(1);
    static final Rational MINUS_ONE = of(-1);

    static Rational of(long value) {
        return of(BigInteger.valueOf(value), BigInteger.ONE);
    }

    /// `numerator / denominator` in lowest terms.
    ///
    /// @throws ArithmeticException where `denominator` is 0
    static Rational of(BigInteger numerator, BigInteger denominator) {
        if (denominator.signum() == 0) {
            throw new ArithmeticException("division by zero");
        }
        requireSize(numerator);
        requireSize(denominator);
        BigInteger common = numerator.gcd(denominator);
        BigInteger divisor = common.signum() == 0 ? BigInteger.ONE : common;
        BigInteger sign = BigInteger.valueOf(denominator.signum());
        return new Rational(numerator.divide(divisor).multiply(sign), denominator.divide(divisor).multiply(sign));
    }

    /// The value of a decimal literal such as `3`, `.5` or `1.50`.
    static Rational ofDecimal(String literal) {
        if (literal.length() > MAX_BITS / 3) {
            throw new StepBudget.Exceeded("a number of " + literal.length() + " digits");
        }
        BigDecimal value = new BigDecimal(literal);
        return value.scale() > 0
                ? of(value.unscaledValue(), BigInteger.TEN.pow(value.scale()))
                : of(value.toBigInteger(), BigInteger.ONE);
    }

    Rational plus(Rational other) {
        return of(numerator.multiply(other.denominator).add(other.numerator.multiply(denominator)),
                denominator.multiply(other.denominator));
    }

    Rational times(Rational other) {
        return of(numerator.multiply(other.numerator), denominator.multiply(other.denominator));
    }

    Rational over(Rational other) {
        return of(numerator.multiply(other.denominator), denominator.multiply(other.numerator));
    }

    Rational negate() {
        return new Rational(numerator.negate(), denominator);
    }

    /// The exact power, or nothing where `exponent` is no integer.
    ///
    /// @throws StepBudget.Exceeded where it would have more than {@link #MAX_BITS} bits
    /// @throws ArithmeticException for a negative power of 0
    Optional<Rational> power(Rational exponent) {
        if (!exponent.isInteger()) {
            return Optional.empty();
        }
        if (isZero() || equals(ONE)) {
            if (isZero() && exponent.signum() < 0) {
                throw new ArithmeticException("division by zero");
            }
            return Optional.of(exponent.isZero() ? ONE : this);
        }
        if (equals(MINUS_ONE)) {
            return Optional.of(exponent.numerator.testBit(0) ? this : ONE);
        }
        int bits = Math.max(numerator.bitLength(), denominator.bitLength());
        BigInteger size = exponent.numerator.abs();
        if (size.bitLength() > 31 || size.longValue() * bits > 2L * MAX_BITS) {
            throw new StepBudget.Exceeded("a power with the exponent " + abbreviated(exponent.numerator));
        }
        int count = size.intValue();
        Rational power = of(numerator.pow(count), denominator.pow(count));
        return Optional.of(exponent.signum() < 0 ? ONE.over(power) : power);
    }

    boolean isInteger() {
        return denominator.equals(BigInteger.ONE);
    }

    boolean isZero() {
        return numerator.signum() == 0;
    }

    int signum() {
        return numerator.signum();
    }

    int compareTo(Rational other) {
        return numerator.multiply(other.denominator).compareTo(other.numerator.multiply(denominator));
    }

    BigDecimal toDecimal(MathContext precision) {
        return new BigDecimal(numerator).divide(new BigDecimal(denominator), precision);
    }

    private static void requireSize(BigInteger part) {
        // Twice the limit: an intermediate result may shrink to lowest terms.
        if (part.bitLength() > 2 * MAX_BITS) {
            throw new StepBudget.Exceeded("a number of " + part.bitLength() + " bits");
        }
    }

    private static String abbreviated(BigInteger value) {
        return value.bitLength() <= 64 ? value.toString() : "of " + value.bitLength() + " bits";
    }
}
