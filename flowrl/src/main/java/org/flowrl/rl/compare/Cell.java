package org.flowrl.rl.compare;

import java.nio.file.Path;

/// One run of a comparison.
public record Cell(Contender contender, double learningRate, long seed, Phase phase) {
    /// What a run is for.
    public enum Phase {
        /// Chooses a learning rate, on the validation seed.
        SWEEP,
        /// Is reported.
        REPORTED
    }

    /// The run's folder within the comparison's.
    public Path folder(Path comparison) {
        return comparison.resolve("cells").resolve(contender.name()).resolve("lr-" + learningRate)
                .resolve("seed-" + seed);
    }

    @Override
    public String toString() {
        return contender.name() + ", learning rate " + learningRate + ", seed " + seed
                + (phase == Phase.SWEEP ? " (sweep)" : "");
    }
}
