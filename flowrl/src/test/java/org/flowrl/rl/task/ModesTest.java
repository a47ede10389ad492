package org.flowrl.rl.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModesTest {
    private static final int TOKENS = 7;

    @ParameterizedTest
    @ValueSource(ints = {4, 8})
    void peaksKeepTheirDistance(int questions) {
        Modes task = new Modes(questions);

        assertThat(task.problems()).hasSize(questions).extracting(Problem::answer).doesNotHaveDuplicates();
        for (Problem problem : task.problems()) {
            String[] peaks = problem.answer().split(" ");
            assertThat(peaks).hasSize(4);
            assertThat(distance(peaks[0], peaks[1])).isEqualTo(6);
            for (int i = 0; i < 4; i++) {
                for (int j = 0; j < i; j++) {
                    assertThat(distance(peaks[i], peaks[j])).isGreaterThanOrEqualTo(4);
                }
            }
        }
    }

    @Test
    void theFirstQuestionsAreTheSameHoweverManyThereAre() {
        assertThat(new Modes(8).problems().subList(0, 4)).isEqualTo(new Modes(4).problems());
    }

    /// The optimum of an even reference over the 4,096 strings at k = 10 nats, from ../shared/design/calibration.md: an
    /// independent program with other peaks, whose distances may differ where only a least one is asked for.
    @ParameterizedTest
    @CsvSource({"ball-1, 0.31, 0.01", "ball-2, 0.30, 0.01", "ball-3, 0.054, 0.005", "ball-4, 0.011, 0.002",
        "peak-1, 0.23, 0.01", "peak-2, 0.23, 0.01", "peak-3, 0.031, 0.003", "peak-4, 0.004, 0.001"})
    void theOptimumHoldsThePredictedShares(String region, double share, double tolerance) {
        Modes task = new Modes(8);
        double mean = task.problems().stream().mapToDouble(problem -> mass(task, problem, region)).average()
                .orElseThrow();

        assertThat(mean).isCloseTo(share, within(tolerance));
    }

    private static double mass(Modes task, Problem problem, String name) {
        Enumeration enumeration = task.enumeration().orElseThrow();
        Enumeration.Region region = enumeration.regions(problem).stream()
                .filter(one -> (one.group() + "-" + one.rank()).equals(name)).findFirst().orElseThrow();
        double total = 0;
        double mass = 0;
        for (String answer : enumeration.answers(problem)) {
            double weight = Math.exp(TOKENS * 10.0 / 7 * task.verifier().verify(problem, answer, true).reward());
            total += weight;
            mass += region.contains().test(answer) ? weight : 0;
        }
        return mass / total;
    }

    /// A peak, its 6 · 3 neighbours, and nothing else.
    @Test
    void aBallIsAPeakAndTheStringsOneLetterAway() {
        Modes task = new Modes(4);
        Problem problem = task.problems().getFirst();
        Enumeration enumeration = task.enumeration().orElseThrow();
        List<String> answers = enumeration.answers(problem);

        assertThat(answers).hasSize(4096).doesNotHaveDuplicates().isSorted().allMatch(s -> s.matches("[a-d]{6}"));
        assertThat(enumeration.regions(problem)).hasSize(8).allSatisfy(region ->
                assertThat(answers.stream().filter(region.contains())).hasSize(region.group().equals("ball") ? 19 : 1));
    }

    /// Heights 1, 1, 0.8, 0.6 at the peaks; 0.6 of it for each letter that differs.
    @Test
    void rewardsFallWithTheDistanceFromAPeak() {
        Modes task = new Modes(4);
        Problem problem = task.problems().get(1);
        String[] peaks = problem.answer().split(" ");
        double[] heights = {1, 1, 0.8, 0.6};
        for (int i = 0; i < 4; i++) {
            char other = peaks[i].charAt(0) == 'a' ? 'b' : 'a';
            assertThat(task.verifier().verify(problem, peaks[i], true)).isEqualTo(new Verdict.Correct(heights[i]));
            Verdict beside = task.verifier().verify(problem, other + peaks[i].substring(1), true);
            assertThat(beside).isInstanceOf(Verdict.Wrong.class);
            assertThat(beside.reward()).isCloseTo(0.6 * heights[i], within(1e-15));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "aaaaaa  | false | not finished after 7 tokens",
        "aaaaa   | true  | '5 characters, not 6'",
        "aaaaaaa | true  | '7 characters, not 6'",
        "aaaaea  | true  | 'character 4 is ''e'', not a … d'",
        "aa0aaa  | true  | 'character 2 is ''0'', not a … d'",
        "AAAAAA  | true  | 'character 0 is ''A'', not a … d'",
    })
    void otherStringsCannotBeRead(String response, boolean finished, String reason) {
        Modes task = new Modes(4);

        assertThat(task.verifier().verify(task.problems().getFirst(), response, finished))
                .isEqualTo(new Verdict.Unparsable(0, reason));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 11})
    void otherNumbersOfQuestionsAreRefused(int questions) {
        assertThatThrownBy(() -> new Modes(questions)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage(String.format(Locale.ROOT, "modes: questions %d must be in 1 … 10", questions));
    }

    private static int distance(String a, String b) {
        int distance = 0;
        for (int i = 0; i < a.length(); i++) {
            distance += a.charAt(i) == b.charAt(i) ? 0 : 1;
        }
        return distance;
    }
}
