package org.flowrl.rl.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// How a metric went over training: its mean and range over some runs.
///
/// @param points in order of steps
public record Course(List<Point> points) {
    /// Groups of metrics that evaluations measure.
    private static final List<String> EVALUATIONS = List.of("exact/", "evaluation/", "held_out/");

    public Course {
        points = List.copyOf(points);
    }

    /// @param step steps done
    /// @param mean over the runs that have a value there
    /// @param low the least of them
    /// @param high the greatest of them
    /// @param runs their number
    public record Point(long step, double mean, double low, double high, int runs) {
    }

    /// Points that the longest course of a metric of every step has.
    private static final long MOST_POINTS = 50;
    private static final long[] ROUND = {1, 2, 5};

    /// Of a metric over runs of one configuration. Metrics that steps sample are averaged over the steps since the
    /// point before, {@link #stepsPerPoint} at most; those that evaluations measure are taken as they are.
    public static Course of(String metric, List<RunFolder> runs) {
        Map<Long, List<Double>> values = new TreeMap<>();
        for (RunFolder run : runs) {
            binned(run.course(metric), metric, stepsPerPoint(run.config().steps())).forEach((step, value) ->
                    values.computeIfAbsent(step, _ -> new ArrayList<>()).add(value));
        }
        List<Point> points = new ArrayList<>();
        values.forEach((step, at) -> points.add(new Point(step,
                at.stream().mapToDouble(value -> value).average().orElseThrow(),
                at.stream().mapToDouble(value -> value).min().orElseThrow(),
                at.stream().mapToDouble(value -> value).max().orElseThrow(), at.size())));
        return new Course(points);
    }

    /// How many steps of a run a point is the mean of: 1, 2 or 5 times a power of ten, the least with which the run has
    /// at most fifty points.
    static long stepsPerPoint(long steps) {
        for (long power = 1;; power *= 10) {
            for (long round : ROUND) {
                if (Math.ceilDiv(steps, round * power) <= MOST_POINTS) {
                    return round * power;
                }
            }
        }
    }

    private static Map<Long, Double> binned(Map<Long, Double> course, String metric, long width) {
        if (EVALUATIONS.stream().anyMatch(metric::startsWith)) {
            return course;
        }
        Map<Long, List<Double>> bins = new TreeMap<>();
        long last = course.keySet().stream().reduce((a, b) -> b).orElse(0L);
        course.forEach((step, value) -> bins.computeIfAbsent(Math.min(last, (step + width - 1) / width * width),
                _ -> new ArrayList<>()).add(value));
        Map<Long, Double> means = new TreeMap<>();
        bins.forEach((step, at) -> means.put(step, at.stream().mapToDouble(value -> value).average().orElseThrow()));
        return means;
    }
}
