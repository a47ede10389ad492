package org.flowrl.rl.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.flowrl.rl.grade.code.CodeTests;
import org.flowrl.rl.grade.code.TestRules;
import org.flowrl.tensor.SharedData;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The public benchmarks' own files (data/math), their layouts recognised.
class DataSetOracleTest {
    @ParameterizedTest
    @CsvSource({"humaneval-x-java, 111", "humaneval-x-python, 111", "codeforces, 255", "code_contests, 107"})
    void testsOfProgramsAreReadableToTheGrader(String name, int rows) {
        DataSet data = DataSet.read(SharedData.path("code/" + name + ".jsonl.gz"));
        assertThat(data.problems()).hasSize(rows).allSatisfy(problem ->
                assertThat(CodeTests.parse(problem.answer(), TestRules.standard())).isNotNull());
    }

    /// Rows, null golds and the last row's gold as read off the files with another tool; no problem occurs twice.
    @ParameterizedTest
    @CsvSource({
        "aime24, 12, 0, 902",
        "aime_1983_2023_train_rllm, 975, 0, 363",
        "amc23, 20, 0, 144",
        "gsm8k_test, 788, 0, 14",
        "math500, 303, 0, -1",
        "math_train_rllm, 4000, 2, \\frac{1}{2}",
        "minerva_math, 181, 0, 10.1",
        "olympiadbench, 412, 0, 11"})
    void aBenchmarksProblemsAndGoldAnswersAreRead(String name, int rows, int withoutGold, String lastGold) {
        DataSet data = DataSet.read(SharedData.path("math/" + name + ".jsonl.gz"));
        assertThat(data.counts()).isEqualTo(new DataSet.Counts(rows, withoutGold, 0, 0, 0));
        assertThat(data.problems()).hasSize(rows - withoutGold).allSatisfy(problem ->
                assertThat(problem.answer()).isNotBlank());
        assertThat(data.problems().getLast().answer()).isEqualTo(lastGold);
    }
}
