package org.flowrl.rl.report;

import java.util.Locale;

/// Where the seconds of a run's steps went, evaluations and warm-up not counted.
///
/// @param steps that were done, over all sessions of the run
/// @param rollout sampling and judging
/// @param score reference, critic and old log-probabilities
/// @param update gradients and optimizer
/// @param highWaterBytes the most that tensors took
record TrainingTime(long steps, double rollout, double score, double update, double highWaterBytes) {
    private static final double MEBIBYTE = 1 << 20;

    static TrainingTime of(RunFolder run) {
        return new TrainingTime(run.rows().size(), sum(run, "time/rollout_seconds"), sum(run, "time/score_seconds"),
                sum(run, "time/update_seconds"), run.rows().stream()
                .mapToDouble(row -> row.metric("memory/high_water_bytes").orElse(0)).max().orElse(0));
    }

    private static double sum(RunFolder run, String metric) {
        return run.rows().stream().mapToDouble(row -> row.metric(metric).orElse(0)).sum();
    }

    /// A sentence or two.
    @Override
    public String toString() {
        double total = rollout + score + update;
        return String.format(Locale.ROOT, "%d steps took %.1f s: %.0f %% sampling and judging, %.0f %% scoring, "
                + "%.0f %% updating; evaluations and warm-up are not counted. Tensors took at most %,.0f MiB.", steps,
                total, 100 * rollout / total, 100 * score / total, 100 * update / total, highWaterBytes / MEBIBYTE);
    }
}
