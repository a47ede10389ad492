package org.flowrl.rl.grade.code;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;

/// Prints the recorded list anew: one mutant of each HumanEval-X problem, and whether the problem's own tests notice.
final class RecordMutants {
    private RecordMutants() {
    }

    /// Needs the system property `flowrl.shared`.
    public static void main(String[] args) {
        try (CodeGrader grader = CodeGrader.java(SandboxOptions.standard(), TestRules.standard())) {
            List<JsonNode> rows = HumanEvalX.rows();
            HumanEvalX.inParallel(rows, row -> {
                String solution = row.get("canonical_solution").textValue();
                Optional<Mutation> mutation = Mutation.of(row.get("task_id").textValue(), solution);
                return mutation.map(m -> m.line() + "\t"
                        + grader.grade(row.toString(), m.apply(solution)).kind().label());
            }).stream().flatMap(Optional::stream).forEach(System.out::println);
        }
    }
}
