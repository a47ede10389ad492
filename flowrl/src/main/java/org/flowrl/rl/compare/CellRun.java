package org.flowrl.rl.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.flowrl.rl.Checkpoint;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.DivergedException;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.TrainingRun;
import org.flowrl.rl.YamlRecords;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.io.AtomicFile;
import org.flowrl.tensor.io.IoFault;

/// Runs one cell in its folder, from where an earlier session left it.
final class CellRun {
    private static final String OUTCOME = "cell.yaml";

    private final TrainConfig config;
    private final Path folder;

    /// @param folder of the run
    CellRun(TrainConfig config, Path folder) {
        this.config = config;
        this.folder = folder;
    }

    /// How the run in `folder` ended, or empty where it has not.
    static Optional<Outcome> outcome(Path folder) {
        Path file = folder.resolve(OUTCOME);
        return Files.exists(file) ? Optional.of(YamlRecords.read(file, Outcome.class)) : Optional.empty();
    }

    /// @throws IllegalArgumentException where the folder holds a run with another configuration
    void requireSameConfiguration() {
        Path file = folder.resolve("config.yaml");
        if (Files.exists(file) && !ConfigFile.read(file).equals(config)) {
            throw new IllegalArgumentException("compare: " + file + " is of a run with other settings; give another"
                    + " --out, or remove " + folder);
        }
    }

    /// Runs what is left to run.
    ///
    /// @param training hears of the run when it can be stopped
    /// @throws CancellationException where it was stopped: it has not ended
    Outcome run(Supplier<Backend> backends, TrainingRun.Observer observer, Consumer<TrainingRun> training) {
        Optional<Outcome> known = outcome(folder).filter(Outcome::settled);
        if (known.isPresent()) {
            return known.get();
        }
        Outcome outcome;
        try {
            train(backends, observer, training);
            outcome = new Outcome.Completed();
        } catch (CancellationException e) {
            throw e;
        } catch (DivergedException e) {
            outcome = new Outcome.Diverged(e.getMessage());
        } catch (RuntimeException e) {
            outcome = new Outcome.Failed(Optional.ofNullable(e.getMessage()).orElse(e.toString()));
        }
        write(outcome);
        return outcome;
    }

    private void train(Supplier<Backend> backends, TrainingRun.Observer observer, Consumer<TrainingRun> training) {
        boolean resumed = Checkpoint.latest(folder).isPresent();
        if (!resumed) {
            clear();
        }
        try (Backend backend = backends.get();
             TrainingRun run = resumed ? TrainingRun.resume(backend, config, folder, observer)
                     : TrainingRun.start(backend, config, folder, observer)) {
            training.accept(run);
            run.run();
        }
    }

    /// Removes what a run left that ended before its first checkpoint.
    private void clear() {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw IoFault.doing("cannot remove " + folder, e);
        }
    }

    private void write(Outcome outcome) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw IoFault.writing(folder, e);
        }
        AtomicFile.write(folder.resolve(OUTCOME), YamlRecords.text(outcome));
    }
}
