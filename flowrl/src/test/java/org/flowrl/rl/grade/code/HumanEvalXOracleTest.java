package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// HumanEval-X, Java: what its authors wrote passes.
class HumanEvalXOracleTest {
    private static final String FILE = "humaneval-x-java.jsonl.gz";
    private static CodeGrader grader;

    @BeforeAll
    static void open() {
        HumanEvalX.rows(FILE);
        grader = Sandboxes.grader(TestRules.standard());
    }

    @AfterAll
    static void close() {
        if (grader != null) {
            grader.close();
        }
    }

    @Test
    void everyCanonicalSolutionPasses() {
        List<JsonNode> rows = HumanEvalX.rows(FILE);
        List<CodeOutcome> outcomes = HumanEvalX.inParallel(rows,
                row -> grader.grade(row.toString(), row.get("canonical_solution").textValue()));
        assertThat(rows).hasSize(111);
        assertThat(IntStream.range(0, rows.size())
                .filter(i -> outcomes.get(i).kind() != CodeOutcome.Kind.PASSED)
                .mapToObj(i -> rows.get(i).get("task_id").textValue() + ": " + outcomes.get(i))).isEmpty();
    }
}
