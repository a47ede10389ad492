package org.flowrl.rl.report;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/// A metric over training as an inline SVG: for each series its mean as a line and its range over seeds as a band.
/// Points carry their figures as tooltips.
final class LineChart {
    private static final double WIDTH = 400;
    private static final double HEIGHT = 230;
    private static final double LEFT = 56;
    private static final double RIGHT = 12;
    private static final double TOP = 12;
    private static final double BOTTOM = 34;
    private static final int X_TICKS = 5;
    private static final int Y_TICKS = 4;
    private static final double LABEL_GAP = 6;
    /// Room that the last label of the steps takes, and no other may.
    private static final double LAST_LABEL = 85;

    private final Measure measure;
    private final List<Line> lines;
    private final OptionalDouble optimum;
    private final Axis x;
    private final Axis y;

    /// A series and how it went.
    record Line(Series series, Course course) {
    }

    /// @param lines with at least one point among them
    /// @param optimum where the metric should end, if that is known
    LineChart(Measure measure, List<Line> lines, OptionalDouble optimum) {
        this.measure = measure;
        this.lines = lines;
        this.optimum = optimum;
        List<Course.Point> points = lines.stream().flatMap(line -> line.course().points().stream()).toList();
        double lastStep = points.stream().mapToDouble(Course.Point::step).max().orElseThrow();
        double least = points.stream().mapToDouble(Course.Point::low).min().orElseThrow();
        double most = points.stream().mapToDouble(Course.Point::high).max().orElseThrow();
        this.x = Axis.counting(lastStep, X_TICKS);
        this.y = Axis.holding(Math.min(0, least), Math.max(most, optimum.orElse(most)), Y_TICKS);
    }

    /// Appends the picture.
    void write(Markup out) {
        out.open("svg", "class", "chart", "viewBox", "0 0 " + number(WIDTH) + " " + number(HEIGHT), "role", "img",
                "aria-label", measure.title() + " over training steps");
        axes(out);
        optimum.ifPresent(value -> out.open("path", "class", "optimum", "d", "M" + number(LEFT) + " "
                + number(top(value)) + "H" + number(WIDTH - RIGHT))
                .element("title", "optimum: " + measure.text(value)).close());
        lines.forEach(line -> band(out, line));
        lines.forEach(line -> curve(out, line));
        lines.forEach(line -> points(out, line));
        out.close().line();
    }

    private void axes(Markup out) {
        for (double tick : y.ticks()) {
            out.empty("path", "class", "rule", "d", "M" + number(LEFT) + " " + number(top(tick)) + "H"
                    + number(WIDTH - RIGHT));
            out.element("text", y.label(tick), "class", "tick", "x", number(LEFT - LABEL_GAP), "y",
                    number(top(tick) + 4), "text-anchor", "end");
        }
        for (double tick : x.ticks()) {
            boolean last = tick >= x.high() - x.step() / 2;
            if (!last && left(tick) > WIDTH - RIGHT - LAST_LABEL) {
                continue;
            }
            out.element("text", x.label(tick) + (last ? " steps" : ""), "class", "tick", "x",
                    number(last ? WIDTH - RIGHT : left(tick)), "y", number(HEIGHT - BOTTOM + 18), "text-anchor",
                    last ? "end" : "middle");
        }
    }

    private void band(Markup out, Line line) {
        List<Course.Point> points = line.course().points();
        if (points.size() < 2 || line.series().runs().size() < 2) {
            return;
        }
        out.empty("path", "class", "band " + line.series().style(), "d",
                path(points, Course.Point::high) + "L" + path(points.reversed(), Course.Point::low).substring(1) + "Z");
    }

    private void curve(Markup out, Line line) {
        if (!line.course().points().isEmpty()) {
            out.empty("path", "class", "curve " + line.series().style(), "d",
                    path(line.course().points(), Course.Point::mean));
        }
    }

    private void points(Markup out, Line line) {
        for (Course.Point point : line.course().points()) {
            // A lone point has no line that shows it.
            out.open("circle", "class", (line.course().points().size() == 1 ? "lone point " : "point ")
                    + line.series().style(), "cx", number(left(point.step())), "cy",
                    number(top(point.mean())), "r", "4");
            out.element("title", tooltip(line.series(), point)).close();
        }
    }

    private String tooltip(Series series, Course.Point point) {
        String range = point.runs() == 1 ? "" : " (" + measure.text(point.low()) + " to " + measure.text(point.high())
                + ")";
        return series.name() + ", step " + point.step() + ": " + measure.text(point.mean()) + range;
    }

    private String path(List<Course.Point> points, ToDoubleFunction<Course.Point> value) {
        StringBuilder path = new StringBuilder();
        for (Course.Point point : points) {
            path.append(path.isEmpty() ? 'M' : 'L').append(number(left(point.step()))).append(' ')
                    .append(number(top(value.applyAsDouble(point))));
        }
        return path.toString();
    }

    private double left(double step) {
        return LEFT + x.position(step) * (WIDTH - LEFT - RIGHT);
    }

    private double top(double value) {
        return HEIGHT - BOTTOM - y.position(value) * (HEIGHT - TOP - BOTTOM);
    }

    private static String number(double value) {
        String text = String.format(Locale.ROOT, "%.1f", value);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }
}
