package org.flowrl.cli;

import java.io.PrintStream;
import java.util.Locale;
import org.flowrl.rl.Evaluator;
import org.flowrl.rl.ExactMetrics;

/// What training did to a policy: a table of exact figures and a picture of how many correct answers are alive.
final class ReportTable {
    private static final int BAR_WIDTH = 40;

    private final PrintStream out;

    ReportTable(PrintStream out) {
        this.out = out;
    }

    /// @param before the policy that training started from
    /// @param after the trained policy
    void print(Evaluator.Report before, Evaluator.Report after) {
        boolean hasLogZ = after.metrics().containsKey("exact/log_z_error_max");
        out.printf(Locale.ROOT, "%-14s %9s %9s %9s %9s %10s%s%n", "prompt", "accuracy", "optimum", "answers",
                "alive", "KL to opt", hasLogZ ? "     log Z  closed form" : "");
        for (Evaluator.ProblemReport problem : after.problems()) {
            ExactMetrics exact = problem.exact();
            out.printf(Locale.ROOT, "%-14s %9.3f %9.3f %9.0f %9.1f %10.3f%s%n", problem.problem().id(),
                    exact.accuracy(), exact.optimumAccuracy(), exact.modes(), exact.effectiveModes(),
                    exact.klToOptimum(), problem.logZ().isEmpty() ? "" : String.format(Locale.ROOT, "%10.3f %12.3f",
                            problem.logZ().getAsDouble(), exact.optimumLogZ()));
        }
        ExactMetrics mean = after.mean();
        out.printf(Locale.ROOT, "%-14s %9.3f %9.3f %9.1f %9.1f %10.3f%s%n%n", "mean", mean.accuracy(),
                mean.optimumAccuracy(), mean.modes(), mean.effectiveModes(), mean.klToOptimum(),
                hasLogZ ? String.format(Locale.ROOT, "   worst error %.3f",
                        after.metrics().get("exact/log_z_error_max")) : "");
        out.println("accuracy: probability of a correct answer; alive: effective number of different correct answers, "
                + "e^entropy");
        bar("accuracy before", before.mean().accuracy(), 1, "%.3f of %.0f");
        bar("accuracy after", mean.accuracy(), 1, "%.3f of %.0f");
        bar("alive before", before.mean().effectiveModes(), mean.modes(), "%.1f of %.1f");
        bar("alive after", mean.effectiveModes(), mean.modes(), "%.1f of %.1f");
    }

    private void bar(String label, double value, double full, String format) {
        int filled = (int) Math.round(BAR_WIDTH * Math.clamp(value / full, 0, 1));
        out.printf(Locale.ROOT, "  %-16s %s%s  " + format + "%n", label, "#".repeat(filled),
                ".".repeat(BAR_WIDTH - filled), value, full);
    }
}
