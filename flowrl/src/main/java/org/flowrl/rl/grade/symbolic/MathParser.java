package org.flowrl.rl.grade.symbolic;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.flowrl.rl.grade.symbolic.Expression.Bracketed;
import org.flowrl.rl.grade.symbolic.Expression.Items;
import org.flowrl.rl.grade.symbolic.Expression.PlusMinus;
import org.flowrl.rl.grade.symbolic.Expression.Product;
import org.flowrl.rl.grade.symbolic.Expression.Ratio;
import org.flowrl.rl.grade.symbolic.Expression.Relation;
import org.flowrl.rl.grade.symbolic.Expression.Relation.Operator;
import org.flowrl.rl.grade.symbolic.Expression.SetOperation;
import org.flowrl.rl.grade.symbolic.Expression.Sum;
import org.flowrl.rl.grade.symbolic.Expression.Text;
import org.flowrl.rl.grade.symbolic.Token.Kind;

/// Reads an answer, in LaTeX or as one types it, by recursive descent. From loosest to tightest: lists, relations,
/// ratios, sets, sums, products; factors are read by {@link FactorParser}.
public final class MathParser {
    /// Characters of a text that is read; a longer one is no answer.
    public static final int MAX_LENGTH = 5_000;
    private static final Map<String, Operator> RELATIONS = Map.of(
            "=", Operator.EQUAL, "~", Operator.APPROXIMATE, "!=", Operator.NOT_EQUAL,
            "<", Operator.LESS, "<=", Operator.LESS_OR_EQUAL, ">", Operator.GREATER, ">=", Operator.GREATER_OR_EQUAL,
            "in", Operator.IN);

    private final TokenReader tokens;
    private final FactorParser factors;

    private MathParser(TokenReader tokens) {
        this.tokens = tokens;
        this.factors = new FactorParser(tokens, this);
    }

    /// The expression that a text writes, or nothing where it is not such a text.
    ///
    /// @throws StepBudget.Exceeded where reading takes more than the budget, or a number is too large
    public static Optional<Expression> parse(String text, StepBudget budget) {
        try {
            TokenReader tokens = new TokenReader(MathLexer.tokens(text, budget), budget);
            MathParser parser = new MathParser(tokens);
            Expression expression = parser.list();
            tokens.skipSign(".");
            if (tokens.kind() != Kind.END) {
                throw new ParseFailure("'" + tokens.peek().text() + "' is not expected");
            }
            return Optional.of(expression);
        } catch (ParseFailure | ArithmeticException e) {
            return Optional.empty();
        }
    }

    /// Items between commas, semicolons, "and", "or" and line breaks; one item alone is that item.
    Expression list() {
        tokens.enter();
        List<List<Expression>> groups = new ArrayList<>(List.of(new ArrayList<>()));
        boolean separated = true;
        while (!atListEnd()) {
            if (tokens.isSign(";")) {
                groups.add(new ArrayList<>());
            }
            if (skipSeparator()) {
                separated = true;
            } else if (separated) {
                groups.getLast().add(relation());
                separated = false;
            } else {
                throw new ParseFailure("a separator must stand before '" + tokens.peek().text() + "'");
            }
        }
        tokens.leave();
        return joined(groups.stream().filter(group -> !group.isEmpty()).toList());
    }

    private static Expression joined(List<List<Expression>> groups) {
        if (groups.isEmpty()) {
            throw new ParseFailure("nothing to read");
        }
        // "p=5, q=2; p=7, q=2": each group is one answer of several parts.
        boolean tuples = groups.size() > 1 && groups.stream().allMatch(group -> group.size() > 1);
        List<Expression> items = tuples
                ? groups.stream().<Expression>map(group -> new Bracketed(false, List.copyOf(group), false)).toList()
                : groups.stream().flatMap(List::stream).toList();
        return items.size() == 1 ? items.getFirst() : new Items(items, true);
    }

    private boolean atListEnd() {
        Token token = tokens.peek();
        return token.kind() == Kind.END || token.kind() == Kind.SIGN
                && Set.of(")", "]", "}", "\\}", "|", "mid", "&", ".").contains(token.text())
                || token.isCommand("end") || token.isCommand("rangle") || token.isCommand("rfloor")
                || token.isCommand("rceil") || tokens.inMatrix() && token.isSign("\\\\");
    }

