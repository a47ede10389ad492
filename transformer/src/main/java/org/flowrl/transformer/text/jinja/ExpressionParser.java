package org.flowrl.transformer.text.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.flowrl.transformer.text.jinja.Expression.Given;

/// Expressions from tokens. Loosest first: `a if b else c`, `or`, `and`, `not`, comparisons, `+ -`, `~`, `* / // %`,
/// `**`, signs, then what stands behind an operand: `.name`, `[item]`, `(call)`, `| filter`, `is test`.
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    /// Words that end an operand, and so are no test's argument.
    private static final Set<String> RESERVED = Set.of("else", "or", "and", "is", "in", "if", "not", "recursive");

    private final TokenStream tokens;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /// An expression.
    Expression parse() {
        tokens.enter();
        Expression value = withoutConditional();
        while (tokens.takeName("if")) {
            Expression condition = withoutConditional();
            Optional<Expression> otherwise = tokens.takeName("else") ? Optional.of(parse()) : Optional.empty();
            value = new Expression.Conditional(condition, value, otherwise);
        }
        tokens.leave();
        return value;
    }

    /// An expression, or several with commas between, which make a tuple.
    Expression parseTuple() {
        Expression first = parse();
        if (!tokens.isOperator(",")) {
            return first;
        }
        List<Expression> items = new ArrayList<>(List.of(first));
        while (tokens.takeOperator(",") && !endsTuple()) {
            items.add(parse());
        }
        return new Expression.ListOf(items);
    }

    private boolean endsTuple() {
        return switch (tokens.peek().kind()) {
            case OUTPUT_END, BLOCK_END, END -> true;
            case OPERATOR -> tokens.isOperator(")");
            case TEXT, OUTPUT_BEGIN, BLOCK_BEGIN, NAME, STRING, INTEGER, FLOAT -> false;
        };
    }

    /// An expression in which `if` is not part: what a loop goes through, before its condition.
    Expression withoutConditional() {
        Expression left = and();
        while (tokens.takeName("or")) {
            left = new Expression.Or(left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (tokens.takeName("and")) {
            left = new Expression.And(left, not());
        }
        return left;
    }

    private Expression not() {
        if (!tokens.takeName("not")) {
            return comparison();
        }
        tokens.enter();
        Expression negated = new Expression.Not(not());
        tokens.leave();
        return negated;
    }

    private Expression comparison() {
        Expression first = sum();
        List<Expression.Comparison.Step> steps = new ArrayList<>();
        for (String operator = comparisonOperator(); operator != null; operator = comparisonOperator()) {
            steps.add(new Expression.Comparison.Step(operator, sum()));
        }
        return steps.isEmpty() ? first : new Expression.Comparison(first, steps);
    }

    private String comparisonOperator() {
        Token token = tokens.peek();
        if (token.kind() == Token.Kind.OPERATOR && COMPARISONS.contains(token.text())) {
            return tokens.next().text();
        }
        if (tokens.takeName("in")) {
            return "in";
        }
        if (tokens.isName("not") && tokens.peekSecond().is(Token.Kind.NAME, "in")) {
            tokens.next();
            tokens.next();
            return "not in";
        }
        return null;
    }

    private Expression sum() {
        Expression left = joined();
        while (tokens.isOperator("+") || tokens.isOperator("-")) {
            left = new Expression.Arithmetic(tokens.next().text(), left, joined());
        }
        return left;
    }

    private Expression joined() {
        Expression left = product();
        while (tokens.takeOperator("~")) {
            left = new Expression.Arithmetic("~", left, product());
        }
        return left;
    }

    private Expression product() {
        Expression left = power();
        while (tokens.isOperator("*") || tokens.isOperator("/") || tokens.isOperator("//") || tokens.isOperator("%")) {
            left = new Expression.Arithmetic(tokens.next().text(), left, power());
        }
        return left;
    }

    private Expression power() {
        Expression left = signed(true);
        while (tokens.takeOperator("**")) {
            left = new Expression.Arithmetic("**", left, signed(true));
        }
        return left;
    }

    private Expression signed(boolean takesFilters) {
        tokens.enter();
        boolean isSigned = tokens.isOperator("-") || tokens.isOperator("+");
        Expression operand = isSigned ? new Expression.Signed(tokens.next().text(), signed(false))
                : members(primary());
        tokens.leave();
        return takesFilters ? filters(operand) : operand;
    }

    private Expression primary() {
        Token token = tokens.next();
        return switch (token.kind()) {
            case STRING -> new Expression.Literal(adjacent(token.text()));
            case INTEGER -> new Expression.Literal(integer(token.text()));
            case FLOAT -> new Expression.Literal(Double.parseDouble(token.text()));
            case NAME -> switch (token.text()) {
                case "true", "True" -> new Expression.Literal(true);
                case "false", "False" -> new Expression.Literal(false);
                case "none", "None" -> new Expression.Literal(null);
                default -> new Expression.Name(token.text());
            };
            case OPERATOR -> switch (token.text()) {
                case "(" -> group();
                case "[" -> new Expression.ListOf(list("]"));
                case "{" -> dict();
                default -> throw unexpected(token);
            };
            case TEXT, OUTPUT_BEGIN, OUTPUT_END, BLOCK_BEGIN, BLOCK_END, END -> throw unexpected(token);
        };
    }

    private static JinjaException unexpected(Token token) {
        return new JinjaException("a value must come here, not " + token.shown());
    }

    private String adjacent(String first) {
        StringBuilder all = new StringBuilder(first);
        while (tokens.peek().kind() == Token.Kind.STRING) {
            all.append(tokens.next().text());
        }
        return all.toString();
    }

    private static Long integer(String digits) {
        try {
            return Long.decode(digits.startsWith("0x") || digits.startsWith("0X") ? digits
                    : digits.replaceFirst("^0+(?=.)", ""));
        } catch (NumberFormatException e) {
            throw new JinjaException("the integer " + digits + " is beyond 64 bits");
        }
    }

    private Expression group() {
        if (tokens.takeOperator(")")) {
            return new Expression.ListOf(List.of());
        }
        Expression inner = parseTuple();
        tokens.requireOperator(")");
        return inner;
    }

    private List<Expression> list(String close) {
        List<Expression> items = new ArrayList<>();
        while (!tokens.takeOperator(close)) {
            items.add(parse());
            if (!tokens.takeOperator(",")) {
                tokens.requireOperator(close);
                break;
            }
        }
        return items;
    }

    private Expression dict() {
        List<Expression.DictOf.Entry> entries = new ArrayList<>();
        while (!tokens.takeOperator("}")) {
            Expression key = parse();
            tokens.requireOperator(":");
            entries.add(new Expression.DictOf.Entry(key, parse()));
            if (!tokens.takeOperator(",")) {
                tokens.requireOperator("}");
                break;
            }
        }
        return new Expression.DictOf(entries);
    }

    private Expression members(Expression operand) {
        Expression value = operand;
        while (true) {
            if (tokens.takeOperator(".")) {
                Token name = tokens.next();
                value = switch (name.kind()) {
                    case NAME -> new Expression.Attribute(value, name.text());
                    case INTEGER -> new Expression.Item(value, new Expression.Literal(integer(name.text())));
                    case TEXT, OUTPUT_BEGIN, OUTPUT_END, BLOCK_BEGIN, BLOCK_END, STRING, FLOAT, OPERATOR, END ->
                            throw new JinjaException("a name must come after '.', not " + name.shown());
                };
            } else if (tokens.takeOperator("[")) {
                value = item(value);
            } else if (tokens.takeOperator("(")) {
                value = new Expression.Call(value, given());
            } else {
                return value;
            }
        }
    }

    private Expression item(Expression of) {
        Optional<Expression> first = bound();
        if (tokens.takeOperator("]")) {
            return new Expression.Item(of, first.orElseThrow(() -> new JinjaException("'[]' must hold an index")));
        }
        tokens.requireOperator(":");
        Optional<Expression> stop = bound();
        Optional<Expression> step = tokens.takeOperator(":") ? bound() : Optional.empty();
        tokens.requireOperator("]");
        return new Expression.Slice(of, first, stop, step);
    }

    private Optional<Expression> bound() {
        return tokens.isOperator(":") || tokens.isOperator("]") ? Optional.empty() : Optional.of(parse());
    }

    /// The arguments up to the closing bracket.
    private Given given() {
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        while (!tokens.takeOperator(")")) {
            if (tokens.peek().kind() == Token.Kind.NAME && tokens.peekSecond().is(Token.Kind.OPERATOR, "=")) {
                String name = tokens.next().text();
                tokens.next();
                named.put(name, parse());
            } else {
                positional.add(parse());
            }
            if (!tokens.takeOperator(",")) {
                tokens.requireOperator(")");
                break;
            }
        }
        return new Given(positional, named);
    }

    private Expression filters(Expression operand) {
        Expression value = operand;
        while (true) {
            if (tokens.takeOperator("|")) {
                String name = name("a filter's name");
                value = new Expression.Filtered(value, Filters.known(name),
                        tokens.takeOperator("(") ? given() : Given.NOTHING);
            } else if (tokens.takeName("is")) {
                value = test(value);
            } else if (tokens.takeOperator("(")) {
                value = new Expression.Call(value, given());
            } else {
                return value;
            }
        }
    }

    private Expression test(Expression operand) {
        boolean negated = tokens.takeName("not");
        String name = ValueTests.known(name("a test's name"));
        Given given = Given.NOTHING;
        if (tokens.takeOperator("(")) {
            given = given();
        } else if (takesBareArgument()) {
            given = new Given(List.of(members(primary())), Map.of());
        }
        Expression tested = new Expression.Tested(operand, name, given);
        return negated ? new Expression.Not(tested) : tested;
    }

    /// `is divisibleby 3`: an argument without brackets.
    private boolean takesBareArgument() {
        Token token = tokens.peek();
        return switch (token.kind()) {
            case NAME -> !RESERVED.contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            case TEXT, OUTPUT_BEGIN, OUTPUT_END, BLOCK_BEGIN, BLOCK_END, END -> false;
        };
    }

    private String name(String what) {
        return tokens.require(Token.Kind.NAME, what).text();
    }
}
