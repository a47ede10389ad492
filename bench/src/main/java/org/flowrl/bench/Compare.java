package org.flowrl.bench;

import org.flowrl.bench.kernel.KernelsCommand;
import org.flowrl.bench.steps.StepsCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// Entry point of `benchmarks.jar`.
@Command(name = "benchmarks.jar", mixinStandardHelpOptions = true,
        subcommands = {KernelsCommand.class, StepsCommand.class, LoadCommand.class},
        description = "Measure FlowRL beside its peers and write tables of ratios to bench/results.")
public final class Compare {
    private Compare() {
    }

    /// Runs a subcommand; the exit code is 0 where everything asked for was measured and agrees.
    public static void main(String[] args) {
        System.exit(new CommandLine(new Compare()).execute(args));
    }
}
