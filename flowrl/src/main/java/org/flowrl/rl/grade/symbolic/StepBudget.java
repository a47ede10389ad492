package org.flowrl.rl.grade.symbolic;

/// How much work one verdict may cost. Parsing, expanding and evaluating all spend from it, so an answer that would
/// take for ever ends with {@link Exceeded} after a known amount of work, whatever the machine's speed.
public final class StepBudget {
    private final long limit;
    private long spent;

    /// @param limit steps: a token read or a node visited is one, a function of many digits is {@link #FUNCTION}
    public StepBudget(long limit) {
        this.limit = limit;
    }

    /// What one elementary function at the precision of {@link Evaluation} costs, in steps.
    static final int FUNCTION = 100;

    /// Spends steps.
    ///
    /// @throws Exceeded where fewer were left
    void spend(long steps) {
        spent += steps;
        if (spent > limit) {
            throw new Exceeded("more than " + limit + " steps");
        }
    }

    /// Says that the budget is spent, or that a number would not fit it. Never leaves the graders: it becomes a
    /// verdict.
    public static final class Exceeded extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Exceeded(String reason) {
            // Without a stack trace: an answer, not a defect.
            super(reason, null, false, false);
        }
    }
}
