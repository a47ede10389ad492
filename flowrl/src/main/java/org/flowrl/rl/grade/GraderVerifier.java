package org.flowrl.rl.grade;

import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;
import org.flowrl.rl.task.Verifier;

/// Rewards responses by a grader: {@link Problem#answer} is the gold answer.
///
/// @param grader judges whole responses, finished or not, as the published training rules do
public record GraderVerifier(Grader grader) implements Verifier {
    @Override
    public Verdict verify(Problem problem, String response, boolean finished) {
        return grader.grade(problem.answer(), response);
    }

    @Override
    public int parallelism() {
        return grader.parallelism();
    }
}
