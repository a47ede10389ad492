package org.flowrl.transformer.text.jinja;

import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/// A template that is read once and filled in often; immutable.
///
/// ```java
/// JinjaTemplate.of("greeting", "Hello {{ name | upper }}!").render(Map.of("name", "you"));   // Hello YOU!
/// ```
///
/// Values given are null, Boolean, Long, Double, String, and List and Map of such. Beside Jinja's own `range`, `dict`
/// and `namespace` there are the functions of Transformers: `raise_exception(message)` and `strftime_now(format)`.
public final class JinjaTemplate {
    /// Longest `range`, that of Jinja's sandbox.
    private static final long LONGEST_RANGE = 100_000;

    private final String name;
    private final List<Statement> statements;
    private final Clock clock;

    private JinjaTemplate(String name, List<Statement> statements, Clock clock) {
        this.name = name;
        this.statements = statements;
        this.clock = clock;
    }

    /// The template that `source` spells.
    ///
    /// @param name what errors call it
    /// @throws JinjaException naming it and the line where the source breaks a rule, or asks for what is not supported
    public static JinjaTemplate of(String name, String source) {
        return of(name, source, Clock.systemDefaultZone());
    }

    /// As [#of(String, String)]; `strftime_now` reads this clock.
    static JinjaTemplate of(String name, String source, Clock clock) {
        return new JinjaTemplate(name, TemplateParser.parse(name, source), clock);
    }

    /// The text that the template makes of `variables`.
    ///
    /// @throws JinjaException naming the template and the line of the statement that failed
    public String render(Map<String, ?> variables) {
        Scope globals = Scope.of(functions());
        Scope given = globals.inner();
        variables.forEach(given::set);
        return new Interpreter(given).render(name, statements);
    }

    private Map<String, Object> functions() {
        Map<String, Object> functions = new HashMap<>();
        functions.put("range", (Callable) JinjaTemplate::range);
        functions.put("dict", (Callable) Arguments::named);
        functions.put("namespace", (Callable) arguments -> new Namespace(arguments.named()));
        functions.put("raise_exception", (Callable) arguments -> {
            throw new JinjaException(arguments.text(0, "message"));
        });
        functions.put("strftime_now", (Callable) arguments -> DateFormat.format(arguments.text(0, "format"),
                clock));
        return functions;
    }

    private static Object range(Arguments arguments) {
        boolean hasStart = arguments.positional().size() > 1;
        long start = hasStart ? arguments.integer(0, "start", 0) : 0;
        long stop = arguments.integer(hasStart ? 1 : 0, "stop", 0);
        long step = arguments.integer(2, "step", 1);
        if (step == 0) {
            throw new JinjaException("range: the step must not be 0");
        }
        long count = Math.max(0, Math.ceilDiv(stop - start, step));
        if (count > LONGEST_RANGE) {
            throw new JinjaException("range: " + count + " numbers are more than " + LONGEST_RANGE);
        }
        return LongStream.range(0, count).mapToObj(i -> (Object) (start + i * step)).toList();
    }
}
