package org.flowrl.rl.data;

import java.util.List;
import java.util.function.UnaryOperator;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;

/// Whether a grader accepts the gold answers themselves: a grader that does not can teach nothing on them, and is
/// better found before a model is loaded than after a night.
///
/// @param problems how many were tried
/// @param failures those whose gold answer was not found correct
public record GoldCheck(int problems, List<Failure> failures) {
    /// Failures that a message lists.
    private static final int SHOWN = 5;

    /// A gold answer that its grader does not accept.
    ///
    /// @param problem whose answer it is
    /// @param verdict what the grader said of it
    public record Failure(Problem problem, Verdict verdict) {
        /// One line.
        @Override
        public String toString() {
            String reason = verdict.reason().isEmpty() ? "" : ": " + verdict.reason();
            return problem.id() + ": gold answer '" + problem.answer() + "' is " + verdict.kind() + reason;
        }
    }

    /// Copies its argument.
    public GoldCheck {
        failures = List.copyOf(failures);
    }

    /// Grades each problem's gold answer, on all processors; failures are in the order of the problems.
    ///
    /// @param verifier safe to use from many threads
    /// @param asResponse turns an answer into a response that ends with it, such as `\boxed{answer}`
    public static GoldCheck of(List<Problem> problems, Verifier verifier, UnaryOperator<String> asResponse) {
        return new GoldCheck(problems.size(), problems.parallelStream().map(problem -> new Failure(problem,
                verifier.verify(problem, asResponse.apply(problem.answer()), true)))
                .filter(graded -> !(graded.verdict() instanceof Verdict.Correct)).toList());
    }

    /// One line with the count and the first failures.
    @Override
    public String toString() {
        if (failures.isEmpty()) {
            return "all " + problems + " gold answers are correct to the grader";
        }
        List<String> shown = failures.stream().limit(SHOWN).map(Failure::toString).toList();
        return failures.size() + " of " + problems + " gold answers are not correct to the grader: "
                + String.join("; ", shown) + (failures.size() > SHOWN ? "; …" : "");
    }
}
