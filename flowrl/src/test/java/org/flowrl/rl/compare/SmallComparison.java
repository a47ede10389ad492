package org.flowrl.rl.compare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.flowrl.tensor.Backends;

/// Comparisons that take a moment: 4 responses a step, a warm-up of 3 steps.
final class SmallComparison {
    private SmallComparison() {
    }

    /// Two contenders with two learning rates each.
    static Comparison of(long steps, List<Long> seeds, Map<String, String> settings) {
        List<Double> rates = List.of(3e-4, 1e-3);
        return of(List.of(Contender.named("flowrl", "lattice", rates),
                Contender.named("grpo-kl-matched", "lattice", rates)), steps, seeds, settings);
    }

    static Comparison of(List<Contender> contenders, long steps, List<Long> seeds, Map<String, String> settings) {
        return of("lattice", "exact/accuracy", contenders, steps, seeds, settings);
    }

    static Comparison of(String task, String chosenBy, List<Contender> contenders, long steps, List<Long> seeds,
            Map<String, String> settings) {
        Map<String, String> all = new TreeMap<>(Map.of("warmUp.steps", "3", "warmUp.batch", "4", "rollout.prompts", "2",
                "rollout.samples", "2", "checkpointEvery", "2", "evaluateEvery", "1000"));
        all.putAll(settings);
        return new Comparison(task, contenders, steps, steps, 101, seeds, chosenBy, all);
    }

    /// Runs a comparison and returns what came out.
    static Results run(Comparison comparison, Path folder, int workers, Log log) {
        return new CompareRun(comparison, folder, workers, () -> {
            log.opened.add("backend");
            return Backends.open("cpu", 1).backend();
        }, log).run();
    }

    /// Remembers what it was told.
    static final class Log implements CompareRun.Observer {
        final List<Object> opened = Collections.synchronizedList(new ArrayList<>());
        final List<String> ended = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void stepped(Cell cell, long step, long steps) {
        }

        @Override
        public void ended(Cell cell, Outcome outcome) {
            ended.add(cell + ": " + outcome.kind());
        }
    }
}
