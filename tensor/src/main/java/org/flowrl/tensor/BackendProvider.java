package org.flowrl.tensor;

import java.util.List;

/// Offers backends of one kind; found by {@link java.util.ServiceLoader}. Must load and answer where the device, its
/// driver or a JVM module is missing.
public interface BackendProvider {
    /// The name that `--device` takes: `vector`, `reference`, or `cuda`, which is followed by a card's index.
    String name();

    /// What this provider finds on this machine, at least one entry.
    List<Candidate> candidates();

    /// Opens the backend of an available candidate.
    ///
    /// @param threads worker threads, the caller's included; at least 1
    Backend open(Candidate candidate, int threads);

    /// One device as found.
    ///
    /// @param name what `--device` takes, such as `vector` or `cuda:0`
    /// @param available true where {@link #open} can be called
    /// @param reason what it is, or why it is not available
    record Candidate(String name, boolean available, String reason) {
    }
}
