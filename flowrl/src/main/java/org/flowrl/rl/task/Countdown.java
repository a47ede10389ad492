package org.flowrl.rl.task;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.flowrl.rl.task.Expression.Operator;
import org.flowrl.tensor.RandomKey;
import org.flowrl.transformer.text.Tokenizer;

/// Countdown with three or four numbers of 1 … 99, as in TinyZero (Jiayi-Pan/TinyZero, examples/data_preprocess/
/// countdown.py): reach the target with each number exactly once, by `+`, `-`, `*`, `/` and parentheses.
///
/// A response holds `<answer>` expression `</answer>`; the last such pair counts, whatever stands before or after it.
/// Reward 1 where the expression has exactly the target's value, 0.1 where there are tags without such an expression,
/// 0 where there are none, which are TinyZero's rewards (verl/utils/reward_score/countdown.py).
///
/// Two languages, one set of questions:
/// - {@link #asText} asks in English for a model folder that speaks it: a conversation between a user and an assistant
///   who thinks within `<think>` tags, which the prompt opens;
/// - {@link #compact} asks a new, tiny model in one token a symbol: `<bos>3 8 44=98<sep>`, `<answer>8*3+44…</answer>`.
///
/// Departures from TinyZero: questions are drawn here from a fixed key and every one is solvable; prompts say the same
/// in other words; values are exact fractions (there within 1e-5); numbers are joined by the four operators alone
/// (there Python evaluates signs, `**`, `//` and decimal points too); tags count wherever they are (there in the
/// last line only).
public final class Countdown implements Task {
    /// Reward of tags that hold no correct expression.
    public static final double FORMAT_REWARD = 0.1;

    private static final int QUESTIONS = 1000;
    private static final int HELD_OUT = 100;
    private static final int MOST_NUMBER = 99;
    private static final int LEAST_TARGET = 10;
    private static final int MOST_TARGET = 99;
    private static final int LEAST_NUMBERS = 3;
    private static final int MOST_NUMBERS = 4;
    private static final String OPEN = "<answer>";
    private static final String CLOSE = "</answer>";
    /// Two tags, 4 numbers of 2 digits, 3 operators, 2 pairs of parentheses, the end token, and 2 to spare.
    private static final int COMPACT_TOKENS = 20;
    /// As in TinyZero's scripts.
    private static final int TEXT_TOKENS = 1024;
    private static final RandomKey DRAWN = RandomKey.of(98).fold("countdown");

    private final Optional<Tokenizer> tokenizer;
    private final List<Problem> problems;
    private final List<Problem> heldOut;
    private final Map<String, Integer> solutions = new ConcurrentHashMap<>();

    private Countdown(boolean isCompact) {
        this.tokenizer = isCompact ? Optional.of(compactTokenizer()) : Optional.empty();
        List<Puzzle> puzzles = puzzles();
        List<Problem> all = puzzles.stream().map(puzzle -> puzzle.problem(isCompact)).toList();
        this.heldOut = all.subList(0, HELD_OUT);
        this.problems = all.subList(HELD_OUT, all.size());
    }

    /// The task in one token a symbol, for a new model.
    public static Countdown compact() {
        return new Countdown(true);
    }

    /// The task in English, for any tokenizer.
    public static Countdown asText() {
        return new Countdown(false);
    }

    /// Numbers and the target that they are to reach.
    private record Puzzle(List<Integer> numbers, int target) {
        /// As {@link Problem#answer} has it: `3 8 44=98`.
        String text() {
            return numbers.stream().map(Object::toString).collect(Collectors.joining(" ")) + "=" + target;
        }

        static Puzzle of(Problem problem) {
            String[] sides = problem.answer().split("=");
            return new Puzzle(List.of(sides[0].split(" ")).stream().map(Integer::valueOf).toList(),
                    Integer.parseInt(sides[1]));
        }

        Problem problem(boolean isCompact) {
            String id = "countdown-" + text().replace(' ', '-').replace('=', '-');
            return new Problem(id, isCompact ? Alphabet.prompt(text()) : english(), text());
        }

        private String english() {
            return String.format(Locale.ROOT, """
                    This is a conversation between a user and an assistant. The assistant first thinks about the \
                    question and then gives the answer.
                    User: Write an equation that gives %d, using each of the numbers %s exactly once. You may use \
                    addition, subtraction, multiplication and division (+, -, *, /) and parentheses. Show your \
                    thoughts within <think> </think> tags and then the expression alone within <answer> </answer> \
                    tags, for example <answer>(1 + 2) / 3</answer>.
                    Assistant: I will solve this one step at a time.
                    <think>""", target, numbers);
        }
    }

    @Override
    public String name() {
        return "countdown";
    }

