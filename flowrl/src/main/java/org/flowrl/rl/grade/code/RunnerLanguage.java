package org.flowrl.rl.grade.code;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.flowrl.rl.grade.code.cell.CellJob;
import org.flowrl.tensor.io.IoFault;

/// Any other language, by a command of the user's that runs a source file. The command takes the place of a cell's JVM
/// within the same walls; it can start no processes of its own, so it must be the interpreter itself and not a script
/// that looks for one.
///
/// A harness counts as passed where the exit code is 0, as in HumanEval: unlike in Java, a program that ends itself
/// with that code before its tests passes. Calls of functions are Java's only.
final class RunnerLanguage implements Language {
    private static final List<Path> SYSTEM = Stream.of("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache",
            "/dev/null", "/dev/random", "/dev/urandom").map(Path::of).toList();

    private final Sandbox sandbox;
    private final RunnerCommand command;

    RunnerLanguage(Sandbox sandbox, RunnerCommand command) {
        this.sandbox = sandbox;
        this.command = command;
    }

    @Override
    public Preparation prepare(String source) {
        try {
            Path file = Files.createTempFile("flowrl-program-", command.suffix());
            Files.writeString(file, source);
            return new RunnerProgram(sandbox, command.on(file), file, readable(file));
        } catch (IOException e) {
            throw IoFault.doing("sandbox: writing a program to " + System.getProperty("java.io.tmpdir"), e);
        }
    }

    @Override
    public Preparation prepare(String answer, CodeTests.Harness harness) {
        String signature = harness.declaration().strip().lines().reduce((_, last) -> last).orElse("")
                .replaceFirst("\\(.*", "").strip();
        String whole = answer.contains(signature) ? imports(harness.declaration()) + answer
                : harness.declaration() + answer;
        return prepare(whole + "\n" + harness.test());
    }

    private static String imports(String declaration) {
        return declaration.lines().filter(line -> line.matches("(import|from)\\s.*")).map(line -> line + "\n")
                .collect(Collectors.joining());
    }

    private List<String> readable(Path file) throws IOException {
        Stream<Path> all = Stream.of(SYSTEM.stream(), command.readable().stream(), Stream.of(file))
                .reduce(Stream.empty(), Stream::concat).filter(Files::exists);
        try (all) {
            return all.map(RunnerLanguage::real).distinct().toList();
        }
    }

    private static String real(Path path) {
        try {
            return path.toRealPath().toString();
        } catch (IOException e) {
            throw IoFault.doing("sandbox: " + path, e);
        }
    }

    private record RunnerProgram(Sandbox sandbox, List<String> command, Path file, List<String> readable)
            implements Program {
        @Override
        public Ending runMain(String input, ProgramLimits limits) throws InterruptedException {
            return sandbox.run(new CellJob.Execute(command, readable), input.getBytes(StandardCharsets.UTF_8), limits);
        }

        @Override
        public Ending runHarness(ProgramLimits limits) throws InterruptedException {
            Ending ending = runMain("", limits);
            return ending instanceof Ending.Ended(var exitCode, _, _) && exitCode == 0 ? new Ending.Returned(null)
                    : ending;
        }

        @Override
        public Ending call(CodeTests.Call call, ProgramLimits limits) {
            return new Ending.NotRun("runner commands answer problems on standard input; " + call.method()
                    + " is to be called");
        }

        @Override
        public void close() {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw IoFault.doing("sandbox: removing " + file, e);
            }
        }
    }
}
