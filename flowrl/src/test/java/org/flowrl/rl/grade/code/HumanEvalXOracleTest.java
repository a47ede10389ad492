package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// HumanEval-X, Java: what is not its authors' solution fails; that theirs pass is `ScoreProgramsOracleTest`'s.
class HumanEvalXOracleTest {
    /// One recorded mutant in so many is graded again in each build: some ten seconds of CPU.
    private static final int SHARE = 4;
    private static CodeGrader grader;

    @BeforeAll
    static void open() {
        HumanEvalX.rows();
        grader = Sandboxes.grader(Sandboxes.patientRules()); // none of the mutants runs for ever
    }

    @AfterAll
    static void close() {
        if (grader != null) {
            grader.close();
        }
    }

    /// The list has one mutant of each problem that has a place for one, drawn by a seeded rule, and what became of it:
    /// the tests of HumanEval-X itself do not notice 13 of them. `-Dflowrl.mutants=all` grades all of them.
    @Test
    void recordedMutantsFail() throws IOException {
        Map<String, JsonNode> rows = HumanEvalX.rows().stream()
                .collect(Collectors.toMap(row -> row.get("task_id").textValue(), row -> row));
        List<String> recorded = recordedMutants();
        assertThat(recorded).hasSize(100);
        assertThat(recorded.stream().filter(line -> line.endsWith("\tpassed"))).hasSize(13);
        assertThat(rows.values().stream().flatMap(row -> Mutation.of(row.get("task_id").textValue(),
                row.get("canonical_solution").textValue()).stream()).map(Mutation::line))
                .containsExactlyInAnyOrderElementsOf(recorded.stream()
                        .map(line -> line.substring(0, line.lastIndexOf('\t'))).toList());

        int step = System.getProperty("flowrl.mutants", "some").equals("all") ? 1 : SHARE;
        List<String> graded = IntStream.range(0, recorded.size()).filter(i -> i % step == 0)
                .mapToObj(recorded::get).toList();
        assertThat(HumanEvalX.inParallel(graded, line -> {
            JsonNode row = rows.get(line.substring(0, line.indexOf('\t')));
            String solution = row.get("canonical_solution").textValue();
            Mutation mutation = Mutation.of(row.get("task_id").textValue(), solution).orElseThrow();
            return mutation.line() + "\t" + grader.grade(row.toString(), mutation.apply(solution)).kind().label();
        })).isEqualTo(graded);
    }

    private static List<String> recordedMutants() throws IOException {
        try (InputStream list = HumanEvalXOracleTest.class.getResourceAsStream("humaneval-x-java-mutants.tsv")) {
            return new String(list.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }
}
