package org.flowrl.rl.grade;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.flowrl.rl.grade.code.CodeGrader;
import org.flowrl.rl.grade.code.RunnerCommand;
import org.flowrl.rl.grade.code.SandboxOptions;
import org.flowrl.rl.grade.code.TestRules;
import org.flowrl.tensor.UnknownName;

/// The graders by name.
public final class Graders {
    private static final Map<String, Function<GraderOptions, Grader>> BY_NAME = new TreeMap<>(Map.of(
            "dapo", options -> new DapoGrader(),
            "dapo-strict-box", options -> new DapoGrader.StrictBox(),
            "deepscaler", DeepScalerGrader::new,
            "gsm8k", options -> new Gsm8kGrader(false),
            "gsm8k-flexible", options -> new Gsm8kGrader(true),
            "hendrycks", options -> new BoxedGrader("hendrycks", HendrycksNormalizer.ORIGINAL),
            "math-reward", options -> new BoxedGrader("math-reward", HendrycksNormalizer.ESCAPED_PERCENT),
            "math-verify", MathVerifyGrader::new,
            "qwen-math", QwenMathGrader::new));
    private static final Set<String> BY_MEANING = Set.of("math-verify", "qwen-math", "deepscaler");
    private static final String JAVA = "java";
    private static final String RUN = "run:";

    private Graders() {
    }

    /// Every name: those of mathematics in alphabetical order, then those of programs.
    public static List<String> names() {
        return Stream.concat(mathNames().stream(), Stream.of(JAVA)).toList();
    }

    /// The names of the graders of mathematics, in alphabetical order.
    public static List<String> mathNames() {
        return List.copyOf(BY_NAME.keySet());
    }

    /// Whether a name is a grader's: one of {@link #names()}, or `run:` and a command.
    public static boolean isKnown(String name) {
        return names().contains(name) || name.startsWith(RUN);
    }

    /// What is said of a name that is no grader's.
    public static String unknown(String name) {
        return UnknownName.message("grader", name, UnknownName.nearest(name, names()),
                String.join(", ", names()) + ", or " + RUN + " and a command that runs a {file}");
    }

    /// Whether the grader of a name compares by meaning, and so heeds what {@link GraderOptions#with} sets.
    public static boolean hasOptions(String name) {
        return BY_MEANING.contains(name);
    }

    /// The grader of a name with the default options.
    ///
    /// @throws IllegalArgumentException where no grader has the name
    public static Grader named(String name) {
        return named(name, GraderOptions.defaults());
    }

    /// The grader of a name. Those of programs hold a sandbox until they are closed.
    ///
    /// Programs in other languages are graded by `run:` and a command that runs a file,
    /// `run:/usr/bin/python3 -I {file}` (see {@link RunnerCommand}).
    ///
    /// @param options heeded by the graders that compare by meaning (`math-verify`, `qwen-math` and `deepscaler`) and
    ///     by those of programs
    /// @throws IllegalArgumentException where no grader has the name
    /// @throws org.flowrl.rl.grade.code.UnconfinedException where programs would not be confined and the options do not
    ///     allow that
    public static Grader named(String name, GraderOptions options) {
        SandboxOptions sandbox = SandboxOptions.standard().withAllowUnconfined(options.programs().allowUnconfined());
        List<Path> readable = options.programs().readable();
        if (!readable.isEmpty() && !name.startsWith(RUN)) {
            throw new IllegalArgumentException("grader: readable " + readable + " is for " + RUN
                    + " and a command, not for " + name);
        }
        if (name.equals(JAVA)) {
            return new ProgramGrader(JAVA, CodeGrader.java(sandbox, TestRules.standard()));
        }
        if (name.startsWith(RUN)) {
            RunnerCommand command = RunnerCommand.parse(name.substring(RUN.length()), "", readable);
            return new ProgramGrader("", CodeGrader.runner(sandbox, TestRules.standard(), command));
        }
        Function<GraderOptions, Grader> grader = BY_NAME.get(name);
        if (grader == null) {
            throw new IllegalArgumentException(unknown(name));
        }
        return grader.apply(options);
    }
}
