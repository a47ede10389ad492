package org.flowrl.rl.eval;

import java.util.Optional;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Verdict;

/// One sample of a problem, judged.
///
/// @param problem the question
/// @param sample which of its samples, from 0
/// @param response what the model said
/// @param tokens length of the response, its end token included
/// @param finished false where it was cut at the length limit
/// @param answer the final answer in it, where the grader finds one
/// @param verdict what the grader says
public record GradedAnswer(Problem problem, int sample, String response, int tokens, boolean finished,
        Optional<String> answer, Verdict verdict) {
    /// Whether the answer is right.
    public boolean isCorrect() {
        return verdict instanceof Verdict.Correct;
    }
}
