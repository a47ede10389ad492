package org.flowrl.rl;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;
import org.flowrl.autograd.Parameter;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;

/// A program that trains lattice for a few steps on a device and prints what it measures, for {@link CardTrainingTest}
/// and `run-on-gpu.sh`.
final class CardSteps {
    private CardSteps() {
    }

    /// Prints a line `name step value` for each warm-up loss and each metric of each step, and `base step value` for a
    /// checksum of the frozen model that adapters are trained upon, before and after.
    ///
    /// @param arguments device, run folder, and perhaps `steps` (`3`; or `10,20` to stop after 10 and go on to 20) and
    ///     more settings of the configuration, each as `key=value`
    public static void main(String[] arguments) {
        Path folder = Path.of(arguments[1]);
        Map<String, String> settings = new HashMap<>(Map.of("steps", "3", "rollout.samples", "4"));
        Arrays.stream(arguments).skip(2).map(setting -> setting.split("=", 2))
                .forEach(setting -> settings.put(setting[0], setting[1]));
        String preset = Optional.ofNullable(settings.remove("preset")).orElse("lattice");
        String[] stops = settings.get("steps").split(",");
        settings.put("steps", stops[0]);
        for (String stop : stops) {
            try (Backend backend = Backends.open(arguments[0], 1).backend();
                    TrainingRun run = stop.equals(stops[0])
                            ? TrainingRun.start(backend, SmallRuns.preset(preset, "flowrl", settings), folder, PRINTER)
                            : TrainingRun.resume(backend, TrainingRun.storedConfig(folder,
                                    Optional.of(Long.valueOf(stop))), folder, PRINTER)) {
                printBase(run);
                run.train();
                printBase(run);
            }
        }
    }

    private static final TrainingRun.Observer PRINTER = new TrainingRun.Observer() {
        @Override
        public void warmedUp(long step, long steps, double loss) {
            System.out.println("warm-up " + step + " " + loss);
        }

        @Override
        public void stepped(long step, long steps, Map<String, Double> metrics) {
            metrics.forEach((name, value) -> System.out.println(name + " " + step + " " + value));
        }
    };

    private static void printBase(TrainingRun run) {
        if (!run.config().lora().isOn()) {
            return;
        }
        CRC32 sum = new CRC32();
        for (Parameter parameter : run.policy().model().store().parameters()) {
            for (float value : parameter.value().toFloats()) {
                sum.update(ByteBuffer.allocate(Float.BYTES).putFloat(value).flip());
            }
        }
        System.out.println("base " + run.stepsDone() + " " + sum.getValue());
    }
}
