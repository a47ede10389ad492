package org.flowrl.bench.steps;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Something that can run workloads. Peers are found by {@link java.util.ServiceLoader}.
public interface StepEngine {
    /// The short name in reports, such as `libtorch F32`.
    String name();

    /// One line: versions, and what of the step is done how.
    String description();

    /// Why this workload cannot be run, or empty.
    Optional<String> refusal(Workload workload);

    /// How far its training losses may be from ours, relative.
    double lossTolerance();

    /// Makes weights, tokens and everything else that is not timed.
    ///
    /// @param threads that compute
    Prepared open(Workload workload, int threads);

    /// A workload that is ready to run, again and again. Training goes on from run to run.
    interface Prepared extends AutoCloseable {
        /// Runs once.
        Outcome run();

        /// Frees weights, threads and processes.
        @Override
        void close();
    }

    /// What one run did.
    ///
    /// @param seconds it took
    /// @param tokens it is credited with, see {@link Workload#creditedTokens}
    /// @param loss before the update, nats per token; NaN where there is none
    /// @param generated ids of each sequence; empty where none are generated
    /// @param stages seconds of each stage, in order; may be empty
    record Outcome(double seconds, double tokens, double loss, List<int[]> generated, Map<String, Double> stages) {
        /// Tokens a second.
        public double rate() {
            return tokens / seconds;
        }
    }
}
