package org.flowrl.tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/// Finds and opens backends by name.
public final class Backends {
    /// In the order in which `auto` takes them.
    private static final List<String> PREFERENCE = List.of("cuda", "vector", "reference");

    private Backends() {
    }

    /// What an opened backend is and why it was chosen.
    ///
    /// @param backend to be closed by the caller
    /// @param choice one line: the chosen backend and, where the name left a choice, why not the others
    public record Choice(Backend backend, String choice) {
    }

    /// Every device that some provider knows of, available or not, in the order of preference.
    public static List<BackendProvider.Candidate> candidates() {
        return providers().stream().flatMap(provider -> provider.candidates().stream()).toList();
    }

    /// Opens a backend on the {@link #defaultThreads default number of threads}.
    ///
    /// ```java
    /// try (Backend backend = Backends.open("auto").backend(); Scope run = Scope.root("run", backend.memory())) {
    ///     Tensor x = run.of(new float[] {1, 2, 3}, 3);
    /// }
    /// ```
    ///
    /// @param device as {@link #open(String, int)} takes it
    /// @throws UnavailableDeviceException where the named device cannot be used, with the reason
    public static Choice open(String device) {
        return open(device, defaultThreads());
    }

    /// Opens a backend.
    ///
    /// @param device `auto` (the best available), `cpu` (the best available CPU backend), or a candidate's name, which
    ///     never falls back to another
    /// @param threads worker threads, the caller's included; at least 1
    /// @throws UnavailableDeviceException where the named device cannot be used, with the reason
    public static Choice open(String device, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("open: " + threads + " threads must be at least 1");
        }
        List<String> refusals = new ArrayList<>();
        for (BackendProvider provider : providers()) {
            for (BackendProvider.Candidate candidate : provider.candidates()) {
                boolean wanted = switch (device) {
                    case "auto" -> true;
                    case "cpu" -> !provider.name().equals("cuda");
                    default -> candidate.name().equals(device);
                };
                if (!wanted) {
                    continue;
                }
                if (candidate.available()) {
                    Backend backend = provider.open(candidate, threads);
                    String reason = refusals.isEmpty() ? "" : " (" + String.join("; ", refusals) + ")";
                    return new Choice(backend, backend.name() + ": " + backend.description() + reason);
                }
                refusals.add((candidate.name().equals(device) ? "" : "no " + candidate.name() + ": ")
                        + candidate.reason());
            }
        }
        if (refusals.isEmpty()) {
            throw new UnavailableDeviceException(UnknownName.message("device", device, Stream.concat(
                    Stream.of("auto", "cpu"), candidates().stream().map(BackendProvider.Candidate::name)).toList()));
        }
        throw new UnavailableDeviceException("device " + device + " is unavailable: " + String.join("; ", refusals));
    }

    /// The default number of threads: the processors that this JVM may use.
    public static int defaultThreads() {
        return Runtime.getRuntime().availableProcessors();
    }

    private static List<BackendProvider> providers() {
        List<BackendProvider> providers = new ArrayList<>();
        ServiceLoader.load(BackendProvider.class, Backends.class.getClassLoader()).forEach(providers::add);
        providers.sort(Comparator.comparingInt(provider -> {
            int rank = PREFERENCE.indexOf(provider.name());
            return rank < 0 ? PREFERENCE.size() : rank;
        }));
        return providers;
    }

    /// A named device cannot be used; the message says why.
    public static final class UnavailableDeviceException extends RuntimeException {
        private static final long serialVersionUID = 1;

        UnavailableDeviceException(String message) {
            super(message);
        }
    }
}
