package org.flowrl.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.flowrl.tensor.io.IoFault;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `flowrl`: trains, samples from and inspects language models. Errors are one line; `--verbose` adds the stack trace.
/// The exit code is 0 only on success: 1 where something went wrong, 2 where the command line did.
@Command(name = "flowrl", mixinStandardHelpOptions = true, versionProvider = Main.Version.class,
        description = "LLM reinforcement learning on the JVM: FlowRL and its baselines.",
        subcommands = {
            TrainCommand.class,
            CompareCommand.class,
            ToyCommand.class,
            SftCommand.class,
            EvalCommand.class,
            ScoreCommand.class,
            GenerateCommand.class,
            ForwardCommand.class,
            TokenizeCommand.class,
            InspectCommand.class,
            DevicesCommand.class,
            DoctorCommand.class})
public final class Main implements Runnable {
    /// As shells count a program that Ctrl-C ended.
    static final int INTERRUPTED = 130;

    /// Held here, since the logging system forgets a logger that nobody holds, and its level with it.
    private static final Logger PARQUET_LOG = Logger.getLogger("dev.hardwood");

    @Option(names = "--verbose", scope = CommandLine.ScopeType.INHERIT, description = "Show stack traces of errors.")
    private boolean verbose;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    /// Runs a command and ends the JVM with its exit code.
    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    /// Runs a command and returns its exit code.
    static int run(String... arguments) {
        // The Parquet library tells which of its code paths it takes.
        PARQUET_LOG.setLevel(Level.WARNING);
        Main main = new Main();
        CommandLine commandLine = new CommandLine(main);
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        AlgorithmList.addTo(commandLine.getSubcommands().get("train"));
        commandLine.setExecutionExceptionHandler((error, command, parsed) -> main.report(error, command.getErr()));
        commandLine.setParameterExceptionHandler((error, rejected) -> {
            PrintWriter err = error.getCommandLine().getErr();
            err.println("error: " + oneLine(UsageFault.describe(error)) + " (see "
                    + error.getCommandLine().getCommandSpec().qualifiedName() + " --help)");
            return CommandLine.ExitCode.USAGE;
        });
        int exitCode = commandLine.execute(arguments);
        // Java's streams keep quiet of what they could not write.
        if (exitCode == CommandLine.ExitCode.OK && System.out.checkError()) {
            System.err.println("error: cannot write standard output: its disk is full or its reader has gone");
            return CommandLine.ExitCode.SOFTWARE;
        }
        return exitCode;
    }

    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }

    private int report(Exception error, PrintWriter err) {
        err.println("error: " + oneLine(describe(error)));
        if (verbose) {
            error.printStackTrace(err);
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static String describe(Exception error) {
        // What Java's own streams throw, which repeat the message of their cause, and what passes through a command.
        IOException bare = error instanceof UncheckedIOException io && io.getMessage().equals(io.getCause().toString())
                ? io.getCause() : error instanceof IOException io ? io : null;
        if (bare != null) {
            String file = bare instanceof FileSystemException of && of.getFile() != null ? of.getFile() + ": " : "";
            return file + IoFault.reason(bare);
        }
        return Optional.ofNullable(error.getMessage()).orElse(error.toString());
    }

    private static String oneLine(String message) {
        return message.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    /// The version in the jar's manifest.
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Optional.ofNullable(Main.class.getPackage().getImplementationVersion())
                    .orElse("(not run from the jar)");
            return new String[] {"flowrl " + version + ", Java " + Runtime.version()};
        }
    }
}
