package org.flowrl.transformer.text.jinja;

import java.util.List;

/// The tokens of a template with the place up to which they are read.
final class TokenStream {
    /// Brackets, signs and statements one in another, at the most: each is a dozen calls of the parser.
    private static final int DEEPEST = 100;

    private final List<Token> tokens;
    private int position;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    /// Counts one more level of nesting.
    ///
    /// @throws JinjaException where there are too many
    void enter() {
        if (++depth > DEEPEST) {
            throw new JinjaException("nested too deep, more than " + DEEPEST + " levels");
        }
    }

    /// Ends what {@link #enter} began.
    void leave() {
        depth--;
    }

    /// The next token, not yet taken.
    Token peek() {
        return tokens.get(position);
    }

    /// The token after the next.
    Token peekSecond() {
        return tokens.get(Math.min(position + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = tokens.get(position);
        position = Math.min(position + 1, tokens.size() - 1);
        return token;
    }

    boolean isOperator(String operator) {
        return peek().is(Token.Kind.OPERATOR, operator);
    }

    boolean isName(String name) {
        return peek().is(Token.Kind.NAME, name);
    }

    /// Takes the operator where it comes next.
    boolean takeOperator(String operator) {
        return isOperator(operator) && next() != null;
    }

    /// Takes the word where it comes next.
    boolean takeName(String name) {
        return isName(name) && next() != null;
    }

    Token require(Token.Kind kind, String what) {
        if (peek().kind() != kind) {
            throw new JinjaException(what + " must come here, not " + peek().shown());
        }
        return next();
    }

    void requireOperator(String operator) {
        if (!takeOperator(operator)) {
            throw new JinjaException("'" + operator + "' must come here, not " + peek().shown());
        }
    }
}
