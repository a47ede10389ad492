package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.flowrl.rl.SampledMetrics.Group;
import org.flowrl.rl.task.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampledMetricsTest {
    /// 1 − C(n − c, k) / C(n, k), worked out with binomials: C(12, 4) / C(16, 4) = 495 / 1820.
    @ParameterizedTest
    @CsvSource({"16, 4, 1, 0.25", "16, 4, 4, 0.728021978021978", "16, 0, 16, 0", "16, 1, 16, 1", "16, 1, 4, 0.25",
        "3, 2, 2, 1", "4, 1, 2, 0.5"})
    void passAtKIsTheChanceThatAPartOfTheSamplesHoldsACorrectOne(int samples, int correct, int k, double chance) {
        assertThat(new Group(samples, correct, 0, Map.of(), OptionalInt.empty()).passAt(k))
                .isCloseTo(chance, within(1e-12));
    }

    /// Groups of 8: `a A A b` and four wrong ones of 4 known solutions, then only wrong ones of 2.
    /// avg = ½ · 4/8; distinct texts 3, solutions 2. pass@4 = ½ · (1 − C(4, 4) / C(8, 4)) = ½ · 69/70; coverage@4 =
    /// ½ · ¼ · (1 − C(5, 4) / 70 + 1 − C(7, 4) / 70) = ⅛ · (65 + 35) / 70.
    @Test
    void figuresAreMeansOverGroups() {
        List<Response> responses = new ArrayList<>();
        add(responses, 0, "a", "A", "A", "b", "", "", "", "");
        add(responses, 1, "", "", "", "", "", "", "", "");

        Map<String, Double> values = SampledMetrics.values(SampledMetrics.groups(new Rollout(responses, 2),
                List.of(OptionalInt.of(4), OptionalInt.of(2))));

        assertThat(values).containsOnlyKeys("avg@8", "distinct_correct", "distinct_solutions", "pass@4", "pass@8",
                "coverage@4", "coverage@8");
        assertThat(values.get("avg@8")).isEqualTo(0.25);
        assertThat(values.get("distinct_correct")).isEqualTo(1.5);
        assertThat(values.get("distinct_solutions")).isEqualTo(1);
        assertThat(values.get("pass@4")).isCloseTo(0.5 * 69 / 70, within(1e-12));
        assertThat(values.get("pass@8")).isEqualTo(0.5);
        assertThat(values.get("coverage@4")).isCloseTo(0.125 * 100 / 70, within(1e-12));
        assertThat(values.get("coverage@8")).isEqualTo(0.25);
    }

    @Test
    void whereTheNumberOfSolutionsIsNotKnownThereIsNoCoverage() {
        List<Response> responses = new ArrayList<>();
        add(responses, 0, "a", "b");

        assertThat(SampledMetrics.values(SampledMetrics.groups(new Rollout(responses, 1)))).containsOnlyKeys("avg@2",
                "distinct_correct", "distinct_solutions", "pass@2");
    }

    /// A text where nothing else is said, and nothing for wrong responses.
    @Test
    void aResponseIsAnInstanceOfASolution() {
        List<Response> responses = new ArrayList<>();
        add(responses, 0, "A", "");
        Response own = new Response(0, 0, new int[] {0}, new int[] {1}, new float[] {0}, true, "Text",
                new Verdict.Correct(1));

        assertThat(responses).extracting(Response::solution).containsExactly(Optional.of("a"), Optional.empty());
        assertThat(own.solution()).contains("Text");
    }

    /// A response is right where it has a letter, and letters of both cases are one solution.
    private static void add(List<Response> responses, int group, String... texts) {
        for (int i = 0; i < texts.length; i++) {
            responses.add(new Response(group, i, new int[] {0}, new int[] {1}, new float[] {0}, true, texts[i],
                    texts[i].isEmpty() ? new Verdict.Wrong(0)
                            : new Verdict.Correct(1, texts[i].toLowerCase(Locale.ROOT))));
        }
    }
}
