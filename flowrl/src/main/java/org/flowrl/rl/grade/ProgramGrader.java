package org.flowrl.rl.grade;

import java.util.Optional;
import org.flowrl.rl.grade.code.CodeGrader;
import org.flowrl.rl.task.Verdict;

/// Grades programs: a gold answer is the problem's tests as JSON, see {@link org.flowrl.rl.grade.code}.
///
/// @param name of the language
/// @param programs runs them
record ProgramGrader(String name, CodeGrader programs) implements Grader {
    /// Programs are not votes: two that differ may do the same.
    @Override
    public Optional<String> answer(String response) {
        return Optional.empty();
    }

    @Override
    public Verdict grade(String gold, String response) {
        return programs.grade(gold, response).verdict();
    }

    /// @param answer the program alone, without a fence
    @Override
    public Verdict compare(String gold, String answer) {
        return grade(gold, "```" + name + "\n" + answer + "\n```\n");
    }

    @Override
    public int parallelism() {
        return programs.parallelism();
    }

    @Override
    public void close() {
        programs.close();
    }
}
