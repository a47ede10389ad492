package org.flowrl.cli;

import java.io.PrintStream;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.flowrl.rl.Evaluator;
import org.flowrl.rl.Evaluator.ExactReport;
import org.flowrl.rl.Evaluator.ProblemReport;
import org.flowrl.rl.Evaluator.Report;
import org.flowrl.rl.Evaluator.SampledReport;
import org.flowrl.rl.ExactMetrics;
import org.flowrl.rl.OptimumMetrics;

/// What training did to a policy: a table of its figures and, where they are exact, a picture of how many correct
/// answers are alive.
final class ReportTable {
    private static final int BAR_WIDTH = 40;
    /// Up to this many problems have a line each; of more, the worst are shown.
    private static final int MOST_LINES = 12;
    private static final int WORST_LINES = 6;

    private final PrintStream out;

    ReportTable(PrintStream out) {
        this.out = out;
    }

    /// @param before the policy that training started from
    /// @param after the trained policy
    void print(Report before, Report after) {
        switch (after) {
            case ExactReport exact -> {
                printProblems(exact);
                printRegions(exact);
                printBars((ExactReport) before, exact);
            }
            case SampledReport sampled -> printSampled(before.metrics(), sampled);
        }
    }

    private void printProblems(ExactReport report) {
        List<ProblemReport> problems = report.problems();
        boolean hasLogZ = report.metrics().containsKey("exact/log_z_error_max");
        out.printf(Locale.ROOT, "%-16s %9s %9s %9s %9s %10s%s%n", "prompt", "accuracy", "optimum", "answers",
                "alive", "KL to opt", hasLogZ ? "     log Z  closed form" : "");
        if (problems.size() > MOST_LINES) {
            problems.stream().sorted(Comparator.comparingDouble(problem -> problem.exact().accuracy()))
                    .limit(WORST_LINES).forEach(this::printProblem);
            out.printf(Locale.ROOT, "(the %d of least accuracy among %d; problems.jsonl has all)%n", WORST_LINES,
                    problems.size());
        } else {
            problems.forEach(this::printProblem);
        }
        printMean("mean", report.mean(), report.optimum(), !hasLogZ ? "" : String.format(Locale.ROOT,
                "   worst error %.3f",
                report.metrics().get("exact/log_z_error_max")));
        if (!report.heldOut().isEmpty()) {
            printMean("held out: mean",
                    ExactMetrics.mean(report.heldOut().stream().map(ProblemReport::exact).toList()),
                    OptimumMetrics.mean(
                            report.heldOut().stream().flatMap(problem -> problem.optimum().stream()).toList()), "");
        }
        out.println();
    }

    private void printProblem(ProblemReport problem) {
        ExactMetrics exact = problem.exact();
        out.printf(Locale.ROOT, "%-16s %9.3f %9s %9.0f %9.1f %10s%s%n", problem.problem().id(),
                exact.accuracy(), text(problem.optimum(), OptimumMetrics::accuracy), exact.modes(),
                exact.effectiveModes(), text(problem.optimum(), OptimumMetrics::klToOptimum),
                problem.logZ().isEmpty() ? "" : String.format(Locale.ROOT, "%10.3f %12s",
                        problem.logZ().getAsDouble(), text(problem.optimum(), OptimumMetrics::logZ)));
    }

    private void printMean(String label, ExactMetrics mean, Optional<OptimumMetrics> optimum, String more) {
        out.printf(Locale.ROOT, "%-16s %9.3f %9s %9.1f %9.1f %10s%s%n", label, mean.accuracy(),
                text(optimum, OptimumMetrics::accuracy), mean.modes(), mean.effectiveModes(),
                text(optimum, OptimumMetrics::klToOptimum), more);
    }

    /// A figure of the optimum, or a dash where the objective aims at none that is known.
    private static String text(Optional<OptimumMetrics> optimum, ToDoubleFunction<OptimumMetrics> figure) {
        return text(optimum, "%.3f", figure).orElse("-");
    }

    private static Optional<String> text(Optional<OptimumMetrics> optimum, String format,
            ToDoubleFunction<OptimumMetrics> figure) {
        return optimum.map(known -> String.format(Locale.ROOT, format, figure.applyAsDouble(known)));
    }

    /// Means over the problems of the probabilities of the task's regions.
    private void printRegions(ExactReport report) {
        List<Evaluator.RegionMass> regions = report.problems().getFirst().regions();
        if (regions.isEmpty()) {
            return;
        }
        Map<String, Double> metrics = report.metrics();
        out.printf(Locale.ROOT, "%-16s %9s %9s%n", "mean of", "mass", "optimum");
        regions.stream().map(region -> region.group() + "_" + region.rank()).sorted().forEach(name -> {
            Double optimum = metrics.get("exact/" + name + "_optimum");
            out.printf(Locale.ROOT, "%-16s %9.3f %9s%n", name.replace('_', ' '), metrics.get("exact/" + name + "_mass"),
                    optimum == null ? "-" : String.format(Locale.ROOT, "%.3f", optimum));
        });
        if (report.optimum().isEmpty()) {
            out.println();
            return;
        }
        OptimumMetrics optimum = report.optimum().get();
        regions.stream().map(Evaluator.RegionMass::group).distinct().sorted().forEach(group -> out.printf(Locale.ROOT,
                "%ss missed: %.0f of %d%n", group, metrics.get("exact/" + group + "_missed"), report.problems().stream()
                        .mapToLong(problem -> problem.regions().stream().filter(r -> r.group().equals(group)).count())
                        .sum()));
        out.printf(Locale.ROOT, "KL(optimum, policy) %.3f, on the worst prompt %.3f; KL(policy, optimum) %.3f%n%n",
                optimum.klOptimumToPolicy(), metrics.get("exact/kl_optimum_to_policy_max"),
                optimum.klPolicyToOptimum());
    }

    private void printBars(ExactReport before, ExactReport after) {
        ExactMetrics mean = after.mean();
        out.println("accuracy: probability of a correct answer; alive: effective number of different correct answers, "
                + "e^entropy");
        bar("accuracy before", before.mean().accuracy(), 1, "%.3f of %.0f", "");
        bar("accuracy after", mean.accuracy(), 1, "%.3f of %.0f",
                text(after.optimum(), ", the optimum %.3f", OptimumMetrics::accuracy).orElse(""));
        bar("alive before", before.mean().effectiveModes(), mean.modes(), "%.1f of %.1f", "");
        bar("alive after", mean.effectiveModes(), mean.modes(), "%.1f of %.1f",
                text(after.optimum(), ", the optimum %.1f", OptimumMetrics::effectiveModes).orElse(""));
    }

    private void bar(String label, double value, double full, String format, String more) {
        int filled = (int) Math.round(BAR_WIDTH * Math.clamp(value / full, 0, 1));
        out.printf(Locale.ROOT, "  %-16s %s%s  " + format + "%s%n", label, "#".repeat(filled),
                ".".repeat(BAR_WIDTH - filled), value, full, more);
    }

    private void printSampled(Map<String, Double> before, SampledReport after) {
        out.printf(Locale.ROOT, "%-32s %9s %9s%n", "sampled", "before", "after");
        after.metrics().forEach((name, value) -> out.printf(Locale.ROOT, "%-32s %9.3f %9.3f%n", name, before.get(name),
                value));
        out.println("avg@n: share of correct samples; pass@k: chance that one of k is; coverage@k: share of the "
                + "different solutions that k hold");
    }
}
