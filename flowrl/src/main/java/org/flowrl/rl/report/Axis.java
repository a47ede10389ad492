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

    /// The axis that holds values from `least` to `most` with about `ticks` intervals.
    static Axis holding(double least, double most, int ticks) {
        double span = most > least ? most - least : Math.max(1, Math.abs(most));
        double raw = span / ticks;
        double magnitude = Math.pow(10, Math.floor(Math.log10(raw)));
        double step = ROUND[ROUND.length - 1] * magnitude;
        for (int i = ROUND.length - 1; i >= 0; i--) {
            if (ROUND[i] * magnitude >= raw * (1 - 1e-9)) {
                step = ROUND[i] * magnitude;
            }
        }
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
        int decimals = 0;
        for (double scaled = step; decimals < 6 && Math.abs(scaled - Math.rint(scaled)) > 1e-6; scaled *= 10) {
            decimals++;
        }
        return String.format(Locale.ROOT, "%." + decimals + "f", tick == 0 ? 0.0 : tick);
    }

    /// Where a value lies between the ends: 0 at `low`, 1 at `high`.
    double position(double value) {
        return (value - low) / (high - low);
    }
}
