package org.flowrl.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.flowrl.rl.SharedRows;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/// HumanEval-X, Java: what its authors wrote passes.
class ScoreProgramsOracleTest {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    @Test
    void everyCanonicalSolutionOfHumanEvalXPasses(@TempDir Path folder, TestReporter reporter) throws IOException {
        Path file = Files.write(folder.resolve("solutions.jsonl"), solutions());
        CapturedRun run = CapturedRun.of("", "score", "--grader", "java", file.toString());
        assumeFalse(run.err().contains("refuses to run programs"), run.err());
        // With the time that it took, for people.
        reporter.publishEntry(run.err().strip());
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out().lines()).hasSize(111).allMatch("{\"verdict\":\"correct\",\"score\":1.0}"::equals);
    }

    private static List<String> solutions() {
        return SharedRows.of("code/humaneval-x-java.jsonl.gz").stream().map(row -> MAPPER.createObjectNode()
                .put("gold", row.toString()).put("response", row.get("canonical_solution").textValue()).toString())
                .toList();
    }
}
