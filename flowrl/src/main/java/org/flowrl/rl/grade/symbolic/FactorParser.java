package org.flowrl.rl.grade.symbolic;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.flowrl.rl.grade.symbolic.Expression.Bracketed;
import org.flowrl.rl.grade.symbolic.Expression.Call;
import org.flowrl.rl.grade.symbolic.Expression.Constant;
import org.flowrl.rl.grade.symbolic.Expression.Items;
import org.flowrl.rl.grade.symbolic.Expression.Matrix;
import org.flowrl.rl.grade.symbolic.Expression.Number;
import org.flowrl.rl.grade.symbolic.Expression.Power;
import org.flowrl.rl.grade.symbolic.Expression.Symbol;
import org.flowrl.rl.grade.symbolic.Expression.Text;
import org.flowrl.rl.grade.symbolic.Token.Kind;

/// Reads the factors of a product: numbers, names, functions and what stands in brackets, with exponents.
final class FactorParser {
    private static final Set<String> CLOSING = Set.of("end", "rangle", "rfloor", "rceil");
    private static final Set<String> OPENING = Set.of("(", "{", "\\{");
    private static final Expression HALF = new Power(Expressions.number(2), Expressions.number(-1));

    private final TokenReader tokens;
    private final MathParser parser;

    FactorParser(TokenReader tokens, MathParser parser) {
        this.tokens = tokens;
        this.parser = parser;
    }

    /// Whether a factor begins here that a product may hold without a sign before it.
    boolean isStart() {
        Token token = tokens.peek();
        return switch (token.kind()) {
            case NUMBER, REPEATING -> true;
            case WORD -> !token.text().equals("and") && !token.text().equals("or");
            case COMMAND -> !CLOSING.contains(token.text());
            case SIGN -> OPENING.contains(token.text()) || token.text().equals("[")
                    || token.text().equals("|") && !tokens.inBars();
            case TEXT, END -> false;
        };
    }

    /// A factor that may have a sign, as after · and /.
    Expression signedFactor() {
        if (tokens.skipSign("-")) {
            return Expressions.negate(factor());
        }
        tokens.skipSign("+");
        return factor();
    }

    /// A value with its exponents, factorials, percent and degree signs.
    Expression factor() {
        tokens.enter();
        Expression value = atom();
        while (true) {
            if (tokens.skipSign("!")) {
                value = new Call("factorial", List.of(value));
            } else if (tokens.skipSign("%")) {
                value = Expressions.product(List.of(value, new Power(Expressions.number(100),
                        Expressions.number(-1))));
            } else if (tokens.skipSign("°")) {
                // An angle in degrees is its number.
                continue;
            } else if (tokens.skipSign("^")) {
                if (value instanceof Symbol symbol && skipExponent("'")) {
                    value = new Symbol(symbol.name() + "'");
                } else if (!skipExponent("°")) {
                    value = new Power(value, exponent());
                }
            } else {
                break;
            }
        }
        tokens.leave();
        return value;
    }

    /// Takes an exponent that is nothing but a sign, braces around it included, where there is one.
    private boolean skipExponent(String sign) {
        boolean braced = tokens.isSign("{");
        boolean there = tokens.peek(braced ? 1 : 0).isSign(sign) && (!braced || tokens.peek(2).isSign("}"));
        for (int i = there ? braced ? 3 : 1 : 0; i > 0; i--) {
            tokens.next();
        }
        return there;
    }

    private Expression exponent() {
        if (tokens.isSign("{")) {
            return group();
        }
        if (tokens.skipSign("-")) {
            return Expressions.negate(atom());
        }
        tokens.skipSign("+");
        Expression exponent = atom();
        // Powers group to the right.
        return tokens.skipSign("^") ? new Power(exponent, exponent()) : exponent;
    }

    private Expression atom() {
        tokens.enter();
        Token token = tokens.peek();
        Expression atom = switch (token.kind()) {
            case NUMBER -> number();
            case REPEATING -> repeating();
            case WORD -> word();
            case COMMAND -> command();
            case SIGN -> bracketed();
            case TEXT -> new Text(tokens.next().text());
            case END -> throw new ParseFailure("the text ends where a value must stand");
        };
        tokens.leave();
        return atom;
    }

    private Expression number() {
        String literal = tokens.next().text();
        Number number = new Number(Rational.ofDecimal(literal), literal.contains(".") || literal.contains("e"));
        if (tokens.isSign("_")) {
            return new Call("base", List.of(number, new Symbol(subscript())));
        }
        if (number.decimal() || !number.value().isInteger()) {
            return number;
        }
        boolean plainFraction = tokens.kind() == Kind.NUMBER && tokens.peek().spaced() && tokens.peek(1).isSign("/")
                && tokens.peek(2).kind() == Kind.NUMBER;
        if (plainFraction) {
            Rational numerator = Rational.ofDecimal(tokens.next().text());
            tokens.next();
            Rational denominator = Rational.ofDecimal(tokens.next().text());
            return new Number(number.value().plus(numerator.over(denominator)), false);
        }
        if (tokens.peek().isCommand("frac") && (tokens.peek(2).kind() == Kind.NUMBER
                || tokens.peek(1).kind() == Kind.NUMBER)) {
            return mixed(number);
        }
        return number;
    }

