package org.flowrl.rl.grade;

import java.util.Optional;
import org.flowrl.rl.task.Verdict;

/// Compares answers with a gold answer, by a rule that has a name. Immutable, safe to use from many threads, and never
/// throws: what goes wrong is a {@link Verdict}.
public interface Grader extends AutoCloseable {
    /// The name that `--grader` and `--reward` take.
    String name();

    /// Judges a whole response: finds the answer in it, then compares.
    ///
    /// @param gold the right answer, as the data set has it
    /// @param response all that the policy said
    Verdict grade(String gold, String response);

    /// Judges a final answer that is already cut out of a response.
    ///
    /// @param gold the right answer, as the data set has it
    /// @param answer the answer alone
    Verdict compare(String gold, String answer);

    /// The final answer that {@link #grade} would compare, as it is written in a response; nothing where there is none.
    Optional<String> answer(String response);

    /// How many answers it is of use to have judged at a time: 1 where that is a computation of microseconds.
    default int parallelism() {
        return 1;
    }

    /// Frees what the grader holds, such as a sandbox; most hold nothing.
    @Override
    default void close() {
    }
}
