package org.flowrl.rl.grade.symbolic;

import static org.assertj.core.api.Assertions.assertThat;

import ch.obermuhlner.math.big.BigComplex;
import ch.obermuhlner.math.big.BigComplexMath;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.flowrl.rl.grade.Grader;
import org.flowrl.rl.grade.Graders;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Values that are not exact carry a bound on their error, and what is said of them follows from it.
class ErrorBoundsTest {
    private static final MathContext MORE = new MathContext(80);
    private static final Rational SEVEN_HALVES = Rational.of(BigInteger.valueOf(7),
            BigInteger.TWO);

    private record Case(String name, Function<Value, BigDecimal> bound, Function<BigComplex, BigComplex> function) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Stream<Arguments> functions() {
        return Stream.of(
                new Case("exp", z -> ErrorBounds.exponential(z, BigComplexMath.exp(z.complex(), MORE)),
                        z -> BigComplexMath.exp(z, MORE)),
                new Case("log", ErrorBounds::logarithm, z -> BigComplexMath.log(z, MORE)),
                new Case("z^(7/2)", z -> ErrorBounds.power(z, SEVEN_HALVES, power(z.complex())),
                        ErrorBoundsTest::power),
                new Case("sin", ErrorBounds::sine, z -> BigComplexMath.sin(z, MORE)),
                new Case("cos", ErrorBounds::sine, z -> BigComplexMath.cos(z, MORE)),
                new Case("arcsin", ErrorBounds::arcsine, z -> Evaluation.arcsine(z, MORE)),
                new Case("arctan", ErrorBounds::arctangent, z -> BigComplexMath.atan(z, MORE)))
                .map(Arguments::of);
    }

    private static BigComplex power(BigComplex z) {
        return BigComplexMath.exp(BigComplexMath.log(z, MORE).multiply(new BigDecimal("3.5"), MORE), MORE);
    }

    /// At points away from the cuts of the complex plane, the argument moved by its error in four directions.
    @ParameterizedTest
    @MethodSource("functions")
    void aFunctionIsOffByAtMostItsBound(Case tried) {
        Random random = new Random(3);
        for (int i = 0; i < 40; i++) {
            BigDecimal error = BigDecimal.ONE.movePointLeft(5 + random.nextInt(25));
            BigComplex z = BigComplex.valueOf(0.05 + 0.9 * random.nextDouble(), i % 2 == 0 ? 0
                    : 0.1 + random.nextDouble());
            BigDecimal bound = tried.bound().apply(new Value.Approximate(z, error));
            for (BigComplex step : List.of(BigComplex.ONE, BigComplex.ONE.negate(), BigComplex.I,
                    BigComplex.I.negate())) {
                BigComplex moved = z.add(step.multiply(error, MORE), MORE);
                BigDecimal off = tried.function().apply(moved).subtract(tried.function().apply(z), MORE).abs(MORE);
                assertThat(off).as("%s at %s, error %s", tried, z, error).isLessThanOrEqualTo(bound);
                // A bound of any size would do otherwise.
                assertThat(bound).isLessThan(error.multiply(BigDecimal.valueOf(100)));
            }
        }
    }

    /// The slope is infinite at 1.
    @ParameterizedTest
    @CsvSource({"1e-10", "1e-20", "1e-40"})
    void arcsineAtOneIsOffByARootOfTheError(BigDecimal error) {
        BigDecimal bound = ErrorBounds.arcsine(new Value.Approximate(BigComplex.ONE, error));
        BigDecimal off = Evaluation.arcsine(BigComplex.valueOf(BigDecimal.ONE.subtract(error)), MORE)
                .subtract(Evaluation.arcsine(BigComplex.ONE, MORE), MORE).abs(MORE);
        assertThat(off).isLessThanOrEqualTo(bound);
        assertThat(bound).isLessThan(error.sqrt(MORE).multiply(BigDecimal.TEN));
    }

    @ParameterizedTest(name = "{0} and {1}: {2}")
    @CsvSource(delimiter = '|', value = {
        "\\sqrt{2}\\cdot\\sqrt{3} | \\sqrt{6} | correct",
        "(\\sqrt{2}+\\sqrt{3})^2 | 5+2\\sqrt{6} | correct",
        "0 | \\sqrt{2}\\cdot\\sqrt{3}-\\sqrt{6} | correct",
        "0 | \\sin(\\pi) | correct",
        "-1 | e^{i\\pi} | correct",
        "\\frac{\\pi}{2} | \\arcsin(1) | correct",
        "0 | \\arccos(1) | correct",
        "\\frac{\\pi}{3} | \\arccos(\\frac{1}{2}) | correct",
        "5 | \\ln(e^5) | correct",
        "1 | \\frac{1}{\\sin(\\pi)} | wrong",
        // 40 right digits of π: a difference of 2e-40, far above the error of 50 digits
        "\\pi | \\frac{3141592653589793238462643383279502884197}{10^{39}} | wrong",
        // The sum of 10^40 and √2 has ten digits after the point, which tell 5 from √2 …
        "5 | 10^{40}+\\sqrt{2}-10^{40} | wrong",
        // … and not √2 from a number that has these ten.
        "\\sqrt{2} | 10^{40}+\\sqrt{2}-10^{40} | timed_out"})
    void whatDiffersIsProvenToAndWhatCannotBeToldIsSaid(String gold, String answer, String verdict) {
        Grader grader = Graders.named("math-verify");
        assertThat(grader.compare("$" + gold + "$", "$" + answer + "$").kind()).isEqualTo(verdict);
    }
}
