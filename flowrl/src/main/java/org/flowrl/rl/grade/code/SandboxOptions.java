package org.flowrl.rl.grade.code;

/// How programs of strangers are run.
///
/// @param allowUnconfined whether they run where the kernel has no means of confining them; not if it can be helped
/// @param parallelism programs that run at the same time
/// @param heapBytes the largest heap of a program's JVM
/// @param compileSeconds after which a source counts as one that the compiler does not finish
public record SandboxOptions(boolean allowUnconfined, int parallelism, long heapBytes, int compileSeconds) {
    private static final long DEFAULT_HEAP_BYTES = 256L << 20;
    private static final int DEFAULT_COMPILE_SECONDS = 20;
    /// Class data, compiled code, the collector's tables, the main thread's stack and those of some hundred others.
    private static final long BESIDE_HEAP_BYTES = 512L << 20;

    /// @throws IllegalArgumentException where a number is not positive
    public SandboxOptions {
        if (parallelism <= 0 || heapBytes <= 0 || compileSeconds <= 0) {
            throw new IllegalArgumentException("sandbox: parallelism " + parallelism + ", heap " + heapBytes
                    + " bytes and compiling " + compileSeconds + " s must be positive");
        }
    }

    /// Confined or not at all, one program for each processor, 256 MiB of heap each.
    public static SandboxOptions standard() {
        return new SandboxOptions(false, Runtime.getRuntime().availableProcessors(), DEFAULT_HEAP_BYTES,
                DEFAULT_COMPILE_SECONDS);
    }

    /// The same with or without the user's leave to run unconfined.
    public SandboxOptions withAllowUnconfined(boolean allowed) {
        return new SandboxOptions(allowed, parallelism, heapBytes, compileSeconds);
    }

    /// Private writable memory of a cell's process.
    long dataBytes() {
        return heapBytes + BESIDE_HEAP_BYTES;
    }
}
