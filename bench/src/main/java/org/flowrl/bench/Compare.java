package org.flowrl.bench;

import org.flowrl.bench.kernel.KernelsCommand;
import org.flowrl.bench.steps.StepsCommand;
import org.flowrl.cli.Bootstrap;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/// Entry point of `benchmarks.jar`, which sees to the vector module as `flowrl.jar` does.
public final class Compare {
    private Compare() {
    }

    /// Runs a subcommand; the exit code is 0 where everything asked for was measured and agrees.
    public static void main(String[] args) throws Throwable {
        Bootstrap.start(Compare.class, Program.class.getName(), args);
    }

    /// The command line, in a JVM that has the vector module where there is one.
    @Command(name = "benchmarks.jar", mixinStandardHelpOptions = true,
            subcommands = {KernelsCommand.class, StepsCommand.class, LoadCommand.class},
            description = "Measure FlowRL beside its peers and write tables of ratios to bench/results.")
    public static final class Program {
        private Program() {
        }

        /// Runs a subcommand.
        public static void main(String[] args) {
            System.exit(new CommandLine(new Program()).execute(args));
        }
    }
}
