package org.flowrl.cli;

import java.io.PrintStream;
import java.util.Locale;
import org.flowrl.rl.MemoryPlan;

/// A memory plan as a table: a line for each part, then what a device must have.
final class PlanTable {
    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB"};
    private static final double STEP = 1000;

    private final PrintStream out;

    PlanTable(PrintStream out) {
        this.out = out;
    }

    /// @param title what is planned
    void print(String title, MemoryPlan plan) {
        out.println(title);
        plan.parts().stream().filter(MemoryPlan.Part::isResident).forEach(this::part);
        line("stays", plan.residentBytes());
        plan.parts().stream().filter(part -> !part.isResident()).forEach(this::part);
        line("most at once", plan.poolBytes());
        line("held in reserve", plan.reservedBytes() - plan.poolBytes());
        line("chunk buffers", plan.workspaceBytes());
        line("total", plan.totalBytes());
        out.println();
    }

    /// Bytes in decimal units with three digits or more, such as `30.5 GB`.
    static String human(long bytes) {
        int unit = 0;
        double value = bytes;
        while (value >= STEP && unit < UNITS.length - 1) {
            value /= STEP;
            unit++;
        }
        return String.format(Locale.ROOT, value >= 100 || unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
    }

    private void part(MemoryPlan.Part part) {
        out.printf(Locale.ROOT, "    %-46s %,20d %10s%n", part.name(), part.bytes(), human(part.bytes()));
    }

    private void line(String name, long bytes) {
        out.printf(Locale.ROOT, "  %-48s %,20d %10s%n", name, bytes, human(bytes));
    }
}
