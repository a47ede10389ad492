package org.flowrl.rl.task;

/// Judges responses. Must not throw: what goes wrong is a {@link Verdict}.
@FunctionalInterface
public interface Verifier {
    /// @param problem the question
    /// @param response the policy's text, without the end-of-sequence token
    /// @param finished false where the response was cut at the length limit
    Verdict verify(Problem problem, String response, boolean finished);

    /// How many responses may be judged at a time, which pays where a verifier waits for other processes. 1 unless the
    /// verifier is safe to use from many threads.
    default int parallelism() {
        return 1;
    }
}
