package org.flowrl.rl.report;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// How a policy spreads over the correct answers of one problem, as an inline SVG: a bar an answer, in the task's
/// order, as high as the square root of the answer's share of all correct answers, so that a hundredth is still seen
/// beside a whole.
final class ModeChart {
    private static final double WIDTH = 400;
    private static final double HEIGHT = 120;
    private static final double LEFT = 56;
    private static final double RIGHT = 12;
    private static final double TOP = 8;
    private static final double BOTTOM = 8;
    private static final double GAP_SHARE = 0.2;
    private static final double[] TICKS = {0.01, 0.1, 0.5, 1};
    /// Beyond this many answers bars carry no tooltips, which would make up most of the page.
    private static final int MOST_TOOLTIPS = 100;

    private final List<RunFolder.Answer> answers;
    private final double[] shares;

    /// @param sheet with at least one correct answer
    /// @param probability of an answer: under the policy or the reference
    ModeChart(RunFolder.Sheet sheet, ToDoubleFunction<RunFolder.Answer> probability) {
        this.answers = sheet.correct();
        double[] masses = answers.stream().mapToDouble(probability).toArray();
        double total = Arrays.stream(masses).sum();
        this.shares = Arrays.stream(masses).map(mass -> mass / total).toArray();
    }

    /// e to the entropy over the correct answers.
    double alive() {
        return Math.exp(-Arrays.stream(shares).filter(share -> share > 0)
                .map(share -> share * Math.log(share)).sum());
    }

    /// Appends the picture.
    ///
    /// @param style class of the bars' colour
    void write(Markup out, String style, String label) {
        out.open("svg", "class", "modes", "viewBox", "0 0 " + number(WIDTH) + " " + number(HEIGHT), "role", "img",
                "aria-label", label);
        for (double tick : TICKS) {
            out.empty("path", "class", "rule", "d", "M" + number(LEFT) + " " + number(top(tick)) + "H"
                    + number(WIDTH - RIGHT));
            out.element("text", Math.round(tick * 100) + " %", "class", "tick", "x", number(LEFT - 6), "y",
                    number(top(tick) + 4), "text-anchor", "end");
        }
        out.empty("path", "class", "rule", "d", "M" + number(LEFT) + " " + number(top(0)) + "H"
                + number(WIDTH - RIGHT));
        double slot = (WIDTH - LEFT - RIGHT) / answers.size();
        for (int i = 0; i < shares.length; i++) {
            out.open("rect", "class", "bar " + style, "x", number(LEFT + (i + GAP_SHARE / 2) * slot), "y",
                    number(top(shares[i])), "width", number(slot * (1 - GAP_SHARE)), "height",
                    number(HEIGHT - BOTTOM - top(shares[i])));
            if (shares.length <= MOST_TOOLTIPS) {
                out.element("title", String.format(Locale.ROOT, "%s: %.2f %% of the correct answers",
                        answers.get(i).text(), shares[i] * 100));
            }
            out.close();
        }
        double even = 1.0 / shares.length;
        out.empty("path", "class", "optimum", "d", "M" + number(LEFT) + " " + number(top(even)) + "H"
                + number(WIDTH - RIGHT));
        out.close().line();
    }

    private static double top(double share) {
        return HEIGHT - BOTTOM - Math.sqrt(share) * (HEIGHT - TOP - BOTTOM);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}
