package org.flowrl.rl.grade;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.flowrl.rl.grade.AnswerExtraction.Candidate;
import org.flowrl.rl.grade.symbolic.Equivalence;
import org.flowrl.rl.grade.symbolic.Expression;
import org.flowrl.rl.grade.symbolic.MathParser;
import org.flowrl.rl.grade.symbolic.Percentage;
import org.flowrl.rl.grade.symbolic.StepBudget;
import org.flowrl.rl.task.Verdict;

/// Compares by meaning, as the Math-Verify library does (the scorer of FlowRL's evaluation): finds the stated answer by
/// {@link AnswerExtraction}, reads it, and asks {@link Equivalence}. Digits, signs and answer phrases of Arabic and
/// Chinese count as English ones. 1 or 0.
///
/// Departures from the library, all on purpose: an answer that is an irrational number may be given rounded to the
/// same decimals; numbers that round to 0 must agree in their leading digits; work is counted, not timed.
final class MathVerifyGrader implements Grader {
    /// Characters at the end of a response in which its answer is looked for: three times what 8,192 tokens are.
    private static final int REACH = 100_000;
    private static final Rewards REWARDS = Rewards.ONE_OR_ZERO;
    private static final Pattern DELIMITED = Pattern.compile("(?i)(?<!\\\\)\\$|\\\\\\(|\\\\\\[|\\\\boxed|answer");
    /// Two words in a row that are not LaTeX: running text rather than an answer.
    private static final Pattern PROSE = Pattern.compile("(?<![\\\\a-zA-Z])(?!(?:and|or)\\b)[a-zA-Z]{2,}\\s+"
            + "(?!(?:and|or)\\b)[a-zA-Z]{2,}");
    private static final Pattern WORDS_OF_TEX = Pattern.compile(
            "\\\\(?:text|mbox|mathrm|operatorname|textbf)\\s*\\{[^{}]*}");

    private final GraderOptions options;

    MathVerifyGrader(GraderOptions options) {
        this.options = options;
    }

    @Override
    public String name() {
        return "math-verify";
    }

    @Override
    public Optional<String> answer(String response) {
        try {
            return answer(response, false, new StepBudget(options.steps())).map(Stated::text)
                    .map(formula -> "$" + formula + "$");
        } catch (StepBudget.Exceeded e) {
            return Optional.empty();
        }
    }

    @Override
    public Verdict grade(String gold, String response) {
        return verdict(gold, response, false);
    }

    @Override
    public Verdict compare(String gold, String answer) {
        return verdict(gold, answer, true);
    }

    private Verdict verdict(String gold, String answer, boolean cut) {
        StepBudget budget = new StepBudget(options.steps());
        try {
            Optional<Stated> wanted = answer(gold, true, budget);
            if (wanted.isEmpty()) {
                return REWARDS.failed("the gold answer cannot be read: " + abbreviated(gold));
            }
            Optional<Stated> stated = answer(answer, cut, budget);
            if (stated.isEmpty()) {
                return REWARDS.unparsable("no answer found");
            }
            return REWARDS.of(wanted.get().text().equals(stated.get().text())
                    || wanted.get().expression().isPresent() && stated.get().expression().isPresent()
                    && new Equivalence(options.equivalence(), budget)
                            .equal(wanted.get().expression().get(), stated.get().expression().get()));
        } catch (StepBudget.Exceeded e) {
            return REWARDS.timedOut(e);
        }
    }

    /// An answer that a text states.
    ///
    /// @param text the formula without blanks
    /// @param expression what it says, where it can be read
    private record Stated(String text, Optional<Expression> expression) {
    }

    /// The answer in a text.
    ///
    /// @param cut whether the text may be the answer itself
    private Optional<Stated> answer(String written, boolean cut, StepBudget budget) {
        String text = Transliteration.of(written.substring(Math.max(0, written.length() - REACH)));
        if (cut && options.latex() && isFormula(text)) {
            Optional<Expression> whole = MathParser.parse(text, budget);
            if (whole.isPresent()) {
                return whole.map(expression -> new Stated(compact(text), Optional.of(expression)));
            }
        }
        Optional<Stated> unread = Optional.empty();
        for (List<Candidate> rank : AnswerExtraction.ranks(text, options.targets())) {
            for (Candidate candidate : rank) {
                Optional<Expression> read = MathParser.parse(candidate.text(), budget);
                if (read.isPresent()) {
                    return Optional.of(new Stated(compact(candidate.text()),
                            candidate.percent() ? read.map(Percentage::of) : read));
                }
                unread = unread.or(() -> Optional.of(new Stated(compact(candidate.text()), Optional.empty())));
            }
        }
        return unread;
    }

    /// Whether a text is one formula: it has no delimiters, or, as one gold answer of OlympiadBench, an odd number of
    /// dollars around and in it.
    private static boolean isFormula(String text) {
        boolean unbalanced = text.startsWith("$") && text.chars().filter(c -> c == '$').count() % 2 == 1;
        return text.length() <= MathParser.MAX_LENGTH && !isProse(text)
                && (unbalanced || !DELIMITED.matcher(text).find());
    }

    private static boolean isProse(String text) {
        return PROSE.matcher(WORDS_OF_TEX.matcher(text).replaceAll(" ")).find();
    }

    private static String compact(String formula) {
        return formula.replaceAll("\\s+", "");
    }

    private static String abbreviated(String text) {
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }
}
