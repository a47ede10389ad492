package org.flowrl.bench.steps;

import java.util.Arrays;

/// Summaries of repeated measurements.
final class Samples {
    private Samples() {
    }

    /// The middle of the sorted values, the mean of the two middle ones where they are even in number.
    ///
    /// @throws IllegalArgumentException where there are none
    static double median(double... values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("median: there must be at least one value");
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
