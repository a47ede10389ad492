package org.flowrl.rl;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;

/// Runs that take a moment.
final class SmallRuns {
    private SmallRuns() {
    }

    /// The lattice preset, cut down as {@link #preset}.
    static TrainConfig config(String algorithm, Map<String, String> settings) {
        return preset("lattice", algorithm, settings);
    }

    /// A preset, cut down: 2 prompts with 2 samples each, 2 updates a step, a warm-up of 3 steps.
    static TrainConfig preset(String preset, String algorithm, Map<String, String> settings) {
        Map<String, String> all = new LinkedHashMap<>(Map.of("warmUp.steps", "3", "warmUp.batch", "4",
                "rollout.prompts", "2", "rollout.samples", "2", "steps", "2", "evaluateEvery", "1000"));
        all.putAll(settings);
        return ConfigFile.with(Presets.config(preset, algorithm), all);
    }

    /// A run from its start to its end.
    static void run(TrainConfig config, Path folder) {
        run(config, folder, Backends.defaultThreads());
    }

    /// As {@link #run(TrainConfig, Path)}, on so many threads.
    static void run(TrainConfig config, Path folder, int threads) {
        try (Backend backend = Backends.open("cpu", threads).backend();
             TrainingRun run = TrainingRun.start(backend, config, folder, SILENT)) {
            run.run();
        }
    }

    /// A run from its newest checkpoint to the end of step `steps`.
    static void resume(Path folder, long steps) {
        try (Backend backend = Backends.open("cpu").backend();
             TrainingRun run = TrainingRun.resume(backend,
                     TrainingRun.storedConfig(folder, Optional.of(steps)), folder, SILENT)) {
            run.run();
        }
    }

    /// All metrics of a run's steps but those that measure time and memory.
    static List<Map<String, Object>> numbers(Path run) {
        return new MetricsLog(run).rows().stream().map(row -> row.entrySet().stream()
                .filter(metric -> !metric.getKey().matches("(time|throughput|memory)/.*"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue))).toList();
    }

    /// Hears nothing.
    static final TrainingRun.Observer SILENT = new TrainingRun.Observer() {
        @Override
        public void warmedUp(long step, long steps, double loss) {
        }

        @Override
        public void stepped(long step, long steps, Map<String, Double> metrics) {
        }
    };
}
