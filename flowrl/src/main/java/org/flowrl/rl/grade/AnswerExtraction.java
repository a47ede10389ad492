package org.flowrl.rl.grade;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Finds where a response states its answer, by the order of preference that Math-Verify documents: a formula after
/// "final answer is" that "I hope" follows; one after "final answer is", or in a box; one after "answer:"; one after
/// "answer"; any. Within a rank the last counts first.
final class AnswerExtraction {
    /// What may be an answer.
    enum Target {
        /// Formulas between TeX's delimiters, in boxes, and lone fractions.
        LATEX,
        /// Numbers and sums of numbers without delimiters.
        EXPR
    }

    /// A place that may hold the answer.
    ///
    /// @param text the formula, without delimiters; several are separated by commas
    /// @param percent whether it is a percentage
    /// @param start first character, delimiters and what must stand before it included
    /// @param end one after the last character
    record Candidate(String text, boolean percent, int start, int end) {
    }

    private static final int FINAL_ANSWER_REACH = 100;
    private static final int ANSWER_REACH = 50;
    private static final int EQUALS_REACH = 100;
    /// Right-most first; of two that end together the one that starts first.
    private static final Comparator<Candidate> PREFERENCE = Comparator.comparingInt(Candidate::end).reversed()
            .thenComparingInt(Candidate::start);
    private static final Pattern FINAL_ANSWER = Pattern.compile("(?i)final answer");
    private static final Pattern ANSWER = Pattern.compile("(?i)answer");
    private static final Pattern IS = Pattern.compile("\\s+is:?");
    private static final Pattern HOPE = Pattern.compile("\\.?\\s?I hope");
    private static final Pattern EQUALS_AFTER = Pattern.compile("\\s*=");

    private final String text;
    private final List<Candidate> formulas;
    private final List<Candidate> boxes;
    private final List<Candidate> numbers;

    private AnswerExtraction(String text, Set<Target> targets) {
        this.text = text;
        boolean latex = targets.contains(Target.LATEX);
        this.formulas = latex ? Formulas.delimited(text) : List.of();
        this.boxes = latex ? Formulas.boxed(text) : List.of();
        this.numbers = targets.contains(Target.EXPR) ? PlainNumbers.in(text) : List.of();
    }

    /// The candidates of each rank, the best rank first and the best candidate first; empty ranks are left out.
    static List<List<Candidate>> ranks(String text, Set<Target> targets) {
        AnswerExtraction extraction = new AnswerExtraction(text, targets);
        List<List<Candidate>> ranks = new ArrayList<>();
        List<Candidate> finals = extraction.afterFinalAnswer();
        ranks.add(finals.stream().filter(candidate -> extraction.at(HOPE, candidate.end())).toList());
        ranks.add(join(finals, extraction.boxes));
        ranks.add(extraction.afterAnswer(true));
        ranks.add(extraction.afterAnswer(false));
        ranks.add(join(extraction.formulas, extraction.numbers));
        return ranks.stream().filter(Predicate.not(List::isEmpty))
                .map(rank -> rank.stream().sorted(PREFERENCE).toList()).toList();
    }

    private static List<Candidate> join(List<Candidate> first, List<Candidate> second) {
        List<Candidate> joined = new ArrayList<>(first);
        joined.addAll(second);
        return joined;
    }

    /// Candidates right after "final answer … is".
    private List<Candidate> afterFinalAnswer() {
        List<Candidate> found = new ArrayList<>();
        Matcher anchor = FINAL_ANSWER.matcher(text);
        while (anchor.find()) {
            Matcher is = IS.matcher(text).region(anchor.end(), Math.min(text.length(),
                    anchor.end() + FINAL_ANSWER_REACH + 4));
            while (is.find()) {
                int place = is.end();
                addAt(found, formulas, afterBlanks(place));
                addAt(found, numbers, place);
            }
        }
        return found;
    }

    private static void addAt(List<Candidate> found, List<Candidate> candidates, int place) {
        int index = firstFrom(candidates, place);
        if (index < candidates.size() && candidates.get(index).start() == place) {
            found.add(candidates.get(index));
        }
    }

    /// The first formula and the number that each "answer" (or "answer:") is followed by.
    private List<Candidate> afterAnswer(boolean colon) {
        List<Candidate> found = new ArrayList<>();
        Matcher anchor = ANSWER.matcher(text);
        while (anchor.find()) {
            int from = anchor.end() + (colon ? 1 : 0);
            if (colon && !text.startsWith(":", anchor.end())) {
                continue;
            }
            int formula = firstFrom(formulas, from);
            if (formula < formulas.size() && formulas.get(formula).start() <= from + ANSWER_REACH) {
                found.add(formulas.get(formula));
            }
            addNumber(found, from);
        }
        return found;
    }

    /// The last number within reach after an equals sign, or the first within a shorter reach; not one that an equals
    /// sign follows.
    private void addNumber(List<Candidate> found, int from) {
        Candidate first = null;
        Candidate equated = null;
        for (int i = firstFrom(numbers, from); i < numbers.size(); i++) {
            Candidate number = numbers.get(i);
            if (number.start() > from + EQUALS_REACH) {
                break;
            }
            if (at(EQUALS_AFTER, number.end())) {
                continue;
            }
            if (first == null && number.start() <= from + ANSWER_REACH) {
                first = number;
            }
            String before = text.substring(from, number.start()).stripTrailing();
            if (before.endsWith("=") || text.charAt(number.start()) == '=') {
                equated = number;
            }
        }
        if (equated != null || first != null) {
            found.add(equated != null ? equated : first);
        }
    }

    private int afterBlanks(int place) {
        int at = place;
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private boolean at(Pattern pattern, int place) {
        return pattern.matcher(text).region(place, text.length()).lookingAt();
    }

    /// Index of the first candidate that starts at a place or later; candidates are in the order of the text.
    private static int firstFrom(List<Candidate> candidates, int place) {
        int low = 0;
        int high = candidates.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (candidates.get(middle).start() < place) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
