package org.flowrl.rl.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.flowrl.rl.grade.Grader;
import org.flowrl.rl.task.Verdict;

/// What the samples of one problem say of a model.
public final class SampleMetrics {
    private SampleMetrics() {
    }

    /// The probability that at least one of `k` samples is right, estimated without bias from `n` of which `c` are
    /// (Chen et al. 2021, "Evaluating Large Language Models Trained on Code", equation 1):
    /// ```
    /// pass@k = 1 − C(n − c, k) / C(n, k) = 1 − Π (n − c − i) / (n − i)      i = 0 … k − 1
    /// ```
    ///
    /// @throws IllegalArgumentException unless 0 ≤ c ≤ n and 1 ≤ k ≤ n
    public static double passAt(int k, int n, int c) {
        if (c < 0 || c > n || k < 1 || k > n) {
            throw new IllegalArgumentException("pass@k: k " + k + " must be in 1 … n, and c " + c + " in 0 … n, of n "
                    + n);
        }
        double allWrong = 1;
        for (int i = 0; i < k; i++) {
            allWrong *= Math.max(0, n - c - i) / (double) (n - i);
        }
        return 1 - allWrong;
    }

    /// The share of right samples (avg@k).
    public static double average(List<GradedAnswer> samples) {
        return samples.stream().filter(GradedAnswer::isCorrect).count() / (double) samples.size();
    }

    /// Whether the answer that most samples give is right (maj@k): answers are one where the grader says that they are
    /// equal; of equally frequent ones the earliest counts. Samples without an answer do not vote.
    public static boolean majority(List<GradedAnswer> samples, Grader grader) {
        List<List<GradedAnswer>> votes = new ArrayList<>();
        for (GradedAnswer sample : samples) {
            if (sample.answer().isPresent()) {
                votes.stream().filter(vote -> isSame(vote.getFirst(), sample, grader)).findFirst()
                        .orElseGet(() -> add(votes)).add(sample);
            }
        }
        Optional<List<GradedAnswer>> winner = votes.stream().reduce((first, second) ->
                second.size() > first.size() ? second : first);
        return winner.map(vote -> vote.getFirst().isCorrect()).orElse(false);
    }

    private static List<GradedAnswer> add(List<List<GradedAnswer>> votes) {
        votes.add(new ArrayList<>());
        return votes.getLast();
    }

    private static boolean isSame(GradedAnswer first, GradedAnswer second, Grader grader) {
        return first.answer().equals(second.answer()) || grader.compare(first.answer().orElseThrow(),
                second.answer().orElseThrow()) instanceof Verdict.Correct;
    }
}
