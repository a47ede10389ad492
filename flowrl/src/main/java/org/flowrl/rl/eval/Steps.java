package org.flowrl.rl.eval;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A response as a sequence of steps: its sentences and lines, each a set of words in lower case. Numbers are all one
/// word and so are variables of one letter, so that a computation with other figures is the same step.
///
/// @param steps in the order of the response, {@link #MAX_STEPS} at most
record Steps(List<Set<String>> steps) {
    /// Later steps are left out: a comparison costs the product of two lengths.
    private static final int MAX_STEPS = 150;
    private static final Pattern STEP_END = Pattern.compile("\\R+|(?<=[.!?])\\s+");
    private static final Pattern NUMBER = Pattern.compile("\\d+(?:[.,]\\d+)*");
    private static final Pattern NOT_A_WORD = Pattern.compile("[^\\p{L}#+*/=<>^\\\\-]+");

    static Steps of(String response) {
        return new Steps(STEP_END.splitAsStream(response).map(Steps::words).filter(words -> !words.isEmpty())
                .limit(MAX_STEPS).toList());
    }

    private static Set<String> words(String step) {
        String plain = NUMBER.matcher(step.toLowerCase(Locale.ROOT)).replaceAll(" # ");
        return Stream.of(NOT_A_WORD.split(plain)).filter(word -> !word.isEmpty())
                .map(word -> word.length() == 1 && Character.isLetter(word.charAt(0)) ? "x" : word)
                .collect(Collectors.toUnmodifiableSet());
    }

    /// The edit distance of two sequences of steps, as a share of the longer one: adding and leaving out a step cost 1,
    /// changing one costs 1 less the share of words that both have (Jaccard).
    double distance(Steps other) {
        int longer = Math.max(steps.size(), other.steps.size());
        if (longer == 0) {
            return 0;
        }
        double[] last = new double[other.steps.size() + 1];
        for (int j = 0; j < last.length; j++) {
            last[j] = j;
        }
        for (int i = 1; i <= steps.size(); i++) {
            double[] next = new double[last.length];
            next[0] = i;
            for (int j = 1; j < last.length; j++) {
                double changed = last[j - 1] + difference(steps.get(i - 1), other.steps.get(j - 1));
                next[j] = Math.min(changed, 1 + Math.min(last[j], next[j - 1]));
            }
            last = next;
        }
        return last[other.steps.size()] / longer;
    }

    private static double difference(Set<String> left, Set<String> right) {
        long common = left.stream().filter(right::contains).count();
        return 1 - common / (double) (left.size() + right.size() - common);
    }
}
