package org.flowrl.rl.grade.symbolic;

import java.util.ArrayList;
import java.util.List;
import org.flowrl.rl.grade.symbolic.Token.Kind;

/// The tokens of a formula, read from left to right with a budget and a bound on nesting.
final class TokenReader {
    /// Deeper formulas are not read, so that recursion cannot exhaust the stack: each level of braces is several.
    private static final int MAX_DEPTH = 400;

    private final List<Token> tokens;
    private final StepBudget budget;
    private int at;
    private int depth;
    private int matrices;
    private int bars;

    TokenReader(List<Token> tokens, StepBudget budget) {
        this.tokens = new ArrayList<>(tokens);
        this.budget = budget;
    }

    Token peek() {
        return tokens.get(at);
    }

    /// The token that is `ahead` after the next one; the last one beyond the end.
    Token peek(int ahead) {
        return tokens.get(Math.min(at + ahead, tokens.size() - 1));
    }

    Kind kind() {
        return peek().kind();
    }

    boolean isSign(String text) {
        return peek().isSign(text);
    }

    Token next() {
        budget.spend(1);
        Token token = peek();
        at = Math.min(at + 1, tokens.size() - 1);
        return token;
    }

    boolean skipSign(String text) {
        boolean there = isSign(text);
        if (there) {
            next();
        }
        return there;
    }

    void require(String sign) {
        if (!skipSign(sign)) {
            throw new ParseFailure("'" + sign + "' must stand before '" + peek().text() + "'");
        }
    }

    /// Takes the first digit of a number: `\frac12` is 1/2.
    String nextDigit() {
        Token number = next();
        if (number.text().length() > 1) {
            at--;
            tokens.set(at, new Token(Kind.NUMBER, number.text().substring(1), false));
        }
        return number.text().substring(0, 1);
    }

    void enter() {
        budget.spend(1);
        if (++depth > MAX_DEPTH) {
            throw new ParseFailure("nested too deeply");
        }
    }

    void leave() {
        depth--;
    }

    boolean inMatrix() {
        return matrices > 0;
    }

    void enterMatrix() {
        matrices++;
    }

    void leaveMatrix() {
        matrices--;
    }

    /// Between two bars a bar closes; elsewhere it opens.
    boolean inBars() {
        return bars > 0;
    }

    void enterBars() {
        bars++;
    }

    void leaveBars() {
        bars--;
    }
}
