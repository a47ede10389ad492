package org.flowrl.bench.steps;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.bench.steps.StepEngine.Outcome;
import org.flowrl.rl.Presets;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.TrainingRun;
import org.flowrl.tensor.Backend;

/// Steps of `train --preset lattice` as the program runs them, in a temporary run folder. One run is a short training
/// run of its own; its figures are the medians of the steps after {@link #WARM} ones. Evaluation, checkpoints and logs
/// are outside a step's time.
final class FlowRlLattice implements StepEngine.Prepared {
    /// Steps that warm the JVM up.
    static final int WARM = 150;

    /// Steps that are measured.
    static final int MEASURED = 100;

    private static final List<String> STAGES = List.of("rollout", "score", "update");

    private final Backend backend;

    FlowRlLattice(Backend backend) {
        this.backend = backend;
    }

    @Override
    public Outcome run() {
        Path folder = temporaryFolder();
        List<Map<String, Double>> steps = new ArrayList<>();
        TrainingRun.Observer collector = new TrainingRun.Observer() {
            @Override
            public void warmedUp(long step, long count, double loss) {
                // The supervised warm-up is not measured.
            }

            @Override
            public void stepped(long step, long count, Map<String, Double> metrics) {
                steps.add(metrics);
            }
        };
        try (TrainingRun run = TrainingRun.start(backend, config(), folder.resolve("run"), collector)) {
            run.run();
        } finally {
            delete(folder);
        }
        return outcome(steps.subList(WARM, WARM + MEASURED));
    }

    /// The preset, as long as needed, without evaluations or checkpoints on the way.
    private static TrainConfig config() {
        TrainConfig preset = Presets.config("lattice", "flowrl");
        long steps = WARM + MEASURED;
        return new TrainConfig(preset.task(), preset.model(), preset.size(), preset.seed(), steps, preset.warmUp(),
                preset.rollout(), preset.update(), preset.objective(), steps, steps, 1);
    }

    private static Outcome outcome(List<Map<String, Double>> steps) {
        Map<String, Double> stages = new LinkedHashMap<>();
        double[] seconds = new double[steps.size()];
        double[] tokens = new double[steps.size()];
        for (String stage : STAGES) {
            String metric = "time/" + stage + "_seconds";
            stages.put(stage, Samples.median(steps.stream().mapToDouble(step -> step.get(metric)).toArray()));
            for (int i = 0; i < seconds.length; i++) {
                seconds[i] += steps.get(i).get(metric);
            }
        }
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = steps.get(i).get("throughput/response_tokens_per_second") * seconds[i];
        }
        return new Outcome(Samples.median(seconds), Samples.median(tokens), Double.NaN, List.of(), stages);
    }

    @Override
    public void close() {
        backend.close();
    }

    private static Path temporaryFolder() {
        try {
            return Files.createTempDirectory("flowrl-lattice");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(folder.toString(), e);
        }
    }
}
