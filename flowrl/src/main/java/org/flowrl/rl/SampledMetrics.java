package org.flowrl.rl;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/// What groups of n samples say about how often a policy is right and in how many ways. Of a group with c correct
/// samples in which solution s was found c(s) times, S being the number of solutions that there are:
/// ```
/// avg@n            c / n
/// pass@k           1 − C(n − c, k) / C(n, k)                        Chen et al. 2021, unbiased for k ≤ n
/// coverage@k       (1 / S) · Σ_s (1 − C(n − c(s), k) / C(n, k))     the same of each solution; where S is known
/// distinct_correct    different correct texts;   distinct_solutions    different solutions
/// ```
/// All figures are means over groups.
public final class SampledMetrics {
    /// The k of pass@k and coverage@k, beside n.
    private static final List<Integer> SIZES = List.of(4, 16, 64);

    private SampledMetrics() {
    }

    /// The samples of one problem.
    ///
    /// @param samples n
    /// @param correct c
    /// @param distinctCorrect different correct texts
    /// @param found how often each solution was found
    /// @param solutions S, where it is known
    public record Group(int samples, int correct, int distinctCorrect, Map<String, Integer> found,
            OptionalInt solutions) {
        /// Counts the responses to one problem.
        ///
        /// @param responses at least one
        static Group of(List<Response> responses, OptionalInt solutions) {
            Set<String> texts = new HashSet<>();
            Map<String, Integer> found = new HashMap<>();
            int correct = 0;
            for (Response response : responses) {
                Optional<String> solution = response.solution();
                if (solution.isPresent()) {
                    correct++;
                    texts.add(response.text());
                    found.merge(solution.get(), 1, Integer::sum);
                }
            }
            return new Group(responses.size(), correct, texts.size(), found, solutions);
        }

        /// Unbiased estimate of the chance that one of k samples is correct.
        ///
        /// @param k at most {@link #samples}
        public double passAt(int k) {
            return chance(samples, correct, k);
        }

        /// Unbiased estimate of the share of the solutions that k samples hold; empty where their number is not known.
        ///
        /// @param k at most {@link #samples}
        public OptionalDouble coverageAt(int k) {
            return solutions.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(found.values().stream()
                    .mapToDouble(times -> chance(samples, times, k)).sum() / solutions.getAsInt());
        }
    }

    /// The groups of a rollout, of problems whose number of solutions is not asked for.
    static List<Group> groups(Rollout rollout) {
        return groups(rollout, Collections.nCopies(rollout.groups(), OptionalInt.empty()));
    }

    /// The groups of a rollout.
    ///
    /// @param solutions of each group's problem
    static List<Group> groups(Rollout rollout, List<OptionalInt> solutions) {
        List<List<Response>> responses = new ArrayList<>();
        solutions.forEach(_ -> responses.add(new ArrayList<>()));
        rollout.responses().forEach(response -> responses.get(response.group()).add(response));
        return IntStream.range(0, responses.size()).mapToObj(i -> Group.of(responses.get(i), solutions.get(i)))
                .toList();
    }

    /// The figures by their names in the log, where `sampled/`, `evaluation/` or `held_out/` stands before them.
    ///
    /// @param groups at least one, all of one size
    public static Map<String, Double> values(List<Group> groups) {
        int samples = groups.getFirst().samples();
        Map<String, Double> values = new TreeMap<>();
        values.put("avg@" + samples, mean(groups, group -> (double) group.correct() / samples));
        values.put("distinct_correct", mean(groups, Group::distinctCorrect));
        values.put("distinct_solutions", mean(groups, group -> group.found().size()));
        for (int k : IntStream.concat(SIZES.stream().mapToInt(size -> size).filter(size -> size < samples),
                IntStream.of(samples)).toArray()) {
            values.put("pass@" + k, mean(groups, group -> group.passAt(k)));
            groups.stream().flatMapToDouble(group -> group.coverageAt(k).stream()).average()
                    .ifPresent(coverage -> values.put("coverage@" + k, coverage));
        }
        return values;
    }

    private static double mean(List<Group> groups, ToDoubleFunction<Group> figure) {
        return groups.stream().mapToDouble(figure).average().orElseThrow();
    }

    /// 1 − C(n − c, k) / C(n, k) = 1 − Π_{i = n−c+1 … n} (1 − k / i); 1 where n − c < k.
    private static double chance(int samples, int correct, int k) {
        if (samples - correct < k) {
            return 1;
        }
        double missed = 1;
        for (int i = samples - correct + 1; i <= samples; i++) {
            missed *= 1 - (double) k / i;
        }
        return 1 - missed;
    }
}
