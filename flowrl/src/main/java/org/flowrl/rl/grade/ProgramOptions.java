package org.flowrl.rl.grade;

import java.nio.file.Path;
import java.util.List;

/// What graders of programs leave open to them.
///
/// @param allowUnconfined whether programs run where the kernel cannot confine them
/// @param readable what a runner command may read beside `/usr`, `/lib` and `/bin`; of no use to Java programs
public record ProgramOptions(boolean allowUnconfined, List<Path> readable) {
    /// Confined or not at all, nothing else to read.
    public static final ProgramOptions STRICT = new ProgramOptions(false, List.of());

    /// Copies its argument.
    public ProgramOptions {
        readable = List.copyOf(readable);
    }
}
