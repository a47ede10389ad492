package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.flowrl.rl.grade.code.cell.Compilation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Compile servers that misbehave, played by the shell. Four zero bytes say that a server is ready.
class JavaCompilersTest {
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Process> started = new ArrayList<>();

    @BeforeEach
    void needsAShell() {
        assumeThat(Files.isExecutable(Path.of("/bin/sh"))).as("/bin/sh is there").isTrue();
    }

    @AfterEach
    void endThreads() {
        threads.shutdown();
    }

    /// @param seconds that a source may take
    private JavaCompilers servers(String script, int seconds) {
        return new JavaCompilers(() -> {
            try {
                started.add(new ProcessBuilder("/bin/sh", "-c", script).start());
                return started.getLast();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }, threads, seconds);
    }

    @Test
    void aSourceThatIsNotFinishedIsStoppedAndTheServerReplaced() throws InterruptedException {
        try (JavaCompilers servers = servers("printf '\\0\\0\\0\\0'; exec sleep 600", 1)) {
            assertThat(servers.compile("class A { }")).isEqualTo(new Compilation.TooSlow());
            assertThat(servers.compile("class B { }")).isEqualTo(new Compilation.TooSlow());
        }
        assertThat(started).hasSize(2);
        for (Process server : started) {
            assertThat(server.waitFor((long) Sandboxes.PATIENT_SECONDS, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aServerThatDiesOnASourceIsReplaced() throws InterruptedException {
        try (JavaCompilers servers = servers("printf '\\0\\0\\0\\0'; head -c 5 > /dev/null; echo 'no memory' >&2",
                (int) Sandboxes.PATIENT_SECONDS)) {
            assertThat(servers.compile("class A { }")).isEqualTo(
                    new Compilation.Rejected("the compiler ended on it: no memory"));
        }
    }

    @Test
    void aServerThatCannotStartSaysWhy() {
        try (JavaCompilers servers = servers("echo 'no compiler here' >&2; exit 1", 1)) {
            assertThatExceptionOfType(UnconfinedException.class).isThrownBy(() -> servers.compile("class A { }"))
                    .withMessageContaining("no compiler here");
        }
    }
}
