package org.flowrl.rl.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.flowrl.rl.grade.Grader;
import org.flowrl.rl.grade.Graders;
import org.flowrl.rl.task.Problem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleMetricsTest {
    private static final Grader GRADER = Graders.named("math-verify");

    /// The samples of a problem with the gold answer 7, by what they answer; "-" for none.
    private static List<GradedAnswer> samples(String... answers) {
        Problem problem = new Problem("p", "?", "7");
        return IntStream.range(0, answers.length).mapToObj(i -> {
            String response = answers[i].equals("-") ? "no idea" : "\\boxed{" + answers[i] + "}";
            return new GradedAnswer(problem, i, response, 10, true, GRADER.answer(response),
                    GRADER.grade("7", response));
        }).toList();
    }

    /// 1 − C(n − c, k) / C(n, k): of 4 with 1 right, 2 drawn miss it with C(3,2)/C(4,2) = 1/2; of 16 with 2 right, 8
    /// drawn miss both with C(14,8)/C(16,8) = 3003/12870.
    @ParameterizedTest
    @CsvSource({"1, 4, 1, 0.25", "2, 4, 1, 0.5", "4, 4, 1, 1", "3, 4, 2, 1", "2, 4, 0, 0", "16, 16, 16, 1",
        "8, 16, 2, 0.7666666666666667"})
    void passAtKIsUnbiased(int k, int n, int c, double expected) {
        assertThat(SampleMetrics.passAt(k, n, c)).isEqualTo(expected, within(1e-12));
    }

    /// The mean of pass@k over all subsets of k of the samples themselves is the estimate.
    @Test
    void passAtKIsTheMeanOverAllSubsets() {
        int n = 6;
        int right = 0b001001;
        for (int k = 1; k <= n; k++) {
            int subsets = 0;
            int passed = 0;
            for (int mask = 0; mask < 1 << n; mask++) {
                if (Integer.bitCount(mask) == k) {
                    subsets++;
                    passed += (mask & right) != 0 ? 1 : 0;
                }
            }
            assertThat(SampleMetrics.passAt(k, n, 2)).isEqualTo(passed / (double) subsets, within(1e-12));
        }
    }

    @Test
    void passAtMoreThanThereAreIsRefused() {
        assertThatThrownBy(() -> SampleMetrics.passAt(5, 4, 1)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("pass@k: k 5 must be in 1 … n, and c 1 in 0 … n, of n 4");
    }

    @Test
    void averageIsTheShareOfRightSamples() {
        assertThat(SampleMetrics.average(samples("7", "8", "7.0", "-"))).isEqualTo(0.5);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"7 8 7.0 9 | true", "7 8 8.0 16/2 | false", "7 8 | true", "8 7 | false",
        "- - 7 | true", "- - | false", "8 7 7.0 8.0 7.00 | true"})
    void theMajorityIsCountedByMeaning(String answers, boolean right) {
        assertThat(SampleMetrics.majority(samples(answers.split(" ")), GRADER)).isEqualTo(right);
    }

    @Test
    void theReportAveragesOverProblems() {
        List<List<GradedAnswer>> groups = new ArrayList<>(List.of(samples("7", "7", "8", "-"),
                samples("8", "8", "8", "7")));
        EvaluationReport report = EvaluationReport.of(groups, GRADER);
        assertThat(report.average()).isEqualTo((0.5 + 0.25) / 2);
        // pass@2: 1 − C(2,2)/C(4,2) = 5/6, and 1 − C(3,2)/C(4,2) = 1/2.
        assertThat(report.pass()).containsOnlyKeys(1, 2, 4);
        assertThat(report.pass().get(2)).isEqualTo((5.0 / 6 + 0.5) / 2, within(1e-12));
        assertThat(report.pass().get(4)).isEqualTo(1.0);
        assertThat(report.majority()).isEqualTo(0.5);
        assertThat(report.verdicts()).containsEntry("correct", 3L).containsEntry("wrong", 4L)
                .containsEntry("unparsable", 1L);
        assertThat(report.truncated()).isZero();
    }

    @Test
    void thePaperProtocolIsSixteenSamplesAtSixTenths() {
        Sampling paper = Sampling.ofPaper();
        assertThat(paper.samples()).isEqualTo(16);
        assertThat(paper.law().temperature()).isEqualTo(0.6);
        assertThat(paper.law().topP()).isEqualTo(0.95);
        assertThat(Optional.of(paper.maxResponseTokens())).contains(8192);
    }
}
