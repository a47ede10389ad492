package org.flowrl.rl.compare;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.flowrl.rl.Presets;
import org.flowrl.rl.Questions;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.objective.FlowRlSettings;
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
    private static final String PENALTY = "objective.penalty.coefficient";

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

    /// The contender of a name: an algorithm, or `ALGORITHM-kl-matched`, the algorithm with the KL coefficient
    /// 1 / (β · T) of {@link #klCoefficient}.
    ///
    /// @param task that it will run on
    /// @param learningRates to try
    public static Contender named(String name, String task, List<Double> learningRates) {
        if (!name.endsWith(KL_MATCHED)) {
            return new Contender(name, name, learningRates, Map.of(), "");
        }
        String algorithm = name.substring(0, name.length() - KL_MATCHED.length());
        double coefficient = klCoefficient(task);
        return new Contender(name, algorithm, learningRates, Map.of(PENALTY, Double.toString(coefficient)),
                String.format(Locale.ROOT, "%s with a KL coefficient of 1/(βT) = %.4f. Reward less that much KL to the "
                        + "reference is highest at FlowRL's own optimum, so in theory it should keep the same answers; "
                        + "as published, its advantages are standardised and its KL is an estimate, which moves that "
                        + "optimum.", algorithm, coefficient));
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
                throw new IllegalArgumentException("comparison: " + KL_MATCHED + " needs answers of one length; those of "
                        + preset + " have " + Arrays.toString(lengths) + " tokens");
            }
            return 1 / (settings.beta() * lengths[0]);
        }
    }
}
