package org.flowrl.rl.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.flowrl.rl.grade.Grader;

/// Means over the problems of a benchmark.
///
/// @param problems how many
/// @param samples of each
/// @param average avg@k
/// @param pass pass@1, pass@2, pass@4 … by k, without bias
/// @param majority maj@k
/// @param verdicts how many responses have each kind of verdict
/// @param truncated share of responses that were cut at the length limit
/// @param meanTokens mean length of a response
/// @param diversity how different the responses of a problem are
public record EvaluationReport(int problems, int samples, double average, Map<Integer, Double> pass, double majority,
        Map<String, Long> verdicts, double truncated, double meanTokens, Diversity diversity) {
    /// The report on all samples of all problems.
    ///
    /// @param groups the samples of each problem; at least one problem, and equally many samples of each
    public static EvaluationReport of(List<List<GradedAnswer>> groups, Grader grader) {
        int samples = groups.getFirst().size();
        Map<Integer, Double> pass = new LinkedHashMap<>();
        for (int k : ks(samples)) {
            pass.put(k, groups.stream().mapToDouble(group -> SampleMetrics.passAt(k, samples,
                    (int) group.stream().filter(GradedAnswer::isCorrect).count())).average().orElseThrow());
        }
        List<GradedAnswer> all = groups.stream().flatMap(List::stream).toList();
        return new EvaluationReport(groups.size(), samples,
                groups.stream().mapToDouble(SampleMetrics::average).average().orElseThrow(), pass,
                groups.stream().mapToDouble(group -> SampleMetrics.majority(group, grader) ? 1 : 0).average()
                        .orElseThrow(),
                all.stream().collect(Collectors.groupingBy(answer -> answer.verdict().kind(), TreeMap::new,
                        Collectors.counting())),
                all.stream().filter(answer -> !answer.finished()).count() / (double) all.size(),
                all.stream().mapToInt(GradedAnswer::tokens).average().orElseThrow(),
                Diversity.mean(groups.stream().map(group -> Diversity.of(group.stream().map(GradedAnswer::response)
                        .toList())).toList()));
    }

    /// 1, 2, 4 … and the number of samples itself.
    private static List<Integer> ks(int samples) {
        List<Integer> ks = new ArrayList<>(IntStream.iterate(1, k -> k < samples, k -> 2 * k).boxed().toList());
        ks.add(samples);
        return ks;
    }
}
