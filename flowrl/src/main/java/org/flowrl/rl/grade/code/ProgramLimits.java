package org.flowrl.rl.grade.code;

import org.flowrl.rl.grade.code.cell.CellLimits;

/// What one run of a program may take. Its heap is the sandbox's ({@link SandboxOptions#heapBytes()}).
///
/// @param wallSeconds from the start of the program; that of its JVM is not counted
/// @param cpuSeconds of all its threads together; the start of its JVM is counted
/// @param outputBytes on standard output, and as many on standard error
public record ProgramLimits(double wallSeconds, long cpuSeconds, int outputBytes) {
    /// The output that a run may print unless it is said otherwise.
    public static final int DEFAULT_OUTPUT_BYTES = 16 << 20;

    /// Seconds on which the kernel ends a process that the parent has not ended.
    private static final long GRACE_SECONDS = 2;
    /// Two seconds of CPU for each second of wall time let collector and compilers run beside the program.
    private static final int CPU_PER_WALL = 2;
    /// What starts before the program: the JVM.
    private static final long START_CPU_SECONDS = 1;

    /// @throws IllegalArgumentException where a limit is not positive
    public ProgramLimits {
        if (!(wallSeconds > 0) || cpuSeconds <= 0 || outputBytes <= 0) {
            throw new IllegalArgumentException("program limits: " + wallSeconds + " s, " + cpuSeconds
                    + " s of CPU and " + outputBytes + " bytes must be positive");
        }
    }

    /// A limit of wall time, with the usual ones of CPU time and output.
    public static ProgramLimits ofSeconds(double wallSeconds) {
        return new ProgramLimits(wallSeconds, CPU_PER_WALL * (long) Math.ceil(wallSeconds) + START_CPU_SECONDS,
                DEFAULT_OUTPUT_BYTES);
    }

    CellLimits forCell(long dataBytes) {
        return new CellLimits((long) Math.ceil(wallSeconds) + GRACE_SECONDS, cpuSeconds, dataBytes);
    }
}
