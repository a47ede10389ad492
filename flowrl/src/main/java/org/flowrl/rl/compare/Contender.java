package org.flowrl.rl.compare;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.flowrl.rl.Presets;
import org.flowrl.rl.Questions;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.YamlRecords;
import org.flowrl.rl.objective.Algorithms;
import org.flowrl.rl.objective.FlowRlSettings;
import org.flowrl.rl.objective.PolicyGradientSettings;
import org.flowrl.rl.task.Enumeration;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Tasks;

/// One row of a comparison: an algorithm with its settings.
///
/// @param name of the row and of its folder: letters, digits, `.`, `+`, `-` and `_`
/// @param algorithm as `--algo` takes it
/// @param learningRates tried on the validation seed; the one that does best there runs on the reported seeds. A single
///     one is taken as it is
/// @param settings keys of the configuration and their values, beside those of the algorithm's preset
/// @param note what readers should know of these settings; may be empty
public record Contender(String name, String algorithm, List<Double> learningRates, Map<String, String> settings,
        String note) {
    private static final String KL_MATCHED = "-kl-matched";
    private static final String KL_COEFFICIENT = "-kl-coefficient";

    public Contender {
        learningRates = List.copyOf(learningRates);
        settings = new TreeMap<>(settings);
        if (!name.matches("[\\w.+-]+") || name.matches("\\.+")) {
            throw new IllegalArgumentException("comparison: contender '" + name
                    + "' must have a name of letters, digits, '.', '+', '-' and '_'");
        }
        if (learningRates.isEmpty() || learningRates.stream().distinct().count() != learningRates.size()) {
            throw new IllegalArgumentException("comparison: learningRates " + learningRates + " of " + name
                    + " must be at least one and all different");
        }
    }

    /// The contender of a name: an algorithm, `ALGORITHM-kl-matched` or `ALGORITHM-kl-coefficient`. Both give a
    /// baseline the KL coefficient of {@link #klCoefficient}; the first also makes its optimum FlowRL's
    /// ({@link PolicyGradientSettings#klMatched}), the second leaves all else as it was published.
    ///
    /// @param preset that it will run on
    /// @param learningRates to try
    /// @throws IllegalArgumentException where the algorithm is unknown or has no KL penalty to match
    public static Contender named(String name, String preset, List<Double> learningRates) {
        if (name.endsWith(KL_MATCHED)) {
            String algorithm = name.substring(0, name.length() - KL_MATCHED.length());
            double coefficient = klCoefficient(preset);
            return matched(name, algorithm, learningRates, settings(preset, algorithm).klMatched(coefficient),
                    String.format(Locale.ROOT, "%s with the same optimum in theory as FlowRL: a KL coefficient of "
                            + "1/(βT) = %.4f, the KL in the reward, rewards not divided by the deviation of their "
                            + "group.", algorithm, coefficient));
        }
        if (name.endsWith(KL_COEFFICIENT)) {
            String algorithm = name.substring(0, name.length() - KL_COEFFICIENT.length());
            double coefficient = klCoefficient(preset);
            return matched(name, algorithm, learningRates,
                    settings(preset, algorithm).withReferencePenalty(coefficient),
                    String.format(Locale.ROOT, "%s as published but for a KL coefficient of 1/(βT) = %.4f.", algorithm,
                            coefficient));
        }
        return new Contender(name, name, learningRates, Map.of(), Algorithms.algorithm(name).summary() + " ("
                + Algorithms.algorithm(name).source() + ").");
    }

    private static Contender matched(String name, String algorithm, List<Double> learningRates,
            PolicyGradientSettings settings, String note) {
        return new Contender(name, algorithm, learningRates, Map.of("objective", YamlRecords.text(settings)), note);
    }

    private static PolicyGradientSettings settings(String preset, String algorithm) {
        if (Presets.config(preset, algorithm).objective() instanceof PolicyGradientSettings settings) {
            return settings;
        }
        throw new IllegalArgumentException("comparison: " + algorithm + " is no baseline whose KL could be matched");
    }

    /// 1 / (β · T), with the β of the preset's FlowRL and answers of T tokens: maximising
    /// ```
    /// E[r(y)] − coefficient · KL(π ‖ π_ref)
    /// ```
    /// over whole answers gives π ∝ π_ref · e^(β · T · r), which is FlowRL's optimum.
    ///
    /// @throws IllegalArgumentException where answers have no one length: the task does not list them, or they differ
    static double klCoefficient(String preset) {
        TrainConfig config = Presets.config(preset, "flowrl");
        if (!(config.objective() instanceof FlowRlSettings settings)) {
            throw new IllegalStateException("the flowrl preset of " + preset + " is of another objective");
        }
        try (Task task = Tasks.named(config.task())) {
            Enumeration answers = task.enumeration().orElseThrow(() -> new IllegalArgumentException("comparison: "
                    + KL_MATCHED + " needs answers of one length; " + preset + " does not list them"));
            Questions questions = Questions.of(task);
            int[] lengths = answers.answers(task.problems().getFirst()).stream()
                    .mapToInt(answer -> questions.response(answer).length).distinct().toArray();
            if (lengths.length != 1) {
                throw new IllegalArgumentException("comparison: " + KL_MATCHED + " needs answers of one length; those "
                        + "of " + preset + " have " + Arrays.toString(lengths) + " tokens");
            }
            return 1 / (settings.beta() * lengths[0]);
        }
    }
}
