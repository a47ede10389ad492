package org.flowrl.rl;

/// Sums of probabilities that are given by their logarithms, taken around the largest term, in F64.
final class LogSums {
    private LogSums() {
    }

    /// ln Σ e^x; −∞ where all x are, NaN where one is.
    static double logSumExp(double... values) {
        double largest = Double.NEGATIVE_INFINITY;
        for (double value : values) {
            largest = Math.max(largest, value);
        }
        if (largest == Double.NEGATIVE_INFINITY) {
            return largest;
        }
        double sum = 0;
        for (double value : values) {
            sum += Math.exp(value - largest);
        }
        return largest + Math.log(sum);
    }
}
