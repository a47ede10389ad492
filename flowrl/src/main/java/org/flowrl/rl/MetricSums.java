package org.flowrl.rl;

import java.util.Map;
import java.util.TreeMap;

/// Metrics of one training step, gathered over its batches: weighted means and maxima. Names are those of the metrics
/// table in the README.
public final class MetricSums {
    private record Mean(double sum, double weight) {
    }

    private final Map<String, Mean> means = new TreeMap<>();
    private final Map<String, Double> maxima = new TreeMap<>();

    /// Adds `count` values whose sum is `sum` to a mean.
    public void mean(String name, double sum, double count) {
        means.merge(name, new Mean(sum, count), (a, b) -> new Mean(a.sum + b.sum, a.weight + b.weight));
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
        return values;
    }
}
