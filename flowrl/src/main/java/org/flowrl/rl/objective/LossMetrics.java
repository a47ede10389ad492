package org.flowrl.rl.objective;

import java.util.Arrays;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.tensor.Tensor;

/// What several objectives report of a batch. Sums in F64.
final class LossMetrics {
    /// Ratios are reported as if their logarithm were at most this, in nats, so that means stay finite.
    private static final double MAX_LOG_RATIO = 20;

    private LossMetrics() {
    }

    /// `policy/kl_to_reference`: mean over tokens of log π_θ − log π_ref, in nats. Nothing where the objective does not
    /// ask the reference ({@link Objective#needsReference}): that would be one more forward pass over each rollout, for
    /// the log alone. Where answers can be listed, evaluations have `exact/kl_to_reference` of every objective.
    static void klToReference(Tensor logProbs, Batch batch, MetricSums metrics) {
        if (batch.referenceLogProbs() == null) {
            return;
        }
        double difference = logProbs.sum() - batch.referenceLogProbs().sum();
        metrics.mean("policy/kl_to_reference", difference, logProbs.elements());
    }

    /// `policy/kl_to_old`: mean over tokens of log π_old − log π_θ, in nats.
    static void klToOld(Tensor logProbs, Batch batch, MetricSums metrics) {
        metrics.mean("policy/kl_to_old", batch.oldLogProbs().sum() - logProbs.sum(), logProbs.elements());
    }

    /// The share of values of which the clipped one is the larger.
    static void clipShare(String name, Tensor free, Tensor clipped, MetricSums metrics) {
        double[] a = free.toDoubles();
        double[] b = clipped.toDoubles();
        long count = 0;
        for (int i = 0; i < a.length; i++) {
            count += b[i] > a[i] ? 1 : 0;
        }
        metrics.mean(name, count, a.length);
    }

    /// `ratio/mean`, `ratio/max` and `ratio/clipped_share`: of the ratios to the sampling policy, the share being of
    /// those outside the bounds.
    ///
    /// @param logRatios in nats
    /// @param logLow lower bound in nats
    /// @param logHigh upper bound in nats
    static void ratios(double[] logRatios, double logLow, double logHigh, MetricSums metrics) {
        double sum = 0;
        double largest = Double.NEGATIVE_INFINITY;
        long clipped = 0;
        for (double logRatio : logRatios) {
            double ratio = StrictMath.exp(Math.min(logRatio, MAX_LOG_RATIO));
            sum += ratio;
            largest = Math.max(largest, ratio);
            clipped += logRatio < logLow || logRatio > logHigh ? 1 : 0;
        }
        metrics.mean("ratio/mean", sum, logRatios.length);
        metrics.max("ratio/max", largest);
        metrics.mean("ratio/clipped_share", clipped, logRatios.length);
    }

    /// The mean and the standard deviation of all values of the step.
    static void meanAndDeviation(String meanName, String deviationName, double[] values, MetricSums metrics) {
        metrics.mean(meanName, sum(values), values.length);
        metrics.deviation(deviationName, values);
    }

    private static double sum(double[] values) {
        return Arrays.stream(values).sum();
    }
}
