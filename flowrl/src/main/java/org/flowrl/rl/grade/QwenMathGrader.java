package org.flowrl.rl.grade;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.flowrl.rl.grade.symbolic.Equivalence;
import org.flowrl.rl.grade.symbolic.Expression;
import org.flowrl.rl.grade.symbolic.MathParser;
import org.flowrl.rl.grade.symbolic.StepBudget;
import org.flowrl.rl.task.Verdict;

/// The grader of Qwen2.5-Math's evaluation (`evaluation/grader.py`, `math_equal`): equal texts; numbers within 0.01 %,
/// a hundredth or a hundredfold of the gold answer included; lists and matrices item by item; equations by the
/// differences of their sides; otherwise by meaning, which {@link Equivalence} decides where the original asks SymPy.
/// 1 or 0.
final class QwenMathGrader implements Grader {
    private static final double RELATIVE_TOLERANCE = 1e-4;
    private static final Pattern NUMBER = Pattern.compile("[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?");
    private static final Pattern CHOICE = Pattern.compile("\\b([A-E])\\b");
    private static final Pattern LIST = Pattern.compile("[(\\[].+[)\\]].*", Pattern.DOTALL);
    private static final List<String> MATRICES = List.of("pmatrix", "bmatrix");
    private static final Rewards REWARDS = Rewards.ONE_OR_ZERO;

    private final GraderOptions options;

    QwenMathGrader(GraderOptions options) {
        this.options = options;
    }

    @Override
    public String name() {
        return "qwen-math";
    }

    @Override
    public Optional<String> answer(String response) {
        return QwenAnswers.answer(response).filter(answer -> answer.length() <= MathParser.MAX_LENGTH)
                .map(QwenAnswers::normalize);
    }

    @Override
    public Verdict grade(String gold, String response) {
        return answer(response).map(answer -> compare(QwenAnswers.normalize(gold), answer))
                .orElseGet(() -> REWARDS.unparsable("no answer found"));
    }

    @Override
    public Verdict compare(String gold, String answer) {
        if (answer.length() > MathParser.MAX_LENGTH) {
            return REWARDS.unparsable("an answer of " + answer.length() + " characters");
        }
        try {
            return REWARDS.of(equal(answer, gold, new StepBudget(options.steps())));
        } catch (StepBudget.Exceeded e) {
            return REWARDS.timedOut(e);
        }
    }

    private boolean equal(String answer, String gold, StepBudget budget) {
        String given = answer.strip();
        String wanted = gold.strip();
        if (given.toLowerCase(Locale.ROOT).equals(wanted.toLowerCase(Locale.ROOT))
                || wanted.matches("[A-E]") && wanted.equals(choice(given))) {
            return true;
        }
        Optional<Double> number = number(given);
        Optional<Double> reference = number(wanted);
        if (number.isPresent() && reference.isPresent() && isNear(number.get(), reference.get())) {
            return true;
        }
        if (given.isEmpty()) {
            return false;
        }
        if (withoutBrackets(given, wanted).equals(withoutBrackets(wanted, given))) {
            return true;
        }
        if (LIST.matcher(given).matches() && LIST.matcher(wanted).matches()) {
            return eachEqual(items(given), items(wanted), budget);
        }
        if (isMatrix(given) && isMatrix(wanted)) {
            return eachEqual(entries(given), entries(wanted), budget);
        }
        String[] sides = given.split("=", -1);
        String[] wantedSides = wanted.split("=", -1);
        if (sides.length == 2 && wantedSides.length == 2) {
            return sameMeaning(given, wanted, budget);
        }
        if (sides.length == 2 && sides[0].strip().length() <= 2 && wantedSides.length == 1) {
            return equal(sides[1], wanted, budget);
        }
        if (wantedSides.length == 2 && wantedSides[0].strip().length() <= 2 && sides.length == 1) {
            return equal(given, wantedSides[1], budget);
        }
        return sameMeaning(given, wanted, budget);
    }

    private boolean sameMeaning(String given, String wanted, StepBudget budget) {
        Optional<Expression> left = MathParser.parse(wanted, budget);
        Optional<Expression> right = MathParser.parse(given, budget);
        return left.isPresent() && right.isPresent()
                && new Equivalence(options.equivalence(), budget).equal(left.get(), right.get());
    }

    private boolean eachEqual(List<String> given, List<String> wanted, StepBudget budget) {
        if (given.size() != wanted.size()) {
            return false;
        }
        for (int i = 0; i < given.size(); i++) {
            if (!equal(given.get(i), wanted.get(i), budget)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isNear(double given, double wanted) {
        for (double reference : new double[] {wanted / 100, wanted, wanted * 100}) {
            if (Math.abs(given - reference) <= RELATIVE_TOLERANCE * Math.max(Math.abs(given), Math.abs(reference))) {
                return true;
            }
        }
        return false;
    }

    /// A decimal number without its commas, or a percentage.
    private static Optional<Double> number(String text) {
        String plain = text.replace(",", "").strip();
        if (plain.length() <= 400 && NUMBER.matcher(plain).matches()) {
            return Optional.of(Double.parseDouble(plain));
        }
        String ratio = plain.replaceFirst("\\\\?%$", "");
        return !ratio.equals(plain) && ratio.length() <= 400 && NUMBER.matcher(ratio).matches()
                ? Optional.of(Double.parseDouble(ratio) / 100) : Optional.empty();
    }

    private static String choice(String text) {
        return CHOICE.matcher(text.toUpperCase(Locale.ROOT)).results().map(match -> match.group(1))
                .reduce((first, second) -> second).orElse("");
    }

    /// The text without braces and parentheses, and without square brackets where `other` has another kind.
    private static String withoutBrackets(String text, String other) {
        boolean otherKind = isWithin("[]", text) && !isWithin("()", other)
                || isWithin("[]", other) && !isWithin("()", text);
        String bare = otherKind ? text.replaceAll("^[\\[\\]()]+|[\\[\\]()]+$", "") : text;
        return bare.replaceAll("[{}()]", "").toLowerCase(Locale.ROOT);
    }

    /// @param brackets an opening and a closing one
    private static boolean isWithin(String brackets, String text) {
        return text.startsWith(brackets.substring(0, 1)) && text.endsWith(brackets.substring(1));
    }

    private static List<String> items(String list) {
        return List.of(list.substring(1, list.length() - 1).split(",", -1));
    }

    private static boolean isMatrix(String text) {
        return MATRICES.stream().anyMatch(kind -> text.startsWith("\\begin{" + kind + "}"))
                && MATRICES.stream().anyMatch(kind -> text.endsWith("\\end{" + kind + "}"));
    }

    /// The entries of a matrix, rows with their number of entries before them so that shapes count.
    private static List<String> entries(String matrix) {
        String body = matrix.substring("\\begin{pmatrix}".length(), matrix.length() - "\\end{pmatrix}".length());
        return List.of(body.split("\\\\\\\\")).stream().map(String::strip).filter(row -> !row.isEmpty())
                .flatMap(row -> {
                    List<String> cells = List.of(row.split("&", -1));
                    return Stream.concat(Stream.of(cells.size() + " entries"),
                            cells.stream());
                }).toList();
    }
}
