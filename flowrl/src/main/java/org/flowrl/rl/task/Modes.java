package org.flowrl.rl.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.flowrl.tensor.RandomKey;
import org.flowrl.transformer.text.Tokenizer;

/// Planted peaks: the reward of a string of six letters a … d falls with its distance from four hidden strings, so the
/// distribution that a policy should reach is uneven, and known exactly.
///
/// ```
/// prompt  <bos>2<sep>  (question 2)      answer  abddca<eos>
/// reward  max over peaks j of  height_j · 0.6^(number of letters that differ from peak j)
/// ```
/// Heights are 1, 1, 0.8 and 0.6. The two tallest peaks differ in all six letters, the others in at least four from
/// every peak, so a policy must keep strings that have nothing in common. A response that is one of the peaks is
/// {@link Verdict.Correct}; another string of six letters is {@link Verdict.Wrong} with its part of the reward.
///
/// The figures of interest are the probabilities of each peak and of the `ball` around it, the peak and the 18 strings
/// that differ from it in one letter.
public final class Modes implements Task {
    /// Questions where nothing else is asked for.
    public static final int DEFAULT_QUESTIONS = 4;

    private static final int MOST_QUESTIONS = 10;
    private static final int LENGTH = 6;
    private static final String LETTERS = "abcd";
    /// Factor on the reward for each letter that differs.
    private static final double DECAY = 0.6;
    private static final double[] HEIGHTS = {1, 1, 0.8, 0.6};
    private static final int LEAST_DISTANCE = 4;
    private static final AnswerForm FORM = AnswerForm.of(LENGTH, LETTERS, "a … d");
    private static final RandomKey PLANTED = RandomKey.of(6).fold("modes");

    private final String name;
    private final Tokenizer tokenizer;
    private final List<Problem> problems;
    private final List<String> strings = IntStream.range(0, 1 << 2 * LENGTH).mapToObj(Modes::string).toList();

    /// @param questions 1 … 10, each with peaks of its own
    public Modes(int questions) {
        if (questions < 1 || questions > MOST_QUESTIONS) {
            throw new IllegalArgumentException("modes: questions " + questions + " must be in 1 … " + MOST_QUESTIONS);
        }
        this.name = questions == DEFAULT_QUESTIONS ? "modes" : "modes-" + questions;
        this.tokenizer = Alphabet.tokenizer(Alphabet.symbols("0123456789".substring(0, questions) + LETTERS));
        this.problems = IntStream.range(0, questions).mapToObj(Modes::problem).toList();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Optional<Tokenizer> tokenizer() {
        return Optional.of(tokenizer);
    }

    @Override
    public List<Problem> problems() {
        return problems;
    }

    @Override
    public int maxResponseTokens() {
        return FORM.tokens();
    }

    @Override
    public Verifier verifier() {
        return (problem, response, finished) -> FORM.malformed(response, finished)
                .orElseGet(() -> verify(problem, response));
    }

    /// A uniformly random string.
    @Override
    public Optional<RandomAnswers> randomAnswers() {
        return Optional.of((problem, key) -> strings.get(key.nextInt(0, strings.size())));
    }

    /// All 4,096 strings in alphabetical order; regions `peak` and `ball`, 1 … 4 from the tallest down.
    @Override
    public Optional<Enumeration> enumeration() {
        return Optional.of(new Enumeration() {
            @Override
            public List<String> answers(Problem problem) {
                return strings;
            }

            @Override
            public List<Region> regions(Problem problem) {
                List<String> peaks = peaks(problem);
                List<Region> regions = new ArrayList<>();
                for (int i = 0; i < peaks.size(); i++) {
                    String peak = peaks.get(i);
                    regions.add(new Region("ball", i + 1, answer -> distance(answer, peak) <= 1));
                    regions.add(new Region("peak", i + 1, peak::equals));
                }
                return regions;
            }
        });
    }

    private static Verdict verify(Problem problem, String response) {
        List<String> peaks = peaks(problem);
        double reward = 0;
        for (int i = 0; i < peaks.size(); i++) {
            reward = Math.max(reward, HEIGHTS[i] * Math.pow(DECAY, distance(response, peaks.get(i))));
        }
        return peaks.contains(response) ? new Verdict.Correct(reward) : new Verdict.Wrong(reward);
    }

    /// A problem's answer is its peaks, from the tallest down.
    private static List<String> peaks(Problem problem) {
        return List.of(problem.answer().split(" "));
    }

    private static Problem problem(int question) {
        return new Problem("modes-" + question, Alphabet.prompt(Integer.toString(question)),
                String.join(" ", planted(PLANTED.fold(question))));
    }

    /// Draws strings until each keeps its distance.
    private static List<String> planted(RandomKey key) {
        List<String> peaks = new ArrayList<>();
        for (int draw = 0; peaks.size() < HEIGHTS.length; draw++) {
            String candidate = string(key.nextInt(draw, 1 << 2 * LENGTH));
            int least = peaks.size() == 1 ? LENGTH : LEAST_DISTANCE;
            if (peaks.stream().allMatch(peak -> distance(candidate, peak) >= least)) {
                peaks.add(candidate);
            }
        }
        return peaks;
    }

    private static int distance(String a, String b) {
        int distance = 0;
        for (int i = 0; i < LENGTH; i++) {
            distance += a.charAt(i) == b.charAt(i) ? 0 : 1;
        }
        return distance;
    }

    /// The string whose i-th letter is the i-th pair of bits from the top.
    private static String string(int bits) {
        StringBuilder string = new StringBuilder(LENGTH);
        for (int i = LENGTH - 1; i >= 0; i--) {
            string.append(LETTERS.charAt(bits >> 2 * i & 3));
        }
        return string.toString();
    }
}
