package org.flowrl.rl;

import java.nio.file.Path;
import java.util.Map;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;

/// A program that trains lattice for a few steps on a device and prints what it measures, for {@link CardTrainingTest}.
/// Arguments: device, run folder.
final class CardSteps {
    private CardSteps() {
    }

    /// Prints a line `name step value` for each warm-up loss and each metric of each step.
    public static void main(String[] arguments) {
        TrainConfig config = SmallRuns.config("flowrl", Map.of("steps", "3", "rollout.samples", "4"));
        TrainingRun.Observer printer = new TrainingRun.Observer() {
            @Override
            public void warmedUp(long step, long steps, double loss) {
                System.out.println("warm-up " + step + " " + loss);
            }

            @Override
            public void stepped(long step, long steps, Map<String, Double> metrics) {
                metrics.forEach((name, value) -> System.out.println(name + " " + step + " " + value));
            }
        };
        try (Backend backend = Backends.open(arguments[0], 1).backend();
                TrainingRun run = TrainingRun.start(backend, config, Path.of(arguments[1]), printer)) {
            run.train();
        }
    }
}
