package org.flowrl.bench.kernel;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// A kernel call made ready by an {@link Engine}.
public interface Call extends AutoCloseable {
    /// Computes the case {@link #repetitions} times into outputs that exist already.
    void run();

    /// The results of the last run, F32, in the order that the case's class documents; empty for a call that computes
    /// nothing of meaning.
    List<MemorySegment> results();

    /// How often one {@link #run} does the case's work; 1 for every kernel.
    default long repetitions() {
        return 1;
    }

    /// Gives back what the engine holds for this call.
    @Override
    void close();
}
