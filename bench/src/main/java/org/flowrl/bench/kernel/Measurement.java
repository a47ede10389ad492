package org.flowrl.bench.kernel;

import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// The times of one engine on one case.
///
/// @param caseName see {@link KernelCase#name}
/// @param nanoseconds of one call, round by round; round r of every engine of a case lies beside the others' in time
/// @param difference of its results from FlowRL's, see {@link Agreement}
/// @param when the end of the measurement, to the minute
record Measurement(String caseName, int threads, String engine, List<Double> nanoseconds, double difference,
        LocalDateTime when) {
    /// The first line of a file of measurements.
    static final String HEADER = "case,threads,engine,difference,when,nanoseconds of each round";

    Measurement {
        when = when.truncatedTo(ChronoUnit.MINUTES);
    }

    /// The median of the rounds.
    double median() {
        return median(nanoseconds.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /// The median over rounds of other's time / this one's: above 1 where this engine is the faster one.
    double ratioOver(Measurement other) {
        int rounds = Math.min(nanoseconds.size(), other.nanoseconds.size());
        double[] ratios = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            ratios[i] = other.nanoseconds.get(i) / nanoseconds.get(i);
        }
        return median(ratios);
    }

    /// The middle value, or the mean of the two in the middle; NaN of none.
    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        if (sorted.length == 0) {
            return Double.NaN;
        }
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /// One line of a file of measurements.
    String toLine() {
        return String.join(",", caseName, Integer.toString(threads), engine,
                String.format(Locale.ROOT, "%.1e", difference), when.toString(), nanoseconds.stream()
                .map(time -> String.format(Locale.ROOT, "%.0f", time)).collect(Collectors.joining(" ")));
    }

    /// The measurement of one line.
    ///
    /// @throws IllegalArgumentException where the line is not one of {@link #toLine}
    static Measurement parse(String line) {
        String[] fields = line.split(",");
        if (fields.length != 6) {
            throw new IllegalArgumentException("measurement '" + line + "' must have the fields " + HEADER);
        }
        List<Double> times = Arrays.stream(fields[5].split(" ")).map(Double::valueOf).toList();
        return new Measurement(fields[0], Integer.parseInt(fields[1]), fields[2], times,
                Double.parseDouble(fields[3]), LocalDateTime.parse(fields[4]));
    }
}
