package org.flowrl.rl.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExpressionTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "4+3-2             | 3+4-2",
        "3-2+4             | 3+4-2",
        "4-(2-3)           | 3+4-2",
        "4-2-3             | 4-2-3",
        "4-3-2             | 4-2-3",
        "4-(3+2)           | 4-2-3",
        "2*3*4             | 2*3*4",
        "4*(3*2)           | 2*3*4",
        "(2+3)*4           | (2+3)*4",
        "4*(3+2)           | (2+3)*4",
        "4*3+2             | (3*4)+2",
        "2+3*4             | (3*4)+2",
        "2*3+2*4           | (2*3)+(2*4)",
        "8/(4/2)           | 2*8/4",
        "2*8/4             | 2*8/4",
        "8/4*2             | 2*8/4",
        "8/4/2             | 8/2/4",
        "8/(2*4)           | 8/2/4",
        "(5-3)*(2+1)       | (1+2)*(5-3)",
        "10+9              | 10+9",
        "((7))             | 7",
    })
    void equalSolutionsHaveOneCanonicalForm(String text, String canonical) {
        assertThat(ExpressionParser.parse(text).canonical()).isEqualTo(canonical);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "1+2*3     | 7     | 1",
        "(1+2)*3   | 9     | 1",
        "8-3-2     | 3     | 1",
        "1/3+1/6   | 9     | 18",
        "2-7       | -5    | 1",
        "1/(2-4)   | 1     | -2",
        "999999999*999999999*999999999 | 999999997000000002999999999 | 1",
    })
    void valuesAreExact(String text, BigInteger numerator, BigInteger denominator) {
        assertThat(ExpressionParser.parse(text).value()).contains(new Expression.Fraction(numerator, denominator));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1/0", "1/(2-2)", "3*(4/(1-1))", "0/(3-3)"})
    void divisionByZeroHasNoValue(String text) {
        assertThat(ExpressionParser.parse(text).value()).isEmpty();
    }

    /// Written with the fewest parentheses and read again, an expression is the same.
    @ParameterizedTest
    @ValueSource(strings = {"1+2-3", "1-(2-3)", "1-(2+3)", "(1+2)*3", "1*2+3", "1/(2*3)", "1/(2/3)", "1/2*3",
        "1*(2/3)", "(1-2)/(3-4)", "1-2*3", "2*(3-1)"})
    void textsAreReadBack(String text) {
        Expression expression = ExpressionParser.parse(text);

        assertThat(ExpressionParser.parse(expression.text()).value().orElseThrow().numerator())
                .isEqualTo(expression.value().orElseThrow().numerator());
        assertThat(ExpressionParser.parse(expression.text()).canonical()).isEqualTo(expression.canonical());
        assertThat(expression.text().length()).isLessThanOrEqualTo(text.length());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "''        | the expression ends after 0 characters",
        "1+        | the expression ends after 2 characters",
        "(1+2      | the expression ends after 4 characters",
        "1+2)      | character 3 of the expression is ')'",
        "1 2       | character 2 of the expression is '2'",
        "-1+2      | character 0 of the expression is '-'",
        "1.5*2     | character 1 of the expression is '.'",
        "2**3      | character 2 of the expression is '*'",
        "x+1       | character 0 of the expression is 'x'",
        "1=1       | character 1 of the expression is '='",
        "12345678901 | 'a number of 11 digits, at most 9 are read'",
    })
    void otherTextsAreRefused(String text, String message) {
        assertThatThrownBy(() -> ExpressionParser.parse(text)).isInstanceOf(ExpressionParser.Malformed.class)
                .hasMessage(message);
    }

    @Test
    void aMegabyteOfParenthesesIsRefusedAtOnce() {
        assertThatThrownBy(() -> ExpressionParser.parse("(".repeat(1 << 20)))
                .hasMessage("an expression of 1048576 characters, at most 256 are read");
        assertThat(ExpressionParser.parse("(".repeat(127) + "1" + ")".repeat(127)).canonical()).isEqualTo("1");
    }

    /// Two numbers: +, −, reversed −, ×, ÷, reversed ÷.
    @Test
    void allFormsOfTwoNumbersAreListed() {
        assertThat(ExpressionSet.of(List.of(2, 3))).extracting(Expression::canonical).containsExactlyInAnyOrder("2+3",
                "2-3", "3-2", "2*3", "2/3", "3/2");
    }

    /// Of a, b, c without repetition. Sums of three: signs with at least one plus, 7; products likewise, 7. A product
    /// or quotient of two (3 forms) joined to the third by +, − or reversed −: 3 pairs · 3 · 3 = 27; a sum or
    /// difference (3 forms) joined by ×, ÷ or reversed ÷: 27. In all 68.
    @Test
    void threeNumbersHave68Forms() {
        assertThat(ExpressionSet.of(List.of(2, 3, 5))).extracting(Expression::canonical).hasSize(68)
                .doesNotHaveDuplicates();
    }
}
