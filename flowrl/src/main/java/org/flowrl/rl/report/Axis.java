package org.flowrl.rl.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A linear axis whose ends and ticks are round numbers.
///
/// @param low its lower end
/// @param high its upper end
/// @param step between ticks
record Axis(double low, double high, double step) {
    private static final double[] ROUND = {1, 2, 2.5, 5, 10};
    private static final double[] WHOLE = {1, 2, 5, 10};
    /// Labels of smaller steps have an exponent.
    private static final double LEAST_PLAIN_STEP = 1e-4;

    /// The axis that holds values from `least` to `most` with about `ticks` intervals.
    static Axis holding(double least, double most, int ticks) {
        double span = most > least ? most - least : Math.max(1, Math.abs(most));
        return of(least, most, step(span / ticks, ROUND));
    }

    /// The axis of counts from 0 to `most`, with at most about `ticks` intervals between whole numbers.
    static Axis counting(double most, int ticks) {
        return of(0, most, step(Math.max(1, most / ticks), WHOLE));
    }

    private static double step(double raw, double[] round) {
        double magnitude = Math.pow(10, Math.floor(Math.log10(raw)));
        double step = round[round.length - 1] * magnitude;
        for (int i = round.length - 1; i >= 0; i--) {
            if (round[i] * magnitude >= raw * (1 - 1e-9)) {
                step = round[i] * magnitude;
            }
        }
        return step;
    }

    private static Axis of(double least, double most, double step) {
        double low = Math.floor(least / step + 1e-9) * step;
        double high = Math.ceil(most / step - 1e-9) * step;
        return new Axis(low, high > low ? high : low + step, step);
    }

    /// Where ticks are, both ends among them.
    List<Double> ticks() {
        List<Double> ticks = new ArrayList<>();
        long count = Math.round((high - low) / step);
        for (long i = 0; i <= count; i++) {
            ticks.add(low + i * step);
        }
        return ticks;
    }

    /// A tick as text, with as many decimals as the step needs.
    String label(double tick) {
        if (step < LEAST_PLAIN_STEP && Math.abs(tick) >= step / 2) {
            int exponent = (int) Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high))));
            return new Axis(0, 1, step / Math.pow(10, exponent)).label(tick / Math.pow(10, exponent)) + "e" + exponent;
        }
        int decimals = 0;
        for (double scaled = step; decimals < 6 && Math.abs(scaled - Math.rint(scaled)) > 1e-6; scaled *= 10) {
            decimals++;
        }
        return String.format(Locale.ROOT, "%." + decimals + "f", Math.abs(tick) < step / 2 ? 0.0 : tick);
    }

    /// Where a value lies between the ends: 0 at `low`, 1 at `high`.
    double position(double value) {
        return (value - low) / (high - low);
    }
}
