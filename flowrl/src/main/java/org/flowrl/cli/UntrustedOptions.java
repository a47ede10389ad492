package org.flowrl.cli;

import java.nio.file.Path;
import java.util.List;
import org.flowrl.rl.grade.ProgramOptions;
import picocli.CommandLine.Option;

/// What programs of strangers are allowed.
final class UntrustedOptions {
    @Option(names = "--allow-unconfined", description = "Run programs even where the kernel cannot confine them.")
    private boolean allowUnconfined;

    @Option(names = "--readable", split = ",", hideParamSyntax = true, paramLabel = "PATH",
            description = "Files and folders that the command "
            + "of run:COMMAND needs to read beside /usr, /lib and /bin, separated by commas.")
    private List<Path> readable = List.of();

    ProgramOptions options() {
        return new ProgramOptions(allowUnconfined, readable);
    }
}
