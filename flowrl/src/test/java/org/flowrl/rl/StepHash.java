package org.flowrl.rl;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;

/// A program that prints the hash of a small training run's weights and moments, for {@link KernelContractTest} to
/// start under different JVM flags. Arguments: device, threads, repetitions.
final class StepHash {
    private StepHash() {
    }

    /// Prints one hash a repetition; later ones run on warmer code.
    public static void main(String[] arguments) throws IOException {
        for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
            Path folder = Files.createTempDirectory("step-hash");
            System.out.println("hash " + run(arguments[0], Integer.parseInt(arguments[1]), folder.resolve("run")));
            delete(folder);
        }
    }

    private static String run(String device, int threads, Path folder) {
        TrainConfig config = SmallRuns.config("flowrl", Map.of("warmUp.steps", "1", "warmUp.batch", "2",
                "steps", "1"));
        try (Backend backend = Backends.open(device, threads).backend();
             TrainingRun run = TrainingRun.start(backend, config, folder, SmallRuns.SILENT)) {
            run.train();
        }
        return Hashes.sha256(folder.resolve("checkpoints/step-1/trainer_state.safetensors"));
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
