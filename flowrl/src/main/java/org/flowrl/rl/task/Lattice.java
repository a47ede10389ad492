package org.flowrl.rl.task;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.flowrl.transformer.text.Tokenizer;

/// Monotone paths on a grid: given counts a and b with a + b = L, answer with L symbols of which exactly a are `R`
/// (right) and b are `U` (up). Every order is right, so a prompt has L! / (a! · b!) correct answers of equal length,
/// and a policy that keeps only some of them has lost diversity that can be counted.
///
/// ```
/// prompt  <bos>35<sep>          answer  RURUURUU<eos>          reward 1, or 0
/// ```
/// Prompts have a = 2 … L−2, counts being hexadecimal digits. For L = 8 there are 28, 56, 70, 56 and 28 correct answers
/// among 256 well-formed ones.
public final class Lattice implements Task {
    /// L where nothing else is asked for.
    public static final int DEFAULT_LENGTH = 8;

    /// Least a and least b.
    private static final int LEAST_COUNT = 2;
    /// Beyond it the 2^L well-formed answers are too many to list.
    private static final int MAX_LENGTH = 16;
    private static final int COUNT_RADIX = 16;

    private final Paths paths;
    private final Tokenizer tokenizer;
    private final List<Problem> problems;

    /// @param length L, symbols in an answer: 4 … 16
    public Lattice(int length) {
        if (length < 2 * LEAST_COUNT || length > MAX_LENGTH) {
            throw new IllegalArgumentException("lattice: length " + length + " must be in " + 2 * LEAST_COUNT + " … "
                    + MAX_LENGTH);
        }
        this.paths = new Paths(length);
        int most = length - LEAST_COUNT;
        this.tokenizer = Alphabet.tokenizer(symbols(most));
        this.problems = IntStream.rangeClosed(LEAST_COUNT, most).mapToObj(this::problem).toList();
    }

    @Override
    public String name() {
        return paths.form().length() == DEFAULT_LENGTH ? "lattice" : "lattice-" + paths.form().length();
    }

    @Override
    public Optional<Tokenizer> tokenizer() {
        return Optional.of(tokenizer);
    }

    @Override
    public List<Problem> problems() {
        return problems;
    }

    /// Reward 1 for a path with the prompt's counts, 0 for any other response. What is not exactly L symbols `R` or
    /// `U`, or was cut at the length limit, is {@link Verdict.Unparsable}.
    @Override
    public Verifier verifier() {
        return (problem, response, finished) -> paths.form().malformed(response, finished).orElseGet(() ->
                paths.rights(response) == Integer.parseInt(problem.answer()) ? new Verdict.Correct(1)
                        : new Verdict.Wrong(0));
    }

    @Override
    public int maxResponseTokens() {
        return paths.form().tokens();
    }

    /// L fair coins.
    @Override
    public Optional<RandomAnswers> randomAnswers() {
        return Optional.of((problem, key) -> paths.random(key));
    }

    /// All 2^L strings of `R` and `U`, in alphabetical order.
    @Override
    public Optional<Enumeration> enumeration() {
        return Optional.of(problem -> paths.all());
    }

    /// The question with `rights` steps to the right; its answer is their number.
    private Problem problem(int rights) {
        int ups = paths.form().length() - rights;
        return new Problem("lattice-" + rights + "-" + ups, Alphabet.prompt(digit(rights) + digit(ups)),
                Integer.toString(rights));
    }

    private static List<String> symbols(int mostCount) {
        List<String> symbols = new ArrayList<>();
        for (int count = LEAST_COUNT; count <= mostCount; count++) {
            symbols.add(digit(count));
        }
        symbols.add(String.valueOf(Paths.RIGHT));
        symbols.add(String.valueOf(Paths.UP));
        return symbols;
    }

    private static String digit(int count) {
        return Integer.toString(count, COUNT_RADIX);
    }
}
