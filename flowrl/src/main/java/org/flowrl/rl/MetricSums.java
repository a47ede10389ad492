package org.flowrl.rl;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/// Metrics of one training step, gathered over its batches: weighted means, standard deviations and maxima. Names are
/// those of `flowrl/docs/metrics.md`.
public final class MetricSums {
    private record Mean(double sum, double weight) {
    }

    /// Count, mean and sum of squared distances from the mean; merged as in Chan, Golub and LeVeque 1979.
    private record Moments(double count, double mean, double squares) {
        Moments merge(Moments other) {
            double total = count + other.count;
            double shift = other.mean - mean;
            return new Moments(total, mean + shift * other.count / total,
                    squares + other.squares + shift * shift * count * other.count / total);
        }
    }

    private final Map<String, Mean> means = new TreeMap<>();
    private final Map<String, Moments> deviations = new TreeMap<>();
    private final Map<String, Double> maxima = new TreeMap<>();

    /// Adds `count` values whose sum is `sum` to a mean.
    public void mean(String name, double sum, double count) {
        means.merge(name, new Mean(sum, count), (a, b) -> new Mean(a.sum + b.sum, a.weight + b.weight));
    }

    /// Adds values to those whose standard deviation (over all of them, divided by their number) is reported.
    public void deviation(String name, double[] values) {
        if (values.length > 0) {
            double mean = Arrays.stream(values).average().orElseThrow();
            double squares = Arrays.stream(values).map(value -> (value - mean) * (value - mean)).sum();
            deviations.merge(name, new Moments(values.length, mean, squares), Moments::merge);
        }
    }

    /// Keeps the largest value.
    public void max(String name, double value) {
        maxima.merge(name, value, Math::max);
    }

    /// All metrics so far, by name. A mean over nothing is left out.
    public Map<String, Double> values() {
        Map<String, Double> values = new TreeMap<>(maxima);
        means.forEach((name, mean) -> {
            if (mean.weight > 0) {
                values.put(name, mean.sum / mean.weight);
            }
        });
        deviations.forEach((name, moments) -> values.put(name, Math.sqrt(moments.squares / moments.count)));
        return values;
    }
}
