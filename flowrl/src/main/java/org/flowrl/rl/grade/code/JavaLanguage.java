package org.flowrl.rl.grade.code;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.flowrl.rl.grade.code.cell.CellJob;
import org.flowrl.rl.grade.code.cell.Compilation;

/// Java: compiled by the JDK's compiler, run in a JVM.
final class JavaLanguage implements Language {
    /// No answer is longer; the compiler is spared the rest.
    private static final int MAX_SOURCE_CHARACTERS = 1 << 20;
    private static final Pattern SOLUTION = Pattern.compile("\\bclass\\s+Solution\\b");
    /// What the test program of HumanEval-X names without its package: an answer that declares a class of such a name
    /// puts itself in the place of the JDK's.
    private static final List<String> PACKAGES_OF_TESTS = List.of("java.lang.", "java.util.");
    /// The answer's class and the test program's.
    private static final Set<String> OWN_CLASSES = Set.of("Solution", "Main");

    private final Sandbox sandbox;

    JavaLanguage(Sandbox sandbox) {
        this.sandbox = sandbox;
    }

    @Override
    public Preparation prepare(String source) throws InterruptedException {
        if (source.length() > MAX_SOURCE_CHARACTERS) {
            return rejected(CodeOutcome.Kind.NOT_COMPILED, source.length() + " characters");
        }
        return switch (sandbox.compile(source)) {
            case Compilation.Compiled(var classes) -> new JavaProgram(sandbox, classes);
            case Compilation.Rejected(var reason) -> rejected(CodeOutcome.Kind.NOT_COMPILED, Excerpt.of(reason));
            case Compilation.TooSlow() -> rejected(CodeOutcome.Kind.TIME_LIMIT, "compiling");
        };
    }

    @Override
    public Preparation prepare(String answer, CodeTests.Harness harness) throws InterruptedException {
        String whole = SOLUTION.matcher(answer).find() ? imports(harness.declaration()) + answer
                : harness.declaration() + answer;
        Preparation preparation = prepare(whole + "\n" + harness.test());
        if (preparation instanceof JavaProgram(_, var classes)) {
            Optional<String> shadow = classes.keySet().stream().filter(name -> !OWN_CLASSES.contains(name))
                    .filter(JavaLanguage::isNameOfTheJdk).findFirst();
            if (shadow.isPresent()) {
                return rejected(CodeOutcome.Kind.SHADOWS_TESTS, "it declares a class " + shadow.get());
            }
        }
        return preparation;
    }

    private static String imports(String declaration) {
        return declaration.lines().filter(line -> line.startsWith("import ")).map(line -> line + "\n")
                .collect(Collectors.joining());
    }

    private static boolean isNameOfTheJdk(String name) {
        return PACKAGES_OF_TESTS.stream().anyMatch(folder -> Object.class.getResource(
                "/" + folder.replace('.', '/') + name + ".class") != null);
    }

    private static Rejected rejected(CodeOutcome.Kind kind, String reason) {
        return new Rejected(new CodeOutcome(kind, reason));
    }

    /// Class files by name.
    private record JavaProgram(Sandbox sandbox, Map<String, byte[]> classes) implements Program {
        @Override
        public Ending runMain(String input, ProgramLimits limits) throws InterruptedException {
            return sandbox.run(new CellJob.RunMain(classes, false), input.getBytes(StandardCharsets.UTF_8), limits);
        }

        @Override
        public Ending runHarness(ProgramLimits limits) throws InterruptedException {
            return sandbox.run(new CellJob.RunMain(classes, true), new byte[0], limits);
        }

        @Override
        public Ending call(CodeTests.Call call, ProgramLimits limits) throws InterruptedException {
            List<Object> arguments = new ArrayList<>();
            call.arguments().forEach(argument -> arguments.add(ValueComparison.value(argument)));
            return sandbox.run(new CellJob.CallMethod(classes, call.method(), arguments), new byte[0], limits);
        }

        @Override
        public void close() {
            // Nothing of it is on disk.
        }
    }
}
