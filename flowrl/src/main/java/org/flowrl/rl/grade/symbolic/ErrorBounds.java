package org.flowrl.rl.grade.symbolic;

import ch.obermuhlner.math.big.BigComplex;
import ch.obermuhlner.math.big.BigDecimalMath;
import java.math.BigDecimal;
import java.math.MathContext;

/// How far the value of a function may be off where its argument is: the argument's error times a bound on the
/// derivative within that distance, and where a function's own rounding is not relative to its value, that too. z is
/// the argument, e its error.
final class ErrorBounds {
    private static final MathContext BOUND = Value.BOUND;
    private static final BigDecimal TWO = BigDecimal.valueOf(2);
    private static final BigDecimal FOUR = BigDecimal.valueOf(4);
    /// The bounds below hold for errors up to this; an argument of fewer digits has no value.
    private static final BigDecimal LARGEST = new BigDecimal("0.01");

    private ErrorBounds() {
    }

    /// `|e^z|·(e^e − 1) ≤ 2·e·|e^z|` for e ≤ 1.
    static BigDecimal exponential(Value z, BigComplex result) {
        return TWO.multiply(sharp(z.error()), BOUND).multiply(magnitude(result), BOUND);
    }

    /// `e / (|z| − e) ≤ 2·e/|z|` for |z| ≥ 2·e.
    static BigDecimal logarithm(Value z) {
        return TWO.multiply(relative(z), BOUND).add(Value.ROUNDING, BOUND);
    }

    /// Of z to the power of n: relatively `(1 + e/|z|)^|n| − 1 ≤ 2·|n|·e/|z|` where that is at most 1.
    static BigDecimal power(Value z, Rational n, BigComplex result) {
        BigDecimal times = n.toDecimal(BOUND).abs().max(BigDecimal.ONE);
        return TWO.multiply(sharp(times.multiply(relative(z), BOUND)), BOUND).multiply(magnitude(result), BOUND);
    }

    /// Of sine and cosine: `e·cosh(|Im z| + e) ≤ 2·e·exp|Im z|`. The argument's reduction by multiples of 2π is off by
    /// its size times a rounding.
    static BigDecimal sine(Value z) {
        BigDecimal steepness = z.complex().isReal() ? BigDecimal.ONE
                : TWO.multiply(BigDecimalMath.exp(z.complex().im.abs(), BOUND), BOUND);
        BigDecimal reduction = BigDecimal.ONE.add(z.magnitude(), BOUND).multiply(Value.ROUNDING, BOUND);
        return sharp(z.error()).add(reduction, BOUND).multiply(steepness, BOUND);
    }

    /// `2·e/√|1 − z²|` away from ±1; there, where it has the slope of a root, `2·√(8·e)`.
    static BigDecimal arcsine(Value z) {
        BigDecimal error = sharp(z.error());
        BigDecimal distance = magnitude(BigComplex.ONE.subtract(square(z), Value.PRECISION));
        BigDecimal inherited = distance.compareTo(reach(z)) > 0
                ? TWO.multiply(error, BOUND).divide(BigDecimalMath.sqrt(distance, BOUND), BOUND)
                : TWO.multiply(BigDecimalMath.sqrt(FOUR.multiply(TWO).multiply(error), BOUND), BOUND);
        return inherited.add(Value.ROUNDING, BOUND);
    }

    /// `2·e/|1 + z²|`.
    ///
    /// @throws Undefined where z cannot be told from ±i
    static BigDecimal arctangent(Value z) {
        BigDecimal error = sharp(z.error());
        BigDecimal distance = magnitude(BigComplex.ONE.add(square(z), Value.PRECISION));
        if (distance.compareTo(reach(z)) <= 0) {
            throw new Undefined("the arctangent of ±i");
        }
        return TWO.multiply(error, BOUND).divide(distance, BOUND).add(Value.ROUNDING, BOUND);
    }

    private static BigComplex square(Value z) {
        return z.complex().multiply(z.complex(), Value.PRECISION);
    }

    /// Twice what z² may be off: `2·(2·|z| + e)·e`.
    private static BigDecimal reach(Value z) {
        return TWO.multiply(TWO.multiply(z.magnitude(), BOUND).add(z.error(), BOUND), BOUND).multiply(z.error(), BOUND);
    }

    private static BigDecimal relative(Value z) {
        return sharp(z.error().divide(z.magnitude(), BOUND));
    }

    private static BigDecimal sharp(BigDecimal error) {
        if (error.compareTo(LARGEST) > 0) {
            throw new StepBudget.Exceeded("a number lost its " + Value.PRECISION.getPrecision() + " digits");
        }
        return error;
    }

    private static BigDecimal magnitude(BigComplex value) {
        return value.isReal() ? value.re.abs() : value.abs(Value.PRECISION);
    }
}
