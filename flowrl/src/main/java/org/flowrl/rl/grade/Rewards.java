package org.flowrl.rl.grade;

import org.flowrl.rl.grade.symbolic.StepBudget;
import org.flowrl.rl.task.Verdict;

/// The scale on which a grader's verdicts are rewarded.
///
/// @param right reward of a correct answer
/// @param otherwise reward of everything else
record Rewards(double right, double otherwise) {
    /// 1 and 0.
    static final Rewards ONE_OR_ZERO = new Rewards(1, 0);
    /// 1 and −1, as the DAPO rule has it.
    static final Rewards PLUS_OR_MINUS = new Rewards(1, -1);

    /// Correct or Wrong.
    Verdict of(boolean correct) {
        return correct ? new Verdict.Correct(right) : new Verdict.Wrong(otherwise);
    }

    Verdict unparsable(String reason) {
        return new Verdict.Unparsable(otherwise, reason);
    }

    Verdict failed(String reason) {
        return new Verdict.Failed(otherwise, reason);
    }

    /// @param spent says what was spent
    Verdict timedOut(StepBudget.Exceeded spent) {
        return new Verdict.TimedOut(otherwise, spent.getMessage());
    }
}
