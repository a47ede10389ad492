package org.flowrl.cli;

import org.flowrl.tensor.Backends;
import picocli.CommandLine.Option;

/// Where a command computes.
final class DeviceOptions {
    @Option(names = "--device", defaultValue = "auto", paramLabel = "NAME",
            description = "auto, cpu, vector, reference or cuda:N; a named device never falls back (default: auto).")
    private String device;

    @Option(names = "--threads", paramLabel = "N", description = "CPU threads (default: all).")
    private Integer threads;

    /// Opens the backend. What was chosen is to be shown once nothing is left to refuse.
    Backends.Choice choose() {
        if (threads != null && threads < 1) {
            throw new IllegalArgumentException("--threads " + threads + " must be at least 1");
        }
        return Backends.open(device, threads == null ? Backends.defaultThreads() : threads);
    }

    /// Says on stderr what was chosen and why not the others.
    static void show(String choice) {
        System.err.println("backend: " + choice);
    }
}
