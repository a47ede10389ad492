package org.flowrl.rl.grade.symbolic;

import ch.obermuhlner.math.big.BigComplex;
import ch.obermuhlner.math.big.BigComplexMath;
import ch.obermuhlner.math.big.BigDecimalMath;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Optional;
import org.flowrl.rl.grade.symbolic.Expression.Call;
import org.flowrl.rl.grade.symbolic.Expression.Constant;
import org.flowrl.rl.grade.symbolic.Expression.Number;
import org.flowrl.rl.grade.symbolic.Expression.Power;
import org.flowrl.rl.grade.symbolic.Expression.Product;
import org.flowrl.rl.grade.symbolic.Expression.Sum;
import org.flowrl.rl.grade.symbolic.Expression.Symbol;
import org.flowrl.tensor.RandomKey;

/// The value of an expression at one point: each variable has a rational value that its name and the point decide.
/// Two expressions that agree at a few points are the same function but for a negligible chance (Schwartz–Zippel).
final class Evaluation {
    /// Larger magnitudes of exponents and angles are refused: the digits before the point would cost the time.
    private static final BigDecimal MAX_ARGUMENT = new BigDecimal("1e5");
    private static final int MAX_FACTORIAL = 2_000;
    private static final Rational HALF = Rational.of(BigInteger.ONE, BigInteger.TWO);

    private final RandomKey point;
    private final boolean signed;
    private final StepBudget budget;

    /// @param point which point
    /// @param signed whether variables may be negative there
    Evaluation(int point, boolean signed, StepBudget budget) {
        this.point = RandomKey.of(point).fold("symbolic");
        this.signed = signed;
        this.budget = budget;
    }

    /// The value.
    ///
    /// @throws Undefined where there is none
    /// @throws StepBudget.Exceeded where it costs more than the budget
    Value value(Expression expression) {
        budget.spend(1);
        try {
            return switch (expression) {
                case Number number -> new Value.Exact(number.value());
                case Symbol symbol -> variable(symbol.name());
                case Constant constant -> constant(constant);
                case Sum sum -> sum(sum.terms());
                case Product product -> product(product.factors());
                case Power power -> power(value(power.base()), value(power.exponent()));
                case Call call -> call(call);
                case Expression.Ratio ratio when ratio.parts().size() == 2 ->
                        value(ratio.parts().get(0)).over(value(ratio.parts().get(1)));
                case Expression.Ratio _, Expression.PlusMinus _, Expression.Relation _, Expression.Bracketed _,
                        Expression.Items _, Expression.SetOperation _, Expression.Matrix _, Expression.Text _ ->
                        throw new Undefined("not a number");
            };
        } catch (ArithmeticException e) {
            throw new Undefined(e.getMessage());
        }
    }

    /// A multiple of 1/97 between 0.3 and 2.4, or its negative.
    private Value variable(String name) {
        RandomKey key = point.fold(name);
        Rational size = Rational.of(BigInteger.valueOf(31 + key.nextInt(0, 200)), BigInteger.valueOf(97));
        return new Value.Exact(signed && key.nextInt(1, 2) == 1 ? size.negate() : size);
    }

    private Value constant(Constant constant) {
        return switch (constant) {
            case PI -> Value.of(BigDecimalMath.pi(Value.PRECISION), BigDecimal.ZERO);
            case E -> Value.of(BigDecimalMath.e(Value.PRECISION), BigDecimal.ZERO);
            case I -> Value.of(BigComplex.I, BigDecimal.ZERO);
            case INFINITY -> throw new Undefined("infinity");
        };
    }

    private Value sum(List<Expression> terms) {
        Value total = Value.of(0);
        for (Expression term : terms) {
            total = total.plus(value(term));
        }
        return total;
    }

    private Value product(List<Expression> factors) {
        Value total = Value.of(1);
        for (Expression factor : factors) {
            total = total.times(value(factor));
        }
        return total;
    }

    private Value power(Value base, Value exponent) {
        if (base instanceof Value.Exact left && exponent instanceof Value.Exact right) {
            budget.spend(right.value().numerator().bitLength());
            Optional<Rational> exact = right.value().isInteger()
                    ? left.value().power(right.value()) : exactRoot(left.value(), right.value());
            if (exact.isPresent()) {
                return new Value.Exact(exact.get());
            }
        }
        budget.spend(StepBudget.FUNCTION);
        requireModerate(exponent);
        if (base.isZero()) {
            if (exponent.real().signum() <= 0) {
                throw new Undefined("a power of zero");
            }
            return base instanceof Value.Exact ? base : Value.of(BigDecimal.ZERO, BigDecimalMath.pow(
                    base.magnitude().add(base.error()), exponent.real(), Value.BOUND));
        }
        if (exponent instanceof Value.Exact exact && exact.value().isInteger()) {
            BigComplex result = BigComplexMath.pow(base.complex(), exact.value().numerator().longValueExact(),
                    Value.PRECISION);
            return Value.of(result, ErrorBounds.power(base, exact.value(), result));
        }
        if (exponent instanceof Value.Exact exact && exact.value().equals(HALF)) {
            BigComplex result = squareRoot(base);
            return Value.of(result, ErrorBounds.power(base, exact.value(), result));
        }
        return exponentiated(log(base).times(exponent));
    }

