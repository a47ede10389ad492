package org.flowrl.bench.kernel;

import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/// Somebody who computes kernels: FlowRL, a peer, or a yardstick. Found by the service loader; the peers are on the
/// class path only in a build with the Maven profile `peers`.
///
/// Constructing an engine loads nothing; {@link #prepare} may load a native library.
public interface Engine {
    /// What an engine's time is compared with, in the order of the table's columns.
    enum Role {
        /// FlowRL itself.
        OURS,
        /// Another library; the ratio is that of the fastest peer.
        PEER,
        /// The scalar reference and the machine's own limits: shown, not in the ratio.
        YARDSTICK
    }

    /// Short, lower case: `flowrl`, `onednn`.
    String name();

    /// What its time means.
    Role role();

    /// The library's version; empty where it is this build.
    default String version() {
        return "";
    }

    /// True where the kernels are Java, which the JIT must compile before a timing counts.
    boolean isJava();

    /// True where {@link #prepare} can compute this case.
    boolean supports(KernelCase kernelCase);

    /// Makes everything ready that a trainer would hold ready before the call: packed weights, primitives, outputs.
    ///
    /// Runs on the thread that later runs the call.
    ///
    /// @param threads how many threads the call may use, the caller's included
    Call prepare(KernelCase kernelCase, Inputs inputs, int threads);

    /// All engines on the class path: ours first, peers, yardsticks, each by name.
    static List<Engine> all() {
        return ServiceLoader.load(Engine.class).stream().map(ServiceLoader.Provider::get)
                .sorted(Comparator.comparing(Engine::role).thenComparing(Engine::name)).toList();
    }

    /// The engine of this name.
    ///
    /// @throws IllegalArgumentException where there is none, naming those that there are
    static Engine named(String name) {
        return all().stream().filter(engine -> engine.name().equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no engine '" + name + "'; there are "
                        + all().stream().map(Engine::name).toList()
                        + " (peers need a build with the Maven profile 'peers')"));
    }
}
