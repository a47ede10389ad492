package org.flowrl.rl.grade.code.cell;

/// What the kernel enforces on one cell. The parent watches the size of the output, and the wall time more closely.
///
/// @param wallSeconds until the kernel ends the process, should the parent no longer be there to do so
/// @param cpuSeconds of the whole process, the start of its JVM included
/// @param dataBytes of private writable memory: heap, class data, code, and the stack of each thread, so that it bounds
///     their number too
public record CellLimits(long wallSeconds, long cpuSeconds, long dataBytes) {
    /// @throws IllegalArgumentException where a limit is not positive
    public CellLimits {
        if (wallSeconds <= 0 || cpuSeconds <= 0 || dataBytes <= 0) {
            throw new IllegalArgumentException("cell limits: " + this + " must all be positive");
        }
    }
}