    private static BigComplex squareRoot(Value base) {
        BigComplex value = base.complex();
        if (!value.isReal()) {
            return BigComplexMath.sqrt(value, Value.PRECISION);
        }
        BigDecimal root = BigDecimalMath.sqrt(value.re.abs(), Value.PRECISION);
        return value.re.signum() < 0 ? BigComplex.valueOf(BigDecimal.ZERO, root) : BigComplex.valueOf(root);
    }

    /// The exact power with exponent p/2 where numerator and denominator of a positive base are squares.
    private static Optional<Rational> exactRoot(Rational base, Rational exponent) {
        if (base.signum() < 0 || !exponent.denominator().equals(BigInteger.TWO)) {
            return Optional.empty();
        }
        BigInteger top = base.numerator().sqrt();
        BigInteger bottom = base.denominator().sqrt();
        boolean exact = top.multiply(top).equals(base.numerator())
                && bottom.multiply(bottom).equals(base.denominator());
        return exact ? Rational.of(top, bottom).power(Rational.of(exponent.numerator(), BigInteger.ONE))
                : Optional.empty();
    }

    private Value call(Call call) {
        List<Expression> arguments = call.arguments();
        if (Vocabulary.BINDERS.contains(call.function()) || call.function().equals("base")
                || call.function().endsWith("dot")) {
            return unknown(call);
        }
        if (arguments.size() == 1) {
            return function(call, value(arguments.getFirst()));
        }
        if (arguments.size() == 2) {
            return function(call, value(arguments.get(0)), value(arguments.get(1)));
        }
        return extreme(call);
    }

    private Value function(Call call, Value x) {
        budget.spend(StepBudget.FUNCTION);
        BigComplex z = x.complex();
        return switch (call.function()) {
            case "abs" -> x instanceof Value.Exact exact
                    ? new Value.Exact(exact.value().signum() < 0 ? exact.value().negate() : exact.value())
                    : Value.of(x.magnitude(), x.error());
            case "floor" -> floor(x);
            case "ceil" -> floor(x.negate()).negate();
            case "factorial" -> factorial(x);
            case "exp" -> exponential(x);
            case "ln" -> logarithm(x);
            case "log" -> logarithm(x).over(logarithm(Value.of(10)));
            case "sin" -> sine(x);
            case "cos" -> cosine(x);
            case "tan" -> sine(x).over(cosine(x));
            case "cot" -> cosine(x).over(sine(x));
            case "sec" -> Value.of(1).over(cosine(x));
            case "csc" -> Value.of(1).over(sine(x));
            case "arcsin" -> arcsine(x);
            case "arccos" -> constant(Constant.PI).times(half()).plus(arcsine(x).negate());
            case "arctan" -> Value.of(BigComplexMath.atan(z, Value.PRECISION), ErrorBounds.arctangent(x));
            case "sinh" -> exponential(x).plus(exponential(x.negate()).negate()).times(half());
            case "cosh" -> exponential(x).plus(exponential(x.negate())).times(half());
            case "tanh" -> exponential(x).plus(exponential(x.negate()).negate())
                    .over(exponential(x).plus(exponential(x.negate())));
            case "re" -> Value.of(z.re, x.error());
            case "im" -> Value.of(z.im, x.error());
            case "max", "min", "gcd", "lcm" -> x;
            default -> unknown(call);
        };
    }

    private Value function(Call call, Value x, Value y) {
        budget.spend(StepBudget.FUNCTION);
        return switch (call.function()) {
            case "log", "ln" -> logarithm(x).over(logarithm(y));
            case "root" -> root(x, y);
            case "binomial" -> factorial(x).over(factorial(y).times(factorial(x.plus(y.negate()))));
            default -> extreme(call);
        };
    }

    private Value extreme(Call call) {
        Optional<Value> result = Optional.empty();
        for (Expression argument : call.arguments()) {
            Value next = value(argument);
            Value last = result.orElse(next);
            result = Optional.of(switch (call.function()) {
                case "max" -> last.real().compareTo(next.real()) >= 0 ? last : next;
                case "min" -> last.real().compareTo(next.real()) <= 0 ? last : next;
                case "gcd" -> new Value.Exact(Rational.of(integer(last).gcd(integer(next)), BigInteger.ONE));
                case "lcm" -> new Value.Exact(Rational.of(integer(last).multiply(integer(next)).abs(),
                        integer(last).gcd(integer(next))));
                default -> unknown(call);
            });
        }
        return result.orElseThrow(() -> new Undefined("a function of nothing"));
    }

