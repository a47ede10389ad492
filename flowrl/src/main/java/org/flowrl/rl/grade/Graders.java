package org.flowrl.rl.grade;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

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

    private Graders() {
    }

    /// Every name, in alphabetical order.
    public static List<String> names() {
        return List.copyOf(BY_NAME.keySet());
    }

    /// The grader of a name with the default options.
    ///
    /// @throws IllegalArgumentException where no grader has the name
    public static Grader named(String name) {
        return named(name, GraderOptions.defaults());
    }

    /// The grader of a name.
    ///
    /// @param options heeded by the graders that compare by meaning: `math-verify`, `qwen-math` and `deepscaler`
    /// @throws IllegalArgumentException where no grader has the name
    public static Grader named(String name, GraderOptions options) {
        Function<GraderOptions, Grader> grader = BY_NAME.get(name);
        if (grader == null) {
            throw new IllegalArgumentException("grader: '" + name + "' must be one of " + String.join(", ", names()));
        }
        return grader.apply(options);
    }
}
