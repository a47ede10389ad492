package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A JVM of its own for a program of the test classes: the same `java`, the vector module, and flags to be tested.
final class FreshJvm implements AutoCloseable {
    private static final String END = "end";

    private final List<String> command;
    private final Process process;
    private final BufferedReader output;
    private final Writer input;

    /// Starts a program.
    ///
    /// @param flags of the JVM, separated by spaces; may be empty
    FreshJvm(String flags, Class<?> program, String... arguments) {
        this("--add-modules=jdk.incubator.vector " + flags, List.of(program.getName()), arguments);
    }

    private FreshJvm(String flags, List<String> program, String... arguments) {
        command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", classPath()));
        Arrays.stream(flags.split(" ")).filter(flag -> !flag.isEmpty()).forEach(command::add);
        command.addAll(program);
        command.addAll(List.of(arguments));
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        output = process.inputReader();
        input = process.outputWriter();
    }

    /// The lines that a program prints until it ends, which it must with exit code 0.
    static List<String> run(String flags, Class<?> program, String... arguments) {
        try (FreshJvm jvm = new FreshJvm(flags, program, arguments)) {
            return jvm.finish();
        }
    }

    /// As {@link #run} without flags, in a JVM without the vector module.
    static List<String> runWithoutVectors(Class<?> program, String... arguments) {
        try (FreshJvm jvm = new FreshJvm("", List.of(program.getName()), arguments)) {
            return jvm.finish();
        }
    }

    private List<String> finish() {
        List<String> lines = output.lines().toList();
        try {
            assertThat(process.waitFor()).as(command + "\n" + String.join("\n", lines)).isZero();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + command, e);
        }
        return lines;
    }

    /// Sends a line to the program.
    void say(String line) {
        try {
            input.write(line + "\n");
            input.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("to " + command, e);
        }
    }

    /// What the program prints up to its next {@link #end}.
    List<String> answer() {
        List<String> lines = new ArrayList<>();
        try {
            for (String line = output.readLine(); !END.equals(line); line = output.readLine()) {
                if (line == null) {
                    throw new IllegalStateException(command + " ended early:\n" + String.join("\n", lines));
                }
                lines.add(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("from " + command, e);
        }
        return lines;
    }

    /// In the program: what was asked for is printed.
    static void end() {
        System.out.println(END);
    }

    /// The command line, to run the program by hand.
    @Override
    public String toString() {
        return String.join(" ", command);
    }

    /// Ends the program where it still runs.
    @Override
    public void close() {
        process.destroy();
    }

    /// Where this JVM has the main and the test classes from.
    private static String classPath() {
        return Stream.of(VectorProvider.class, FreshJvm.class).map(type -> {
            try {
                return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }).distinct().collect(Collectors.joining(File.pathSeparator));
    }
}
