package org.flowrl.rl.eval;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/// How different the responses to one problem are, measured without a judge. **Not comparable with the scores of a
/// judge**, such as the paper's: what is compared here are words, not methods.
///
/// Responses whose {@link Steps} are at least {@link #SAME_APPROACH} alike share an approach, and so do those that a
/// chain of such pairs joins. The score is the paper's rubric on the largest approach, its thresholds of 14, 11, 7 and
/// 4 of 16 scaled to k responses.
///
/// @param score 1 (nearly all share an approach) to 5 (none is frequent)
/// @param approaches how many approaches there are
/// @param distinctBigrams different pairs of neighbouring words as a share of all of them (distinct-2)
/// @param editDistance mean distance of two responses, in steps to be changed, as a share: 0 to 1
public record Diversity(double score, double approaches, double distinctBigrams, double editDistance) {
    /// From which similarity on two responses share an approach.
    static final double SAME_APPROACH = 0.6;
    private static final int RUBRIC_SAMPLES = 16;
    /// Least sizes of the largest approach, of 16 responses, for the scores 1, 2, 3 and 4.
    private static final int[] RUBRIC = {14, 11, 7, 4};

    /// The diversity of the responses to one problem; at least one.
    public static Diversity of(List<String> responses) {
        List<Steps> steps = responses.stream().map(Steps::of).toList();
        int[] approach = IntStream.range(0, steps.size()).toArray();
        double distances = 0;
        int pairs = 0;
        for (int i = 0; i < steps.size(); i++) {
            for (int j = 0; j < i; j++) {
                double distance = steps.get(i).distance(steps.get(j));
                distances += distance;
                pairs++;
                if (1 - distance >= SAME_APPROACH) {
                    join(approach, approach[i], approach[j]);
                }
            }
        }
        int largest = IntStream.range(0, approach.length).map(of -> (int) IntStream.of(approach)
                .filter(other -> other == of).count()).max().orElseThrow();
        return new Diversity(score(largest, responses.size()), IntStream.of(approach).distinct().count(),
                distinct(responses, 2), pairs == 0 ? 0 : distances / pairs);
    }

    private static void join(int[] approach, int from, int to) {
        for (int i = 0; i < approach.length; i++) {
            approach[i] = approach[i] == from ? to : approach[i];
        }
    }

    /// The paper's rubric: 1 where at least 14/16 of the responses share an approach, 2 from 11/16 on, 3 from 7/16, 4
    /// from 4/16, otherwise 5.
    static int score(int largest, int responses) {
        for (int i = 0; i < RUBRIC.length; i++) {
            if (largest * RUBRIC_SAMPLES >= RUBRIC[i] * responses) {
                return i + 1;
            }
        }
        return RUBRIC.length + 1;
    }

    /// Different runs of `n` words as a share of all of them, over all responses (Li et al. 2016); 0 where there are
    /// none.
    static double distinct(List<String> responses, int n) {
        Set<List<String>> different = new HashSet<>();
        long all = 0;
        for (String response : responses) {
            List<String> words = List.of(response.strip().split("\\s+"));
            for (int i = 0; i + n <= words.size(); i++) {
                different.add(words.subList(i, i + n));
                all++;
            }
        }
        return all == 0 ? 0 : different.size() / (double) all;
    }

    /// The mean of each figure.
    static Diversity mean(List<Diversity> problems) {
        return new Diversity(problems.stream().mapToDouble(Diversity::score).average().orElseThrow(),
                problems.stream().mapToDouble(Diversity::approaches).average().orElseThrow(),
                problems.stream().mapToDouble(Diversity::distinctBigrams).average().orElseThrow(),
                problems.stream().mapToDouble(Diversity::editDistance).average().orElseThrow());
    }
}