    /// A function that is not known has some value, decided by its name and the values of its arguments: so f(2x) is
    /// f(x + x) and not f(x).
    private Value unknown(Call call) {
        budget.spend(StepBudget.FUNCTION);
        RandomKey key = point.fold(call.function()).fold(call.arguments().size());
        for (Expression argument : call.arguments()) {
            key = key.fold(fingerprint(argument));
        }
        return new Value.Exact(Rational.of(BigInteger.valueOf(31 + key.nextInt(0, 1 << 20)),
                BigInteger.valueOf(1 << 19)));
    }

    private String fingerprint(Expression argument) {
        List<Expression> parts = argument instanceof Expression.Relation relation
                ? relation.operands() : List.of(argument);
        StringBuilder text = new StringBuilder();
        for (Expression part : parts) {
            text.append(part instanceof Symbol symbol ? symbol.name()
                    : part == Constant.INFINITY ? "infinity" : fingerprint(value(part))).append(';');
        }
        return text.toString();
    }

    private static String fingerprint(Value value) {
        BigComplex rounded = value.complex().round(new MathContext(30));
        return rounded.re.stripTrailingZeros() + "," + rounded.im.stripTrailingZeros();
    }

    private Value sine(Value x) {
        return Value.of(BigComplexMath.sin(moderate(x), Value.PRECISION), ErrorBounds.sine(x));
    }

    private Value cosine(Value x) {
        return Value.of(BigComplexMath.cos(moderate(x), Value.PRECISION), ErrorBounds.sine(x));
    }

    private static Value arcsine(Value x) {
        return Value.of(arcsine(x.complex(), Value.PRECISION), ErrorBounds.arcsine(x));
    }

    /// Between −1 and 1 the real function's: the library's complex one has no value at ±1.
    static BigComplex arcsine(BigComplex z, MathContext precision) {
        return z.isReal() && z.re.abs().compareTo(BigDecimal.ONE) <= 0
                ? BigComplex.valueOf(BigDecimalMath.asin(z.re, precision)) : BigComplexMath.asin(z, precision);
    }

    private Value exponential(Value x) {
        requireModerate(x);
        return exponentiated(x);
    }

    private static Value exponentiated(Value x) {
        BigComplex result = BigComplexMath.exp(x.complex(), Value.PRECISION);
        return Value.of(result, ErrorBounds.exponential(x, result));
    }

    private static Value half() {
        return new Value.Exact(HALF);
    }

    private Value logarithm(Value x) {
        budget.spend(StepBudget.FUNCTION);
        if (x.isZero()) {
            throw new Undefined("the logarithm of zero");
        }
        return log(x);
    }

    /// @param x not 0
    private static Value log(Value x) {
        return Value.of(BigComplexMath.log(x.complex(), Value.PRECISION), ErrorBounds.logarithm(x));
    }

    /// The n-th root: the real one of a negative number where n is odd.
    private Value root(Value x, Value degree) {
        boolean odd = degree instanceof Value.Exact exact && exact.value().isInteger()
                && exact.value().numerator().testBit(0);
        if (odd && x.complex().isReal() && x.real().signum() < 0) {
            return root(x.negate(), degree).negate();
        }
        if (x.isZero()) {
            return x;
        }
        return power(x, Value.of(1).over(degree));
    }

    private static Value floor(Value x) {
        BigDecimal real = x.real();
        // What cannot be told from an integer is that integer.
        BigDecimal nudged = real.add(x.error());
        BigInteger floor = x instanceof Value.Exact exact
                ? floor(exact.value()) : nudged.setScale(0, RoundingMode.FLOOR).toBigInteger();
        return new Value.Exact(Rational.of(floor, BigInteger.ONE));
    }

    private static BigInteger floor(Rational value) {
        BigInteger[] parts = value.numerator().divideAndRemainder(value.denominator());
        return parts[1].signum() < 0 ? parts[0].subtract(BigInteger.ONE) : parts[0];
    }

    private Value factorial(Value x) {
        if (!(x instanceof Value.Exact exact && exact.value().isInteger() && exact.value().signum() >= 0)) {
            return unknown(new Call("factorial of", List.of(new Symbol(fingerprint(x)))));
        }
        if (exact.value().compareTo(Rational.of(MAX_FACTORIAL)) > 0) {
            throw new StepBudget.Exceeded("the factorial of a number above " + MAX_FACTORIAL);
        }
        int n = exact.value().numerator().intValueExact();
        budget.spend(n);
        BigInteger product = BigInteger.ONE;
        for (int i = 2; i <= n; i++) {
            product = product.multiply(BigInteger.valueOf(i));
        }
        return new Value.Exact(Rational.of(product, BigInteger.ONE));
    }

    private static BigInteger integer(Value value) {
        if (value instanceof Value.Exact exact && exact.value().isInteger()) {
            return exact.value().numerator();
        }
        throw new Undefined("not an integer");
    }

    private BigComplex moderate(Value x) {
        requireModerate(x);
        return x.complex();
    }

    private static void requireModerate(Value x) {
        if (x.magnitude().compareTo(MAX_ARGUMENT) > 0) {
            throw new StepBudget.Exceeded("an exponent or angle above " + MAX_ARGUMENT.toBigInteger());
        }
    }
}
