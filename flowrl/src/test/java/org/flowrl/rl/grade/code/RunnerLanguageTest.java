package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.EXITED;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.NOT_RUN;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.PASSED;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.TIME_LIMIT;
import static org.flowrl.rl.grade.code.CodeOutcome.Kind.WRONG_ANSWER;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// A user's command, here the shell that every machine has: its built-in commands are all that a cell lets it run.
class RunnerLanguageTest {
    private static final String DOUBLING = "[{\"input\": \"4\\n\", \"output\": \"8\"}]";

    @TempDir
    private static Path folder;
    private static Path secret;
    /// For programs that end by themselves, and for those that do not.
    private static CodeGrader grader;
    private static CodeGrader hastyGrader;

    @BeforeAll
    static void open() throws IOException {
        Path shell = Path.of("/bin/sh");
        assumeThat(Files.isExecutable(shell)).as("%s is there", shell).isTrue();
        secret = Files.writeString(folder.resolve("secret"), "8");
        RunnerCommand command = RunnerCommand.parse("/bin/sh {file}", ".sh", List.of());
        grader = Sandboxes.grader(Sandboxes.patientRules(), command);
        hastyGrader = Sandboxes.grader(new TestRules(15, 2, 2, 1, 1, false), command);
    }

    @AfterAll
    static void close() {
        Stream.of(grader, hastyGrader).filter(Objects::nonNull).forEach(CodeGrader::close);
    }

    static Stream<Arguments> programs() {
        return Stream.of(
                Arguments.of("read n; echo $((2 * n))", PASSED),
                Arguments.of("echo 7", WRONG_ANSWER),
                Arguments.of("echo 8; exit 3", EXITED),
                Arguments.of("while true; do :; done", TIME_LIMIT),
                // Reads with the shell's own means, writes, forks, signals: refused each time.
                Arguments.of("read x < SECRET; echo $x", WRONG_ANSWER),
                Arguments.of("read x < /etc/passwd && echo 8", EXITED),
                Arguments.of("echo 8; echo 8 > SECRET.new", EXITED),
                Arguments.of("echo 8; (exit 0)", EXITED),
                Arguments.of("/bin/echo 8", EXITED),
                Arguments.of("echo 8; kill -9 $PPID", EXITED),
                Arguments.of("f() { f | f & }; f; echo 8", EXITED),
                // The one program that a shell can still become is a program of the system, within the same walls.
                Arguments.of("exec /bin/cat SECRET", EXITED));
    }

    @ParameterizedTest
    @MethodSource("programs")
    void runsWithinTheSameWalls(String program, CodeOutcome.Kind kind) {
        CodeGrader own = kind == TIME_LIMIT ? hastyGrader : grader;
        CodeOutcome outcome = own.grade(DOUBLING, "```sh\n" + program.replace("SECRET", secret.toString())
                + "\n```");
        assertThat(outcome.kind()).as(outcome.toString()).isEqualTo(kind);
        assertThat(secret).hasContent("8");
        assertThat(folder).isDirectoryNotContaining("glob:**.new");
    }

    @Test
    void aHarnessPassesByItsExitCode() {
        String harness = "{\"declaration\": \"double() {\\n\", \"test\": \"double 2; [ $twice = 4 ] || exit 1\"}";
        assertThat(grader.grade(harness, "twice=$((2 * $1))\n}\n").kind()).isEqualTo(PASSED);
        assertThat(grader.grade(harness, "twice=$1\n}\n").kind()).isEqualTo(EXITED);
    }

    @Test
    void callsAreNotForCommands() {
        String call = "[{\"input\": \"1\", \"output\": \"1\", \"testtype\": \"functional\", "
                + "\"metadata\": {\"func_name\": \"f\"}}]";
        assertThat(grader.grade(call, "```\necho 1\n```").kind()).isEqualTo(NOT_RUN);
    }

    @Test
    void aCommandNamesAProgramAndTheFile() {
        assertThatIllegalArgumentException().isThrownBy(() -> RunnerCommand.parse("sh {file}", ".sh", List.of()))
                .withMessageContaining("absolute path of an executable file");
        assertThatIllegalArgumentException().isThrownBy(() -> RunnerCommand.parse("/bin/sh file", ".sh", List.of()))
                .withMessageContaining("must contain {file}");
    }
}