    private boolean skipSeparator() {
        Token token = tokens.peek();
        boolean separator = switch (token.kind()) {
            case SIGN -> Set.of(",", ";", "\\\\", "and", "or").contains(token.text());
            case WORD -> Vocabulary.CONNECTIVES.contains(token.text());
            case TEXT -> isConnective(token.text());
            case NUMBER, REPEATING, COMMAND, END -> false;
        };
        if (separator) {
            tokens.next();
        }
        return separator;
    }

    /// "and", ", or", and "for part (a) and": words that end with a connective.
    private static boolean isConnective(String words) {
        String bare = words.replace(",", " ").strip().toLowerCase(Locale.ROOT);
        return bare.isEmpty() || Vocabulary.CONNECTIVES.contains(bare) || bare.endsWith(" and") || bare.endsWith(" or");
    }

    /// An expression, or a chain of relations between expressions.
    Expression relation() {
        tokens.enter();
        // "= 5" and "≈ 5" are 5.
        if (!tokens.skipSign("=")) {
            tokens.skipSign("~");
        }
        List<Expression> operands = new ArrayList<>(List.of(ratio()));
        List<Operator> operators = new ArrayList<>();
        while (tokens.kind() == Kind.SIGN && RELATIONS.containsKey(tokens.peek().text())) {
            operators.add(RELATIONS.get(tokens.next().text()));
            operands.add(ratio());
        }
        tokens.leave();
        return operators.isEmpty() ? operands.getFirst() : new Relation(List.copyOf(operands), List.copyOf(operators));
    }

    private Expression ratio() {
        List<Expression> parts = new ArrayList<>(List.of(set()));
        while (tokens.skipSign(":")) {
            parts.add(set());
        }
        return parts.size() == 1 ? parts.getFirst() : new Ratio(List.copyOf(parts));
    }

    private Expression set() {
        Expression left = sum();
        while (tokens.isSign("∪") || tokens.isSign("∩") || tokens.isSign("∖")) {
            char kind = tokens.next().text().charAt(0);
            left = new SetOperation(kind, left, sum());
        }
        return left;
    }

    /// Terms with + and − between them.
    Expression sum() {
        tokens.enter();
        List<Expression> terms = new ArrayList<>();
        Optional<PlusMinus> plusMinus = Optional.empty();
        boolean first = true;
        while (first || isAdditive()) {
            String sign = isAdditive() ? tokens.next().text() : "+";
            boolean negative = sign.equals("-");
            while (tokens.isSign("+") || tokens.isSign("-")) {
                negative ^= tokens.next().text().equals("-");
            }
            Expression term = product();
            if (sign.equals("±") || sign.equals("∓")) {
                Expression value = terms.isEmpty() ? Expressions.number(0) : Expressions.sum(terms);
                plusMinus = Optional.of(new PlusMinus(value, term, sign.equals("∓")));
                terms = new ArrayList<>(List.of(plusMinus.get()));
            } else {
                terms.add(negative ? Expressions.negate(term) : term);
            }
            first = false;
        }
        tokens.leave();
        return terms.size() == 1 ? terms.getFirst() : new Sum(List.copyOf(terms));
    }

    private boolean isAdditive() {
        return tokens.isSign("+") || tokens.isSign("-") || tokens.isSign("±") || tokens.isSign("∓");
    }

    /// Factors with ·, / or nothing between them; a / b c is (a / b) c. Words after a value are its unit.
    Expression product() {
        tokens.enter();
        List<Expression> found = new ArrayList<>(List.of(factors.factor()));
        while (true) {
            if (tokens.isSign("*")) {
                tokens.next();
                found.add(factors.signedFactor());
            } else if (tokens.isSign("/")) {
                tokens.next();
                found.add(Expressions.inverse(factors.signedFactor()));
            } else if (isUnit()) {
                skipUnit();
            } else if (factors.isStart() && !(found.getLast() instanceof Text)
                    && !(tokens.kind() == Kind.NUMBER && found.getLast() instanceof Expression.Number)) {
                found.add(factors.factor());
            } else {
                break;
            }
        }
        tokens.leave();
        return found.size() == 1 ? found.getFirst() : new Product(List.copyOf(found));
    }

    private boolean isUnit() {
        Token token = tokens.peek();
        return token.kind() == Kind.TEXT && !isConnective(token.text())
                || token.kind() == Kind.WORD && Vocabulary.UNITS.contains(token.text());
    }

    private void skipUnit() {
        tokens.next();
        if (tokens.skipSign("^")) {
            factors.group();
        }
        if (tokens.isSign("/") && (tokens.peek(1).kind() == Kind.TEXT
                || Vocabulary.UNITS.contains(tokens.peek(1).text()))) {
            tokens.next();
            skipUnit();
        }
    }
}
