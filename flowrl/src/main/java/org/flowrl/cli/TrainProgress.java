package org.flowrl.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.flowrl.rl.Evaluator;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.TrainingRun;

/// Shows a training run: one live line on a terminal, a plain line every so often elsewhere, and a table at the end.
final class TrainProgress implements TrainingRun.Observer {
    private static final long PLAIN_LINE_EVERY = 50;
    /// Steps of a large model take a minute: whoever reads a log file does not wait for fifty.
    private static final double PLAIN_LINE_SECONDS = 30;
    private static final double TERMINAL_LINE_SECONDS = 0.1;
    private static final int LINE_WIDTH = 110;

    private final String backend;
    private final Optional<Integer> dashboard;
    private final PrintStream out = System.out;
    private final boolean terminal = System.console() != null && System.console().isTerminal();
    private long firstStep;
    private long started;
    private long lastShown;
    private double reward = Double.NaN;
    private double tokensPerSecond = Double.NaN;
    private Map<String, Double> exact = Map.of();

    /// @param backend what was chosen to compute on, and why
    /// @param dashboard port of the dashboard; empty where there is none
    TrainProgress(String backend, Optional<Integer> dashboard) {
        this.backend = backend;
        this.dashboard = dashboard;
    }

    @Override
    public void starting(TrainConfig config, Path folder) {
        lastShown = System.nanoTime();
        DeviceOptions.show(backend);
        out.printf(Locale.ROOT, "%s on %s: %d steps of %d prompts x %d samples, seed %d, run folder %s%n",
                config.objective().algorithm(), config.task(), config.steps(), config.rollout().prompts(),
                config.rollout().samples(), config.seed(), folder);
        dashboard.ifPresent(port -> out.println("dashboard: http://localhost:" + port + "/"));
    }

    /// Before the first step.
    void begin(TrainingRun run) {
        firstStep = run.stepsDone();
        started = System.nanoTime();
        lastShown = started;
        if (firstStep > 0) {
            out.println("resumed after step " + firstStep);
        }
    }

    @Override
    public void noted(String what) {
        out.println(what);
    }

    @Override
    public void warmedUp(long step, long steps, double loss) {
        if (step == steps || isDue()) {
            show(String.format(Locale.ROOT, "warm-up %d/%d  loss %.3f nats per token", step, steps, loss),
                    step == steps);
        }
    }

    @Override
    public void warned(long step, String warning) {
        show("warning at step " + step + ": " + warning, true);
    }

    @Override
    public void stepped(long step, long steps, Map<String, Double> metrics) {
        reward = smooth(reward, metrics.get("reward/mean"));
        tokensPerSecond = smooth(tokensPerSecond, metrics.get("throughput/response_tokens_per_second"));
        // A live line shows the newest evaluation, a line that stays only one of its own step.
        if (metrics.containsKey("exact/accuracy")) {
            exact = metrics;
        } else if (!terminal) {
            exact = Map.of();
        }
        boolean last = step == steps;
        if (last || isDue() || !terminal && step % PLAIN_LINE_EVERY == 0) {
            double secondsPerStep = (System.nanoTime() - started) * 1e-9 / (step - firstStep);
            show(String.format(Locale.ROOT, "step %d/%d  reward %.3f%s  %,.0f tokens/s  ETA %s", step, steps, reward,
                    exactText(), tokensPerSecond, duration(secondsPerStep * (steps - step))), last || !terminal);
        }
    }

    /// When the program is told to end; called by another thread than the run's.
    void stopping() {
        show("stopping after this step; kill -9 stops at once, and keeps older checkpoints alone", true);
    }

    /// When the step at hand has ended.
    void stopped(TrainingRun run) {
        show("stopped after step " + run.stepsDone() + ". To go on: train --resume --out " + run.folder(), true);
    }

    /// After the last step: what was learned, against where it started.
    ///
    /// @param page the run's report
    void finish(TrainingRun run, Evaluator.Report before, Evaluator.Report after, Path page) {
        out.println();
        new ReportTable(out).print(before, after);
        out.printf(Locale.ROOT, "%n%.1f s for %d steps. Report: %s  Metrics: %s  Model: %s%n",
                (System.nanoTime() - started) * 1e-9, run.stepsDone() - firstStep,
                page, run.folder().resolve("metrics.csv"), run.folder().resolve("checkpoints/step-" + run.stepsDone()));
    }

    private String exactText() {
        return exact.isEmpty() ? "" : String.format(Locale.ROOT, "  accuracy %.3f  effective modes %.1f of %.1f",
                exact.get("exact/accuracy"), exact.get("exact/effective_modes"), exact.get("exact/modes"));
    }

    private boolean isDue() {
        return (System.nanoTime() - lastShown) * 1e-9 >= (terminal ? TERMINAL_LINE_SECONDS : PLAIN_LINE_SECONDS);
    }

    private void show(String line, boolean keep) {
        lastShown = System.nanoTime();
        String padded = terminal ? "\r" + line + " ".repeat(Math.max(0, LINE_WIDTH - line.length())) : line;
        out.print(keep ? padded.stripTrailing() + System.lineSeparator() : padded);
        out.flush();
    }

    private static double smooth(double average, double value) {
        return Double.isNaN(average) ? value : 0.9 * average + 0.1 * value;
    }

    private static String duration(double seconds) {
        long rounded = Math.round(seconds);
        return rounded / 60 + ":" + String.format(Locale.ROOT, "%02d", rounded % 60);
    }
}