    /// What not to hope for. Measured with the preset of a new model, 1,000 steps of 256 samples at the rates 3e-4 and
    /// 1e-3, seed 1: 2 of 256 samples were right before, 1 after; of held-out questions 6 and then 7 or 8.
    @Override
    public List<String> notes() {
        return tokenizer.isEmpty() ? List.of() : List.of("countdown: about 1 in 100 answers of a new model is right, "
                + "too few to learn from in 1,000 steps; preset countdown-text asks a pretrained model in English");
    }

    @Override
    public Optional<Tokenizer> tokenizer() {
        return tokenizer;
    }

    @Override
    public List<Problem> problems() {
        return problems;
    }

    @Override
    public List<Problem> heldOutProblems() {
        return heldOut;
    }

    @Override
    public int maxResponseTokens() {
        return tokenizer.isPresent() ? COMPACT_TOKENS : TEXT_TOKENS;
    }

    /// Judges the last pair of tags; a correct expression's solution is its canonical form. A response that was cut at
    /// the length limit counts as far as it got.
    @Override
    public Verifier verifier() {
        return (problem, response, finished) -> verify(Puzzle.of(problem), response);
    }

    /// For a new model: the numbers in a random order, joined by random operators with random parentheses.
    @Override
    public Optional<RandomAnswers> randomAnswers() {
        return tokenizer.map(own -> (problem, key) ->
                OPEN + random(Puzzle.of(problem).numbers(), key).text() + CLOSE);
    }

    /// Counted by joining solutions of smaller sets of numbers, for each problem when it is first asked for.
    @Override
    public OptionalInt solutions(Problem problem) {
        return OptionalInt.of(solutions.computeIfAbsent(problem.id(), id -> {
            Puzzle puzzle = Puzzle.of(problem);
            return (int) ExpressionSet.of(puzzle.numbers()).stream()
                    .filter(expression -> reaches(expression, puzzle.target())).count();
        }));
    }

    private static Verdict verify(Puzzle puzzle, String response) {
        Optional<String> tagged = tagged(response);
        if (tagged.isEmpty()) {
            return new Verdict.Unparsable(0, "no <answer> … </answer>");
        }
        Expression expression;
        try {
            expression = ExpressionParser.parse(tagged.get());
        } catch (ExpressionParser.Malformed e) {
            return new Verdict.Unparsable(FORMAT_REWARD, e.getMessage());
        }
        boolean usesEachOnce = expression.numbers().stream().sorted().toList()
                .equals(puzzle.numbers().stream().sorted().toList());
        return usesEachOnce && reaches(expression, puzzle.target())
                ? new Verdict.Correct(1, expression.canonical()) : new Verdict.Wrong(FORMAT_REWARD);
    }

    private static boolean reaches(Expression expression, int target) {
        return expression.value().map(value -> value.equalsWhole(target)).orElse(false);
    }

    /// What stands within the last pair of tags.
    private static Optional<String> tagged(String response) {
        int close = response.lastIndexOf(CLOSE);
        int open = close < 0 ? -1 : response.lastIndexOf(OPEN, close);
        return open < 0 ? Optional.empty() : Optional.of(response.substring(open + OPEN.length(), close));
    }

    /// Different puzzles, the target of each being the value of a random expression of its numbers.
    private static List<Puzzle> puzzles() {
        Map<String, Puzzle> puzzles = new LinkedHashMap<>();
        for (int draw = 0; puzzles.size() < QUESTIONS + HELD_OUT; draw++) {
            RandomKey key = DRAWN.fold(draw);
            int count = LEAST_NUMBERS + key.nextInt(0, MOST_NUMBERS - LEAST_NUMBERS + 1);
            List<Integer> numbers = IntStream.rangeClosed(1, count)
                    .mapToObj(i -> 1 + key.nextInt(i, MOST_NUMBER)).toList();
            Expression expression = random(numbers, key.fold("target"));
            IntStream.rangeClosed(LEAST_TARGET, MOST_TARGET).filter(target -> reaches(expression, target)).findFirst()
                    .ifPresent(target -> {
                        Puzzle puzzle = new Puzzle(numbers, target);
                        puzzles.putIfAbsent(puzzle.text(), puzzle);
                    });
        }
        return List.copyOf(puzzles.values());
    }

    /// Joins two random ones of the expressions that are left until one is.
    private static Expression random(List<Integer> numbers, RandomKey key) {
        List<Expression> left = new ArrayList<>();
        numbers.forEach(number -> left.add(new Expression.Number(number)));
        for (int draw = 0; left.size() > 1; draw += 3) {
            Expression a = left.remove(key.nextInt(draw, left.size()));
            Expression b = left.remove(key.nextInt(draw + 1, left.size()));
            Operator operator = Operator.values()[key.nextInt(draw + 2, Operator.values().length)];
            left.add(new Expression.Operation(operator, a, b));
        }
        return left.getFirst();
    }

    private static Tokenizer compactTokenizer() {
        return Alphabet.tokenizer(Alphabet.symbols("0123456789+-*/() ="), OPEN, CLOSE);
    }
}
