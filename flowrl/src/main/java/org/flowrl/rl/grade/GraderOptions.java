package org.flowrl.rl.grade;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.flowrl.rl.grade.symbolic.Equivalence;
import org.flowrl.tensor.UnknownName;

/// What can be set of a grader that compares by meaning, and of one that runs programs. The string rules have no
/// options.
///
/// @param latex whether formulas between TeX's delimiters and in boxes count as answers
/// @param expressions whether numbers in running text count as answers
/// @param equivalence what counts as the same
/// @param steps the work that one verdict may cost, see {@link org.flowrl.rl.grade.symbolic.StepBudget}
/// @param programs what programs are allowed
public record GraderOptions(boolean latex, boolean expressions, Equivalence.Options equivalence, long steps,
        ProgramOptions programs) {
    /// About 30 ms of the slowest steps.
    public static final long DEFAULT_STEPS = 60_000;

    /// Formulas and numbers, six decimals, strict names.
    public static GraderOptions defaults() {
        return new GraderOptions(true, true, Equivalence.Options.defaults(), DEFAULT_STEPS,
                ProgramOptions.STRICT);
    }

    /// @throws IllegalArgumentException where nothing may be extracted
    public GraderOptions {
        if (!latex && !expressions) {
            throw new IllegalArgumentException("grader options: at least one of latex and expr must be extracted");
        }
        if (steps < 1) {
            throw new IllegalArgumentException("grader options: steps " + steps + " must be at least 1");
        }
    }

    /// These options with those that a JSON object sets: `extract` (a list of `latex` and `expr`), `precision`
    /// (decimals), `strict`, `allow_set_relation_comp`, as Math-Verify names them.
    ///
    /// @throws IllegalArgumentException where it has another key, or a value of another kind
    public GraderOptions with(JsonNode object) {
        boolean formulas = latex;
        boolean numbers = expressions;
        int decimals = equivalence.decimals();
        boolean strict = equivalence.strict();
        boolean relationAsSet = equivalence.relationAsSet();
        for (Map.Entry<String, JsonNode> option : object.properties()) {
            JsonNode value = option.getValue();
            switch (option.getKey()) {
                case "extract" -> {
                    formulas = holds(value, "latex");
                    numbers = holds(value, "expr");
                }
                case "precision" -> decimals = require(value.isInt(), option, "a whole number").asInt();
                case "strict" -> strict = require(value.isBoolean(), option, "true or false").asBoolean();
                case "allow_set_relation_comp" ->
                        relationAsSet = require(value.isBoolean(), option, "true or false").asBoolean();
                default -> throw new IllegalArgumentException(UnknownName.message("grader option", option.getKey(),
                        List.of("extract", "precision", "strict", "allow_set_relation_comp")));
            }
        }
        return new GraderOptions(formulas, numbers, new Equivalence.Options(decimals, strict, relationAsSet), steps,
                programs);
    }

    private static boolean holds(JsonNode targets, String wanted) {
        boolean found = false;
        for (JsonNode target : targets) {
            if (!target.asText().equals("latex") && !target.asText().equals("expr")) {
                throw new IllegalArgumentException("grader options: extract '" + target.asText()
                        + "' must be latex or expr");
            }
            found |= target.asText().equals(wanted);
        }
        return found;
    }

    private static JsonNode require(boolean fits, Map.Entry<String, JsonNode> option, String kind) {
        if (!fits) {
            throw new IllegalArgumentException("grader options: " + option.getKey() + " " + option.getValue()
                    + " must be " + kind);
        }
        return option.getValue();
    }

    /// The same with other things allowed to programs.
    public GraderOptions with(ProgramOptions allowed) {
        return new GraderOptions(latex, expressions, equivalence, steps, allowed);
    }

    /// What extraction looks for.
    Set<AnswerExtraction.Target> targets() {
        Set<AnswerExtraction.Target> targets = EnumSet.noneOf(AnswerExtraction.Target.class);
        if (latex) {
            targets.add(AnswerExtraction.Target.LATEX);
        }
        if (expressions) {
            targets.add(AnswerExtraction.Target.EXPR);
        }
        return targets;
    }
}
