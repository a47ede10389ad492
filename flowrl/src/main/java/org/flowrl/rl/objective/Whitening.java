package org.flowrl.rl.objective;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/// Shifts and scales all tokens of a rollout to mean 0 and variance 1.
///
/// ```
/// mean = Σ x / (N + countEpsilon)          var = Σ (x − mean)² / (N + countEpsilon) · N / (N − 1)
/// (x − mean) / √(var + varianceEpsilon)
/// ```
/// In F64. Source: verl `torch_functional.py`, `masked_whiten` @ b178a3cd.
public final class Whitening {
    /// verl's addition to the number of tokens.
    public static final double COUNT_EPSILON = 1e-8;
    /// verl's addition to the variance.
    public static final double VARIANCE_EPSILON = 1e-8;

    private Whitening() {
    }

    /// The whitened values.
    ///
    /// @param values `[response][token]`
    /// @throws IllegalArgumentException where there are not at least two tokens, which have a variance
    public static double[][] apply(double[][] values) {
        long count = Arrays.stream(values).mapToLong(row -> row.length).sum();
        if (count < 2) {
            throw new IllegalArgumentException("whitening: " + count + " tokens must be at least 2");
        }
        double mean = tokens(values).sum() / (count + COUNT_EPSILON);
        double biased = tokens(values).map(x -> (x - mean) * (x - mean)).sum() / (count + COUNT_EPSILON);
        double factor = 1 / Math.sqrt(biased * count / (count - 1) + VARIANCE_EPSILON);
        return Arrays.stream(values).map(row -> Arrays.stream(row).map(x -> (x - mean) * factor).toArray())
                .toArray(double[][]::new);
    }

    private static DoubleStream tokens(double[][] values) {
        return Arrays.stream(values).flatMapToDouble(Arrays::stream);
    }
}
