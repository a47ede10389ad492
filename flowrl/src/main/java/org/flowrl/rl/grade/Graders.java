package org.flowrl.rl.grade;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.flowrl.rl.grade.code.CodeGrader;
import org.flowrl.rl.grade.code.SandboxOptions;
import org.flowrl.rl.grade.code.TestRules;

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
    private static final String JAVA = "java";

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

    /// The grader of a name with the default options.
    ///
    /// @throws IllegalArgumentException where no grader has the name
    public static Grader named(String name) {
        return named(name, GraderOptions.defaults());
    }

    /// The grader of a name. That of Java programs holds a sandbox until it is closed.
    ///
    /// @param options heeded by the graders that compare by meaning (`math-verify`, `qwen-math` and `deepscaler`) and by
    ///     those of programs
    /// @throws IllegalArgumentException where no grader has the name
    /// @throws org.flowrl.rl.grade.code.UnconfinedException where programs would not be confined and the options do not
    ///     allow that
    public static Grader named(String name, GraderOptions options) {
        if (name.equals(JAVA)) {
            SandboxOptions sandbox = SandboxOptions.standard().withAllowUnconfined(options.allowUnconfined());
            return new ProgramGrader(JAVA, CodeGrader.java(sandbox, TestRules.standard()));
        }
        Function<GraderOptions, Grader> grader = BY_NAME.get(name);
        if (grader == null) {
            throw new IllegalArgumentException("grader: '" + name + "' must be one of " + String.join(", ", names()));
        }
        return grader.apply(options);
    }
}
