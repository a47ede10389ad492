package org.flowrl.transformer.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// Runs a template's statements and gathers the text that they make.
final class Interpreter {
    /// Macros that call macros, at the most.
    private static final int DEEPEST_CALL = 100;

    private final Scope globals;
    private StringBuilder out = new StringBuilder();
    private int line = 1;
    private int calls;

    private enum Flow { ON, BREAK, CONTINUE }

    Interpreter(Scope globals) {
        this.globals = globals;
    }

    /// The text of the statements.
    ///
    /// @throws JinjaException naming `template` and the line of the statement that failed
    String render(String template, List<Statement> statements) {
        try {
            run(statements, globals);
        } catch (JinjaException e) {
            throw e.at(template, line);
        } catch (StackOverflowError e) {
            // Lists that a loop put one in another; to compare and to write them changes nothing that could be left
            // half done.
            throw new JinjaException("a value is nested too deep").at(template, line);
        }
        return out.toString();
    }

    private Flow run(List<Statement> statements, Scope scope) {
        scope.enter();
        Flow flow = Flow.ON;
        for (int i = 0; i < statements.size() && flow == Flow.ON; i++) {
            line = statements.get(i).line();
            flow = run(statements.get(i), scope);
        }
        scope.leave();
        return flow;
    }

    private Flow run(Statement statement, Scope scope) {
        switch (statement) {
            case Statement.Text text -> out.append(text.text());
            case Statement.Output output -> out.append(PythonText.str(Evaluator.value(output.value(), scope)));
            case Statement.If condition -> {
                return condition(condition, scope);
            }
            case Statement.For loop -> loop(loop, scope);
            case Statement.Set set -> assign(set.names(), Evaluator.value(set.value(), scope), scope);
            case Statement.SetAttribute set -> {
                if (!(scope.get(set.namespace()) instanceof Namespace namespace)) {
                    throw new JinjaException("'" + set.namespace() + "' must be a namespace for '" + set.namespace()
                            + "." + set.name() + "' to be set");
                }
                namespace.variables().put(set.name(), Evaluator.value(set.value(), scope));
            }
            case Statement.SetText set -> scope.set(set.name(), text(set.body(), scope.inner()));
            case Statement.Macro macro -> scope.set(macro.name(), macro(macro, scope));
            case Statement.Generation generation -> {
                return run(generation.body(), scope);
            }
            case Statement.Jump jump -> {
                return jump.leaves() ? Flow.BREAK : Flow.CONTINUE;
            }
        }
        return Flow.ON;
    }

    private Flow condition(Statement.If condition, Scope scope) {
        for (Statement.If.Branch branch : condition.branches()) {
            if (Evaluator.isTrue(branch.condition(), scope)) {
                return run(branch.body(), scope);
            }
        }
        return run(condition.otherwise(), scope);
    }

    private void loop(Statement.For loop, Scope scope) {
        List<Object> items = new ArrayList<>();
        for (Object item : Operators.items(Evaluator.value(loop.items(), scope))) {
            Scope inner = scope.inner();
            assign(loop.targets(), item, inner);
            if (loop.condition().isEmpty() || Evaluator.isTrue(loop.condition().get(), inner)) {
                items.add(item);
            }
        }
        Flow flow = Flow.ON;
        for (int i = 0; i < items.size() && flow != Flow.BREAK; i++) {
            Scope inner = scope.inner();
            inner.set("loop", new Loop(items, i));
            assign(loop.targets(), items.get(i), inner);
            flow = run(loop.body(), inner);
        }
        if (items.isEmpty()) {
            run(loop.otherwise(), scope.inner());
        }
    }

    private static void assign(List<String> names, Object value, Scope scope) {
        if (names.size() == 1) {
            scope.set(names.getFirst(), value);
            return;
        }
        List<Object> values = Operators.items(value);
        if (values.size() != names.size()) {
            throw new JinjaException("there must be " + names.size() + " values for " + String.join(", ", names)
                    + ", not " + values.size());
        }
        IntStream.range(0, values.size()).forEach(i -> scope.set(names.get(i), values.get(i)));
    }

    private String text(List<Statement> body, Scope scope) {
        StringBuilder around = out;
        out = new StringBuilder();
        run(body, scope);
        String text = out.toString();
        out = around;
        return text;
    }

    private Callable macro(Statement.Macro macro, Scope scope) {
        return arguments -> {
            Scope inner = scope.inner();
            for (int i = 0; i < macro.parameters().size(); i++) {
                Statement.Macro.Parameter parameter = macro.parameters().get(i);
                Object absent = parameter.otherwise().isPresent()
                        ? Evaluator.value(parameter.otherwise().get(), inner)
                        : new Undefined("parameter '" + parameter.name() + "' was not provided");
                inner.set(parameter.name(), arguments.at(i, parameter.name(), absent));
            }
            if (arguments.positional().size() > macro.parameters().size()) {
                throw new JinjaException("macro '" + macro.name() + "' takes " + macro.parameters().size()
                        + " arguments, not " + arguments.positional().size());
            }
            if (++calls > DEEPEST_CALL) {
                throw new JinjaException("macro '" + macro.name() + "' calls too deep, more than " + DEEPEST_CALL);
            }
            int from = line;
            String text = text(macro.body(), inner);
            line = from;
            calls--;
            return text;
        };
    }
}
