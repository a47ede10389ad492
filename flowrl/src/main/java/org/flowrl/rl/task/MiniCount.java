package org.flowrl.rl.task;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.flowrl.rl.task.Expression.Operator;
import org.flowrl.tensor.RandomKey;
import org.flowrl.transformer.text.Tokenizer;

/// Countdown with three different digits: reach the target with each digit once, by `+`, `-` and `*` evaluated from
/// left to right.
///
/// ```
/// prompt  <bos>23424<sep>  (24 from 2, 3 and 4)      answer  4*2*3<eos>      reward 1, or 0
/// ```
/// There are 84 sets of digits, 3! · 3² = 54 expressions of each, and 1,185 pairs of digits and a target of 1 … 99 that
/// some expression reaches. The questions are the 386 that at least four expressions reach (4.93 on average, 12 at the
/// most; a random expression hits with probability 0.0913), 77 of them held out.
///
/// Two expressions with the same {@link Expression canonical form} are one solution: 315 questions have one, 40 two, 29
/// three and 2 four.
public final class MiniCount implements Task {
    /// Fewest expressions that reach the target of a question.
    private static final int LEAST_ANSWERS = 4;
    private static final int MOST_TARGET = 99;
    private static final int HELD_OUT_DIVISOR = 5;
    private static final int[][] ORDERS = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    private static final List<Operator> OPERATORS = List.of(Operator.ADD, Operator.SUBTRACT, Operator.MULTIPLY);
    private static final AnswerForm.Place DIGIT = new AnswerForm.Place("0123456789", "a digit");
    private static final AnswerForm.Place OPERATOR = new AnswerForm.Place("+-*", "+, - or *");
    private static final AnswerForm FORM = new AnswerForm(List.of(DIGIT, OPERATOR, DIGIT, OPERATOR, DIGIT));
    /// Decides which questions are held out.
    private static final RandomKey SPLIT = RandomKey.of(77).fold("minicount");

    private final Tokenizer tokenizer = Alphabet.tokenizer(Alphabet.symbols("0123456789+-*"));
    private final List<Problem> problems;
    private final List<Problem> heldOut;

    /// The task; its questions are always the same.
    public MiniCount() {
        List<Problem> all = questions();
        int[] order = SPLIT.permutation(all.size());
        int held = all.size() / HELD_OUT_DIVISOR;
        this.heldOut = chosen(all, Arrays.copyOf(order, held));
        this.problems = chosen(all, Arrays.copyOfRange(order, held, order.length));
    }

    @Override
    public String name() {
        return "minicount";
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
    public List<Problem> heldOutProblems() {
        return heldOut;
    }

    @Override
    public int maxResponseTokens() {
        return FORM.tokens();
    }

    /// Reward 1 for an expression of the three digits that has the target's value, its solution being the canonical
    /// form; 0 for any other response. What is not digit, operator, digit, operator, digit is {@link
    /// Verdict.Unparsable}; other digits than the question's are {@link Verdict.Wrong}.
    @Override
    public Verifier verifier() {
        return (problem, response, finished) -> FORM.malformed(response, finished)
                .orElseGet(() -> verify(problem, response));
    }

    /// A uniformly random one of the 54 expressions.
    @Override
    public Optional<RandomAnswers> randomAnswers() {
        return Optional.of((problem, key) -> {
            List<String> expressions = expressions(digits(problem));
            return expressions.get(key.nextInt(0, expressions.size()));
        });
    }

    /// The 54 expressions of the question's digits.
    @Override
    public Optional<Enumeration> enumeration() {
        return Optional.of(problem -> expressions(digits(problem)));
    }

    private static Verdict verify(Problem problem, String answer) {
        Expression expression = expression(answer);
        boolean usesEachOnce = expression.numbers().stream().sorted().toList()
                .equals(Arrays.stream(digits(problem)).boxed().toList());
        return usesEachOnce && expression.value().orElseThrow().equalsWhole(target(problem))
                ? new Verdict.Correct(1, expression.canonical()) : new Verdict.Wrong(0);
    }

    /// The expression that a well-formed answer is, evaluated from left to right.
    private static Expression expression(String answer) {
        Expression left = new Expression.Number(answer.charAt(0) - '0');
        for (int i = 1; i < FORM.length(); i += 2) {
            left = new Expression.Operation(Operator.of(answer.charAt(i)).orElseThrow(), left,
                    new Expression.Number(answer.charAt(i + 1) - '0'));
        }
        return left;
    }

    private static List<Problem> questions() {
        List<Problem> questions = new ArrayList<>();
        for (int a = 1; a <= 9; a++) {
            for (int b = a + 1; b <= 9; b++) {
                for (int c = b + 1; c <= 9; c++) {
                    addQuestions(new int[] {a, b, c}, questions);
                }
            }
        }
        return questions;
    }

    private static void addQuestions(int[] digits, List<Problem> questions) {
        Map<Integer, Integer> reached = new HashMap<>();
        for (String answer : expressions(digits)) {
            // Without division every value is whole.
            reached.merge(expression(answer).value().orElseThrow().numerator().intValueExact(), 1, Integer::sum);
        }
        IntStream.rangeClosed(1, MOST_TARGET).filter(target -> reached.getOrDefault(target, 0) >= LEAST_ANSWERS)
                .forEach(target -> questions.add(question(digits, target)));
    }

    /// The prompt has the target in two digits; the answer holds digits and target, all that the verifier needs.
    private static Problem question(int[] digits, int target) {
        String numbers = "" + digits[0] + digits[1] + digits[2];
        return new Problem("minicount-" + numbers + "-" + target,
                Alphabet.prompt(numbers + target / 10 + target % 10), numbers + target);
    }

    private static int[] digits(Problem problem) {
        return IntStream.range(0, 3).map(i -> problem.answer().charAt(i) - '0').toArray();
    }

    private static int target(Problem problem) {
        return Integer.parseInt(problem.answer().substring(3));
    }

    private static List<String> expressions(int[] digits) {
        List<String> expressions = new ArrayList<>();
        for (int[] order : ORDERS) {
            for (Operator first : OPERATORS) {
                for (Operator second : OPERATORS) {
                    expressions.add("" + digits[order[0]] + first.symbol() + digits[order[1]] + second.symbol()
                            + digits[order[2]]);
                }
            }
        }
        return expressions;
    }

    private static List<Problem> chosen(List<Problem> all, int[] indices) {
        Arrays.sort(indices);
        return Arrays.stream(indices).mapToObj(all::get).toList();
    }
}
