package org.flowrl.bench.kernel;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One case on one number of threads: FlowRL's time beside everybody else's.
///
/// @param measurements by engine; FlowRL's is among them
record Comparison(KernelCase kernelCase, int threads, Map<String, Measurement> measurements) {
    private static final String OURS = "flowrl";
    private static final String PEAK = "peak";
    /// Engines of the role {@link Engine.Role#YARDSTICK}, which {@link #ratio} leaves out, by name: a file of results
    /// may hold engines that this build lacks.
    static final List<String> YARDSTICKS = List.of("onednn-packed", "peak", "reference");

    /// FlowRL's own.
    Measurement ours() {
        return measurements.get(OURS);
    }

    /// The fastest peer; empty where none can compute the case.
    Optional<Measurement> bestPeer() {
        return measurements.values().stream().filter(this::isPeer)
                .min(Comparator.comparing(peer -> ours().ratioOver(peer)));
    }

    /// The fastest peer's time / FlowRL's, the median over rounds: above 1 where FlowRL is faster than all of them.
    Optional<Double> ratio() {
        return bestPeer().map(ours()::ratioOver);
    }

    /// FlowRL's speed as a share of the {@link PeakEngine}'s.
    Optional<Double> shareOfPeak() {
        return Optional.ofNullable(measurements.get(PEAK)).map(ours()::ratioOver);
    }

    /// Billions of operations or bytes a second, by the median of an engine's rounds.
    double speed(Measurement measurement) {
        return kernelCase.work() / measurement.median();
    }

    /// The largest difference of a peer's results from FlowRL's.
    double difference() {
        return measurements.values().stream().mapToDouble(Measurement::difference).max().orElse(0);
    }

    /// exp of the mean logarithm; NaN of none.
    static double geometricMean(List<Double> ratios) {
        return Math.exp(ratios.stream().mapToDouble(Math::log).average().orElse(Double.NaN));
    }

    private boolean isPeer(Measurement measurement) {
        return !measurement.engine().equals(OURS) && !YARDSTICKS.contains(measurement.engine());
    }
}
