package org.flowrl.transformer.text.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Statements from tokens.
final class TemplateParser {
    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private int loops;

    private TemplateParser(TokenStream tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    /// The statements of a template.
    ///
    /// @throws JinjaException naming template and line where the source breaks the language's rules
    static List<Statement> parse(String template, String source) {
        TemplateParser parser = new TemplateParser(new TokenStream(Lexer.tokens(template, source)));
        try {
            return parser.body();
        } catch (JinjaException e) {
            throw e.at(template, parser.tokens.peek().line());
        }
    }

    /// Statements up to a block that begins with one of `ends`, whose `{%` and word are taken.
    private List<Statement> body(String... ends) {
        Set<String> known = Set.copyOf(Arrays.asList(ends));
        List<Statement> statements = new ArrayList<>();
        tokens.enter();
        while (true) {
            Token token = tokens.next();
            switch (token.kind()) {
                case TEXT -> statements.add(new Statement.Text(token.line(), token.text()));
                case OUTPUT_BEGIN -> {
                    statements.add(new Statement.Output(token.line(), expressions.parseTuple()));
                    tokens.require(Token.Kind.OUTPUT_END, "'}}'");
                }
                case BLOCK_BEGIN -> {
                    if (known.contains(tokens.peek().text())) {
                        tokens.leave();
                        return statements;
                    }
                    statements.add(block(tokens.require(Token.Kind.NAME, "a statement's name")));
                }
                case END -> {
                    if (!known.isEmpty()) {
                        throw new JinjaException("'" + ends[ends.length - 1] + "' is missing");
                    }
                    return statements;
                }
                case OUTPUT_END, BLOCK_END, NAME, STRING, INTEGER, FLOAT, OPERATOR ->
                        throw new IllegalStateException("no statement begins with " + token);
            }
        }
    }

    private Statement block(Token word) {
        int line = word.line();
        return switch (word.text()) {
            case "if" -> condition(line);
            case "for" -> loop(line);
            case "set" -> set(line);
            case "macro" -> macro(line);
            case "generation" -> {
                endBlock();
                List<Statement> body = body("endgeneration");
                end("endgeneration");
                yield new Statement.Generation(line, body);
            }
            case "break", "continue" -> {
                if (loops == 0) {
                    throw new JinjaException("'" + word.text() + "' must stand in a loop");
                }
                endBlock();
                yield new Statement.Jump(line, word.text().equals("break"));
            }
            default -> throw new JinjaException("statement '" + word.text() + "' is not supported; known: if, for, "
                    + "set, macro, break, continue, generation, raw");
        };
    }

    private Statement condition(int line) {
        List<Statement.If.Branch> branches = new ArrayList<>();
        List<Statement> otherwise = List.of();
        do {
            Expression condition = expressions.parseTuple();
            endBlock();
            branches.add(new Statement.If.Branch(condition, body("elif", "else", "endif")));
        } while (tokens.takeName("elif"));
        if (tokens.takeName("else")) {
            endBlock();
            otherwise = body("endif");
        }
        end("endif");
        return new Statement.If(line, branches, otherwise);
    }

    private Statement loop(int line) {
        List<String> targets = names();
        if (!tokens.takeName("in")) {
            throw new JinjaException("'in' must come here, not " + tokens.peek().shown());
        }
        Expression items = expressions.withoutConditional();
        Optional<Expression> condition = tokens.takeName("if") ? Optional.of(expressions.parse()) : Optional.empty();
        endBlock();
        loops++;
        List<Statement> body = body("else", "endfor");
        loops--;
        List<Statement> otherwise = List.of();
        if (tokens.takeName("else")) {
            endBlock();
            otherwise = body("endfor");
        }
        end("endfor");
        return new Statement.For(line, targets, items, condition, body, otherwise);
    }

    private Statement set(int line) {
        if (tokens.peekSecond().is(Token.Kind.OPERATOR, ".")) {
            String namespace = name();
            tokens.next();
            String name = name();
            tokens.requireOperator("=");
            Expression value = expressions.parseTuple();
            endBlock();
            return new Statement.SetAttribute(line, namespace, name, value);
        }
        List<String> names = names();
        if (tokens.takeOperator("=")) {
            Expression value = expressions.parseTuple();
            endBlock();
            return new Statement.Set(line, names, value);
        }
        endBlock();
        List<Statement> body = body("endset");
        end("endset");
        return new Statement.SetText(line, names.getFirst(), body);
    }

    private Statement macro(int line) {
        String name = name();
        List<Statement.Macro.Parameter> parameters = new ArrayList<>();
        tokens.requireOperator("(");
        while (!tokens.takeOperator(")")) {
            String parameter = name();
            parameters.add(new Statement.Macro.Parameter(parameter,
                    tokens.takeOperator("=") ? Optional.of(expressions.parse()) : Optional.empty()));
            if (!tokens.takeOperator(",")) {
                tokens.requireOperator(")");
                break;
            }
        }
        endBlock();
        int around = loops;
        loops = 0;
        List<Statement> body = body("endmacro");
        loops = around;
        end("endmacro");
        return new Statement.Macro(line, name, parameters, body);
    }

    private List<String> names() {
        boolean bracketed = tokens.takeOperator("(");
        List<String> names = new ArrayList<>(List.of(name()));
        while (tokens.takeOperator(",")) {
            names.add(name());
        }
        if (bracketed) {
            tokens.requireOperator(")");
        }
        return names;
    }

    private String name() {
        return tokens.require(Token.Kind.NAME, "a name").text();
    }

    /// The word of the closing block, and its end.
    private void end(String word) {
        if (!tokens.takeName(word)) {
            throw new JinjaException("'" + word + "' must come here, not " + tokens.peek().shown());
        }
        if (word.equals("endmacro") && tokens.peek().kind() == Token.Kind.NAME) {
            tokens.next();
        }
        endBlock();
    }

    private void endBlock() {
        tokens.require(Token.Kind.BLOCK_END, "'%}'");
    }
}
