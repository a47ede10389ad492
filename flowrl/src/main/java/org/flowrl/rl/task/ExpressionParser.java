package org.flowrl.rl.task;

import org.flowrl.rl.task.Expression.Operator;

/// Reads `(1 + 2) / 3`: whole numbers, the four operators with their usual ranks and from left to right, parentheses,
/// and spaces. Signs, decimal points and other symbols are refused.
final class ExpressionParser {
    /// Longer texts are refused, so that neither time nor depth of nesting runs away.
    private static final int MAX_CHARACTERS = 256;
    /// Digits of a number that surely fits an int.
    private static final int MAX_DIGITS = 9;

    private final String text;
    private int at;

    private ExpressionParser(String text) {
        this.text = text;
    }

    /// Says why a text is no expression.
    static final class Malformed extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        private Malformed(String message) {
            super(message);
        }
    }

    /// The expression that `text` is.
    ///
    /// @throws Malformed where it is none
    static Expression parse(String text) {
        if (text.length() > MAX_CHARACTERS) {
            throw new Malformed("an expression of " + text.length() + " characters, at most " + MAX_CHARACTERS
                    + " are read");
        }
        ExpressionParser parser = new ExpressionParser(text);
        Expression expression = parser.sum();
        if (parser.at < text.length()) {
            throw parser.unexpected();
        }
        return expression;
    }

    private Expression sum() {
        Expression left = product();
        while (at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-')) {
            Operator operator = Operator.of(text.charAt(at++)).orElseThrow();
            left = new Expression.Operation(operator, left, product());
        }
        return left;
    }

    private Expression product() {
        Expression left = atom();
        while (at < text.length() && (text.charAt(at) == '*' || text.charAt(at) == '/')) {
            Operator operator = Operator.of(text.charAt(at++)).orElseThrow();
            left = new Expression.Operation(operator, left, atom());
        }
        return left;
    }

    /// A number or a sum in parentheses, and the spaces around it.
    private Expression atom() {
        skipSpaces();
        Expression atom;
        if (at < text.length() && text.charAt(at) == '(') {
            at++;
            atom = sum();
            if (at >= text.length() || text.charAt(at) != ')') {
                throw unexpected();
            }
            at++;
        } else {
            atom = number();
        }
        skipSpaces();
        return atom;
    }

    private Expression number() {
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        if (at == start) {
            throw unexpected();
        }
        if (at - start > MAX_DIGITS) {
            throw new Malformed("a number of " + (at - start) + " digits, at most " + MAX_DIGITS + " are read");
        }
        return new Expression.Number(Integer.parseInt(text.substring(start, at)));
    }

    private void skipSpaces() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private Malformed unexpected() {
        return new Malformed(at < text.length() ? "character " + at + " of the expression is '" + text.charAt(at) + "'"
                : "the expression ends after " + at + " characters");
    }
}
