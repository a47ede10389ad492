package org.flowrl.rl.toy;

import java.util.List;
import java.util.Locale;

/// The figure: what the policies learned beside the target, as text for a terminal and as an SVG file.
public final class ToyPicture {
    private static final int TERMINAL_ROWS = 8;
    private static final int WIDTH = 860;
    private static final int PANEL_HEIGHT = 250;
    private static final int LEFT = 70;
    private static final int RIGHT = 20;
    private static final int TOP = 56;
    private static final int PLOT_HEIGHT = 150;
    private static final int TICK = 20;
    private static final String TARGET_FILL = "#d6d9de";
    private static final String INK = "#24292f";
    private static final String MUTED = "#5b636d";
    private static final List<String> COLOURS = List.of("#0b6bcb", "#c2410c");

    private ToyPicture() {
    }

    /// The name of a method in captions.
    public static String name(Toy.Method method) {
        return switch (method) {
            case TRAJECTORY_BALANCE -> "trajectory balance";
            case MAXIMISER -> "maximiser";
        };
    }

    /// A column a state: `#` as high as its probability, over lines that name the states.
    public static String terminal(double[] probabilities) {
        double largest = largest(probabilities);
        StringBuilder text = new StringBuilder();
        for (int row = TERMINAL_ROWS; row >= 1; row--) {
            StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%6s |",
                    row == TERMINAL_ROWS ? String.format(Locale.ROOT, "%.3f", largest) : ""));
            for (double probability : probabilities) {
                // A column reaches a row where it fills at least half of it.
                line.append(probability / largest * TERMINAL_ROWS >= row - 0.5 ? '#' : ' ');
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        text.append("       +").append("-".repeat(probabilities.length)).append('\n').append(" ".repeat(8));
        for (int state = TICK; state <= probabilities.length; state += TICK) {
            text.append(String.format(Locale.ROOT, "%" + TICK + "d", state));
        }
        return text.append('\n').toString();
    }

    /// One panel a policy, the target as an area behind its curve.
    public static String svg(List<Toy.Result> results) {
        int height = PANEL_HEIGHT * results.size() + 10;
        StringBuilder svg = new StringBuilder(String.format(Locale.ROOT, """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" \
                font-family="system-ui, sans-serif" font-size="13" fill="%s">
                <rect width="100%%" height="100%%" fill="#ffffff"/>
                """, WIDTH, height, WIDTH, height, INK));
        for (int i = 0; i < results.size(); i++) {
            panel(results.get(i), COLOURS.get(i % COLOURS.size()), i * PANEL_HEIGHT, svg);
        }
        return svg.append("</svg>\n").toString();
    }

    private static void panel(Toy.Result result, String colour, int y, StringBuilder svg) {
        double[] target = ToyTarget.probabilities();
        double top = Math.max(largest(target), largest(result.probabilities()));
        double[] masses = result.peakMasses();
        svg.append(String.format(Locale.ROOT, "<g transform=\"translate(0 %d)\">%n", y));
        text(svg, LEFT, 22, "start", INK, " font-size=\"15\" font-weight=\"600\"", name(result.method()));
        text(svg, LEFT, 42, "start", MUTED, "", String.format(Locale.ROOT,
                "KL(target‖policy) %.4f   KL(policy‖target) %.4f   peaks %.3f / %.3f / %.3f%s", result.targetToPolicy(),
                result.policyToTarget(), masses[0], masses[1], masses[2], result.logZ().isEmpty() ? ""
                        : String.format(Locale.ROOT, "   log Z %.4f", result.logZ().getAsDouble())));
        legend(svg, colour);
        for (int line = 0; line <= 2; line++) {
            double value = top * line / 2;
            double at = height(value, top);
            svg.append(String.format(Locale.ROOT, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" "
                    + "stroke=\"#e4e7eb\"/>%n", LEFT, at, WIDTH - RIGHT, at));
            text(svg, LEFT - 8, at + 4, "end", MUTED, "", String.format(Locale.ROOT, "%.3f", value));
        }
        svg.append("<path fill=\"").append(TARGET_FILL).append("\" d=\"M").append(point(0, 0, top));
        for (int i = 0; i < target.length; i++) {
            svg.append('L').append(point(i, target[i], top));
        }
        svg.append('L').append(point(target.length - 1, 0, top)).append("Z\"/>\n");
        svg.append("<path fill=\"none\" stroke=\"").append(colour).append("\" stroke-width=\"2\" d=\"");
        for (int i = 0; i < target.length; i++) {
            svg.append(i == 0 ? 'M' : 'L').append(point(i, result.probabilities()[i], top));
        }
        svg.append("\"/>\n");
        for (int state = TICK; state <= ToyTarget.STATES; state += TICK) {
            text(svg, x(state - 1), TOP + PLOT_HEIGHT + 18, "middle", MUTED, "", Integer.toString(state));
        }
        text(svg, (LEFT + WIDTH - RIGHT) / 2.0, TOP + PLOT_HEIGHT + 36, "middle", MUTED, "", "state");
        svg.append("</g>\n");
    }

    private static void legend(StringBuilder svg, String colour) {
        svg.append(String.format(Locale.ROOT, "<rect x=\"%d\" y=\"12\" width=\"14\" height=\"10\" fill=\"%s\"/>%n",
                WIDTH - 170, TARGET_FILL));
        text(svg, WIDTH - 150, 22, "start", MUTED, "", "target");
        svg.append(String.format(Locale.ROOT, "<line x1=\"%d\" y1=\"17\" x2=\"%d\" y2=\"17\" stroke=\"%s\" "
                + "stroke-width=\"2\"/>%n", WIDTH - 90, WIDTH - 74, colour));
        text(svg, WIDTH - 68, 22, "start", MUTED, "", "policy");
    }

    private static void text(StringBuilder svg, double x, double y, String anchor, String colour, String more,
            String text) {
        svg.append(String.format(Locale.ROOT, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\"%s "
                + "xml:space=\"preserve\">%s</text>%n", x, y, anchor, colour, more, text));
    }

    private static String point(int place, double probability, double top) {
        return String.format(Locale.ROOT, "%.1f %.1f", x(place), height(probability, top));
    }

    private static double x(int place) {
        return LEFT + (WIDTH - LEFT - RIGHT) * (double) place / (ToyTarget.STATES - 1);
    }

    private static double height(double probability, double top) {
        return TOP + PLOT_HEIGHT * (1 - probability / top);
    }

    private static double largest(double[] probabilities) {
        double largest = 0;
        for (double probability : probabilities) {
            largest = Math.max(largest, probability);
        }
        return largest;
    }
}