    /// 1 and ½ is 1½; 2 and x/3 is a product.
    private Expression mixed(Number whole) {
        Expression fraction = atom();
        if (fraction instanceof Expression.Product product && product.factors().get(0) instanceof Number
                && product.factors().get(1) instanceof Power power && power.base() instanceof Number) {
            return Expressions.sum(List.of(whole, fraction));
        }
        return Expressions.product(List.of(whole, fraction));
    }

    /// `0.1|6` is 0.1666…: (16 − 1) / 90.
    private Expression repeating() {
        String[] parts = tokens.next().text().split("\\|");
        int point = parts[0].indexOf('.');
        int fixed = parts[0].length() - point - 1;
        Rational start = Rational.ofDecimal("0" + parts[0] + "0");
        Rational scale = Rational.ofDecimal("1" + "0".repeat(fixed));
        Rational nines = Rational.ofDecimal("9".repeat(parts[1].length()));
        return new Number(start.plus(Rational.ofDecimal(parts[1]).over(nines).over(scale)), false);
    }

    private Expression word() {
        Token token = tokens.next();
        String name = token.text();
        if (Vocabulary.FUNCTIONS.contains(name)) {
            return function(name);
        }
        return switch (name) {
            case "pi" -> Constant.PI;
            case "oo", "inf", "infty", "infinity" -> Constant.INFINITY;
            case "frac" -> fraction();
            default -> Vocabulary.UNITS.contains(name) ? new Text(name) : named(name);
        };
    }

    private Expression command() {
        String name = tokens.next().text();
        if (Vocabulary.FUNCTIONS.contains(name)) {
            return function(name);
        }
        if (Vocabulary.BINDERS.contains(name)) {
            return binder(name);
        }
        return switch (name) {
            case "frac" -> fraction();
            case "pi" -> Constant.PI;
            case "infty" -> Constant.INFINITY;
            case "emptyset", "varnothing" -> new Items(List.of(), false);
            case "binom", "dbinom", "tbinom" -> new Call("binomial", List.of(argument(), argument()));
            case "dot", "ddot" -> new Call(name, List.of(argument()));
            case "lfloor" -> enclosed("rfloor", "floor");
            case "lceil" -> enclosed("rceil", "ceil");
            case "langle" -> vector();
            case "begin" -> matrix();
            default -> {
                if (CLOSING.contains(name) || tokens.isSign("{")) {
                    throw new ParseFailure("\\" + name + " is not known here");
                }
                yield named(name);
            }
        };
    }

    /// A variable, or one of e and i, with subscript and primes; or a function of what stands in parentheses.
    private Expression named(String name) {
        StringBuilder full = new StringBuilder(name);
        if (tokens.isSign("_")) {
            full.append('_').append(subscript());
        }
        while (tokens.skipSign("'")) {
            full.append('\'');
        }
        if (Vocabulary.FUNCTION_LETTERS.contains(name) && tokens.isSign("(")) {
            return new Call(full.toString(), arguments());
        }
        return switch (full.toString()) {
            case "e" -> Constant.E;
            case "i" -> Constant.I;
            default -> new Symbol(full.toString());
        };
    }

    /// What is written below a name, without braces and blanks.
    private String subscript() {
        tokens.require("_");
        if (!tokens.isSign("{")) {
            return tokens.next().text();
        }
        StringBuilder text = new StringBuilder();
        int depth = 0;
        do {
            Token token = tokens.next();
            depth += token.isSign("{") ? 1 : token.isSign("}") ? -1 : 0;
            if (token.kind() == Kind.END) {
                throw new ParseFailure("a subscript must end");
            }
            if (!token.isSign("{") && !token.isSign("}")) {
                text.append(token.text());
            }
        } while (depth > 0);
        return text.toString();
    }

    private Expression function(String written) {
        String name = Vocabulary.FUNCTION_ALIASES.getOrDefault(written, written);
        if (name.equals("sqrt")) {
            return root();
        }
        List<Expression> arguments = new ArrayList<>();
        if (tokens.isSign("_")) {
            tokens.next();
            arguments.add(argument());
        }
        Expression exponent = tokens.skipSign("^") ? exponent() : Expressions.number(1);
        arguments.addAll(0, OPENING.contains(tokens.peek().text()) ? arguments() : List.of(openArgument()));
        if (exponent.equals(Expressions.number(-1)) && !name.startsWith("arc")) {
            return new Call("arc" + name, arguments);
        }
        Expression call = new Call(name, List.copyOf(arguments));
        return exponent.equals(Expressions.number(1)) ? call : new Power(call, exponent);
    }

    /// `sin 2x` takes both factors; `sin x cos x` ends before the second function.
    private Expression openArgument() {
        List<Expression> found = new ArrayList<>(List.of(signedFactor()));
        while (isStart() && !isFunction()) {
            found.add(factor());
        }
        return Expressions.product(found);
    }

