package org.flowrl.cli;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import picocli.CommandLine.Option;

/// Where a command computes.
final class DeviceOptions {
    @Option(names = "--device", defaultValue = "auto", paramLabel = "NAME",
            description = "auto, cpu, vector, reference or cuda:N; a named device never falls back (default: auto).")
    private String device;

    @Option(names = "--threads", paramLabel = "N", description = "CPU threads (default: all).")
    private Integer threads;

    /// Opens the backend and says on stderr what was chosen and why not the others.
    Backend open() {
        Backends.Choice choice = choose();
        show(choice.choice());
        return choice.backend();
    }

    /// Opens the backend and leaves it to the command to say what was chosen.
    Backends.Choice choose() {
        return Backends.open(device, threads == null ? Backends.defaultThreads() : threads);
    }

    /// Says on stderr what was chosen.
    static void show(String choice) {
        System.err.println("backend: " + choice);
    }
}
