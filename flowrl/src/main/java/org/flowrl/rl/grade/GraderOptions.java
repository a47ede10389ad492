package org.flowrl.rl.grade;

import java.util.EnumSet;
import java.util.Set;
import org.flowrl.rl.grade.symbolic.Equivalence;

/// What can be set of a grader that compares by meaning. The string rules have no options.
///
/// @param latex whether formulas between TeX's delimiters and in boxes count as answers
/// @param expressions whether numbers in running text count as answers
/// @param equivalence what counts as the same
/// @param steps the work that one verdict may cost, see {@link org.flowrl.rl.grade.symbolic.StepBudget}
public record GraderOptions(boolean latex, boolean expressions, Equivalence.Options equivalence, long steps) {
    /// About 30 ms of the slowest steps.
    public static final long DEFAULT_STEPS = 60_000;

    /// Formulas and numbers, six decimals, strict names.
    public static GraderOptions defaults() {
        return new GraderOptions(true, true, Equivalence.Options.defaults(), DEFAULT_STEPS);
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