    private boolean isFunction() {
        Token token = tokens.peek();
        return (token.kind() == Kind.WORD || token.kind() == Kind.COMMAND) && !token.text().equals("sqrt")
                && (Vocabulary.FUNCTIONS.contains(token.text()) || Vocabulary.BINDERS.contains(token.text()));
    }

    private Expression root() {
        if (!tokens.skipSign("[")) {
            return new Power(rootArgument(), HALF);
        }
        Expression degree = parser.sum();
        tokens.require("]");
        return new Call("root", List.of(rootArgument(), degree));
    }

    private Expression rootArgument() {
        return tokens.isSign("{") ? group() : atom();
    }

    private Expression fraction() {
        Expression numerator = argument();
        return Expressions.product(List.of(numerator, Expressions.inverse(argument())));
    }

    /// The argument of a command: a group, one digit, or one value.
    private Expression argument() {
        if (tokens.isSign("{")) {
            return group();
        }
        return tokens.kind() == Kind.NUMBER ? new Number(Rational.ofDecimal(tokens.nextDigit()), false) : atom();
    }

    /// What stands in braces; several items are a set.
    Expression group() {
        if (!tokens.skipSign("{")) {
            return atom();
        }
        Expression content = parser.list();
        tokens.require("}");
        return content instanceof Items items ? new Items(items.items(), false) : content;
    }

    private List<Expression> arguments() {
        Expression argument = tokens.isSign("{") ? group() : bracketed();
        return argument instanceof Bracketed tuple ? tuple.items() : List.of(argument);
    }

    private Expression bracketed() {
        String opening = tokens.peek().text();
        return switch (opening) {
            case "(", "[" -> parenthesised();
            case "{" -> group();
            case "\\{" -> set();
            case "|" -> bars();
            default -> throw new ParseFailure("'" + opening + "' stands where a value must");
        };
    }

    private Expression parenthesised() {
        boolean leftClosed = tokens.next().text().equals("[");
        Expression content = parser.list();
        boolean rightClosed = tokens.isSign("]");
        if (!rightClosed && !tokens.isSign(")")) {
            throw new ParseFailure("a bracket must close before '" + tokens.peek().text() + "'");
        }
        tokens.next();
        return content instanceof Items items ? new Bracketed(leftClosed, items.items(), rightClosed) : content;
    }

    /// A set in braces; of `{x | condition}` the condition.
    private Expression set() {
        tokens.require("\\{");
        if (tokens.skipSign("\\}")) {
            return new Items(List.of(), false);
        }
        Expression content = parser.list();
        if (tokens.skipSign("|") || tokens.skipSign("mid")) {
            content = parser.list();
            tokens.require("\\}");
            return content;
        }
        tokens.require("\\}");
        return new Items(content instanceof Items items ? items.items() : List.of(content), false);
    }

    private Expression bars() {
        tokens.require("|");
        tokens.enterBars();
        Expression content = parser.sum();
        tokens.leaveBars();
        tokens.require("|");
        return new Call("abs", List.of(content));
    }

    private Expression enclosed(String closing, String function) {
        Expression content = parser.sum();
        requireCommand(closing);
        return new Call(function, List.of(content));
    }

    private Expression vector() {
        Expression content = parser.list();
        requireCommand("rangle");
        return content instanceof Items items ? new Bracketed(false, items.items(), false) : content;
    }

    private Expression matrix() {
        tokens.enterMatrix();
        List<List<Expression>> rows = new ArrayList<>();
        while (!tokens.peek().isCommand("end")) {
            if (tokens.kind() == Kind.END) {
                throw new ParseFailure("a matrix must end");
            }
            if (tokens.skipSign("\\\\") || tokens.peek().isCommand("hline")) {
                if (tokens.peek().isCommand("hline")) {
                    tokens.next();
                }
                continue;
            }
            List<Expression> row = new ArrayList<>(List.of(parser.list()));
            while (tokens.skipSign("&")) {
                row.add(parser.list());
            }
            rows.add(List.copyOf(row));
        }
        tokens.next();
        tokens.leaveMatrix();
        if (rows.isEmpty() || rows.stream().anyMatch(row -> row.size() != rows.getFirst().size())) {
            throw new ParseFailure("a matrix must have rows of one length");
        }
        return new Matrix(List.copyOf(rows));
    }

    /// Σ, ∏, ∫, lim: bounds and body are arguments.
    private Expression binder(String name) {
        List<Expression> parts = new ArrayList<>();
        while (tokens.isSign("_") || tokens.isSign("^")) {
            boolean below = tokens.next().isSign("_");
            parts.add(below && tokens.isSign("{") ? group() : exponent());
        }
        parts.add(parser.product());
        return new Call(name, List.copyOf(parts));
    }

    private void requireCommand(String name) {
        if (!tokens.peek().isCommand(name)) {
            throw new ParseFailure("\\" + name + " must stand before '" + tokens.peek().text() + "'");
        }
        tokens.next();
    }
}
