package org.flowrl.rl.grade;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.flowrl.rl.grade.symbolic.Equivalence;
import org.flowrl.rl.grade.symbolic.Expression;
import org.flowrl.rl.grade.symbolic.MathParser;
import org.flowrl.rl.grade.symbolic.StepBudget;
import org.flowrl.rl.task.Verdict;

/// The rule of PRM800K's grader: answers are equal in a normal form without units, or item by item by meaning. A
/// fraction must be in the gold answer's terms, and an integer must be answered by an integer.
///
/// Where the original asks SymPy, this asks {@link Equivalence}; where it turns LaTeX into Unicode by pylatexenc, this
/// reads the LaTeX.
final class Prm800kRule {
    private static final List<String> UNITS = List.of("degree", "cm", "centimeter", "meter", "mile", "second", "minute",
            "hour", "day", "week", "month", "year", "foot", "feet", "inch", "yard");
    private static final Pattern UNIT = Pattern.compile("(?:" + String.join("|", UNITS) + ")(?:es)?s? *(?:\\^[0-9]+)?");
    private static final Pattern DEGREE = Pattern.compile("\\^ *\\\\circ|\\^\\{\\\\circ}");
    private static final Pattern THOUSANDS = Pattern.compile("(\\d),(?=\\d{3}(?:$|\\D))");
    private static final Pattern FRACTION = Pattern.compile("-?[0-9]+/0*[1-9][0-9]*");
    private static final Pattern INTEGER = Pattern.compile("-?[0-9]+(?:\\.0*)?");
    private static final Pattern TEX_FRACTION = Pattern.compile("\\\\[dt]?frac\\{([^{}]*)}\\{([^{}]*)}");
    private static final Pattern POWER = Pattern.compile("\\^\\{|\\^\\(|\\^[0-9]+\\^|\\^[0-9][0-9]+");
    private static final int MAX_LETTERS = 2;

    private final GraderOptions options;

    Prm800kRule(GraderOptions options) {
        this.options = options;
    }

    Verdict compare(String gold, String answer) {
        String wanted = normalize(gold);
        String given = normalize(answer);
        if (wanted.equals(given)) {
            return Rewards.ONE_OR_ZERO.of(true);
        }
        List<String> wantedItems = items(wanted);
        List<String> givenItems = items(given);
        boolean shapes = !given.isEmpty() && wantedItems.size() == givenItems.size()
                && (wantedItems.size() == 1 || wanted.charAt(0) == given.charAt(0)
                && wanted.charAt(wanted.length() - 1) == given.charAt(given.length() - 1));
        if (!shapes) {
            return Rewards.ONE_OR_ZERO.of(false);
        }
        StepBudget budget = new StepBudget(options.steps());
        try {
            boolean equal = true;
            for (int i = 0; equal && i < wantedItems.size(); i++) {
                equal = same(wantedItems.get(i), givenItems.get(i), budget);
            }
            return Rewards.ONE_OR_ZERO.of(equal);
        } catch (StepBudget.Exceeded e) {
            return Rewards.ONE_OR_ZERO.timedOut(e);
        }
    }

    private boolean same(String wanted, String given, StepBudget budget) {
        if (FRACTION.matcher(wanted).matches() && FRACTION.matcher(given).matches()) {
            return wanted.equals(given);
        }
        if (INTEGER.matcher(wanted).matches() != INTEGER.matcher(given).matches() || !isReadable(wanted + given)) {
            return false;
        }
        Optional<Expression> left = MathParser.parse(wanted, budget);
        Optional<Expression> right = MathParser.parse(given, budget);
        return left.isPresent() && right.isPresent()
                && new Equivalence(options.equivalence(), budget).equal(left.get(), right.get());
    }

    /// The original refuses expressions of many letters and of powers that SymPy might hang on.
    private static boolean isReadable(String text) {
        long letters = text.replaceAll("\\\\?(?:sqrt|frac|pi)", "").chars().filter(Character::isLetter).distinct()
                .count();
        return letters <= MAX_LETTERS && !POWER.matcher(text).find();
    }

    private static String normalize(String answer) {
        String text = answer.startsWith("\\text{") && answer.indexOf('}') == answer.length() - 1
                ? answer.substring("\\text{".length(), answer.length() - 1) : answer;
        text = text.replace("\\%", "%").replace("\\$", "$").replace("$", "").replace("%", "").replace(" or ", " , ")
                .replace(" and ", " , ").replace("million", "*10^6").replace("billion", "*10^9");
        text = DEGREE.matcher(UNIT.matcher(text).replaceAll("")).replaceAll("");
        if (text.startsWith("{") && text.endsWith("}")) {
            text = text.substring(1, text.length() - 1);
        }
        text = text.replaceAll(",\\\\! *", "");
        text = TEX_FRACTION.matcher(text).replaceAll(" $1/$2");
        text = text.replaceAll("- *", "-").replaceAll("([0-9]) +([0-9])", "$1+$2").replace(" ", "");
        text = text.replace("\\left", "").replace("\\right", "").toLowerCase(Locale.ROOT);
        String plain = THOUSANDS.matcher(text).replaceAll("$1");
        return INTEGER.matcher(plain).matches() ? plain.replaceAll("\\.0*$", "") : text;
    }

    /// The items of a tuple or interval, or the whole.
    private static List<String> items(String text) {
        String plain = THOUSANDS.matcher(text).replaceAll("$1");
        boolean tuple = plain.length() > 2 && "([".indexOf(plain.charAt(0)) >= 0
                && ")]".indexOf(plain.charAt(plain.length() - 1)) >= 0
                && plain.substring(1, plain.length() - 1).chars().noneMatch(c -> "()[]".indexOf(c) >= 0);
        return tuple ? List.of(plain.substring(1, plain.length() - 1).split(",", -1)) : List.of(plain);
    }
}
