package org.flowrl.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.flowrl.rl.compare.Cell;
import org.flowrl.rl.compare.CompareRun;
import org.flowrl.rl.compare.Comparison;
import org.flowrl.rl.compare.Outcome;

/// Shows a comparison: a line a run that has ended and, on a terminal, a live line of those that go on.
final class CompareProgress implements CompareRun.Observer {
    private static final double LIVE_LINE_SECONDS = 0.2;
    private static final int LINE_WIDTH = 110;

    private final PrintStream out = System.out;
    private final boolean terminal = System.console() != null && System.console().isTerminal();
    private final Comparison comparison;
    private final long started = System.nanoTime();
    private final Map<Cell, String> running = new LinkedHashMap<>();
    private int ended;
    private long lastShown;

    CompareProgress(Comparison comparison) {
        this.comparison = comparison;
    }

    /// Before anything is computed.
    void announce(Path folder, int workers) {
        out.printf(Locale.ROOT, "%s: %s; %d sweep runs of %d steps, then %s of %d steps; %d at a time, in %s%n",
                comparison.task(), comparison.contenders().stream().map(contender -> contender.name())
                        .collect(Collectors.joining(", ")), comparison.sweep().size(), comparison.sweepSteps(),
                comparison.size() - comparison.sweep().size(), comparison.steps(), workers, folder);
    }

    /// Seconds since the beginning.
    double seconds() {
        return (System.nanoTime() - started) * 1e-9;
    }

    @Override
    public synchronized void stepped(Cell cell, long step, long steps) {
        running.put(cell, cell.contender().name() + " " + step + "/" + steps);
        if (terminal && (System.nanoTime() - lastShown) * 1e-9 >= LIVE_LINE_SECONDS) {
            lastShown = System.nanoTime();
            out.print("\r" + padded(count() + String.join("   ", running.values())));
            out.flush();
        }
    }

    @Override
    public synchronized void ended(Cell cell, Outcome outcome) {
        ended++;
        running.remove(cell);
        String reason = outcome.reason().isEmpty() ? "" : ": " + outcome.reason();
        show(count() + cell + ", " + outcome.kind() + reason);
    }

    private void show(String line) {
        out.println(terminal ? "\r" + padded(line).stripTrailing() : line);
    }

    /// When the program is told to end; called by another thread than the runs'.
    synchronized void stopping() {
        show("stopping after the steps at hand; kill -9 stops at once, and keeps older checkpoints alone");
    }

    /// When the runs at hand have stopped.
    synchronized void stopped() {
        show(String.format(Locale.ROOT, "stopped with %d of %d runs ended. To go on: the same command", ended,
                comparison.size()));
    }

    private String count() {
        return String.format(Locale.ROOT, "[%d/%d] ", ended, comparison.size());
    }

    private static String padded(String line) {
        return line + " ".repeat(Math.max(0, LINE_WIDTH - line.length()));
    }
}
