package org.flowrl.rl.grade.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.flowrl.rl.grade.code.cell.CellJob;
import org.flowrl.rl.grade.code.cell.Compilation;
import org.junit.jupiter.api.Test;

class SandboxTest {
    /// By this a cell's JVM believes to be on a machine whose system calls nobody has written down.
    private static final List<String> ELSEWHERE = List.of("-Dos.name=Plan9");

    private static Ending run(Sandbox sandbox, String statements, ProgramLimits limits) throws InterruptedException {
        String source = "class Main { public static void main(String[] args) throws Exception { " + statements
                + " } }";
        return sandbox.run(new CellJob.RunMain(((Compilation.Compiled) sandbox.compile(source)).classes(), false),
                "in".getBytes(StandardCharsets.UTF_8), limits);
    }

    @Test
    void namesTheKernelsMeans() {
        try (Sandbox sandbox = Sandboxes.open()) {
            assertThat(sandbox.isConfined()).isTrue();
            assertThat(sandbox.means()).matches(
                    "Landlock \\(version \\d+\\) and seccomp on (x86-64|AArch64)");
        }
    }

    @Test
    void refusesToRunProgramsWhereNothingConfinesThem() {
        assertThatExceptionOfType(UnconfinedException.class)
                .isThrownBy(() -> Sandbox.open(SandboxOptions.standard(), ELSEWHERE))
                .withMessageStartingWith("sandbox: refuses to run programs, for nothing would confine them: "
                        + "needs Linux on x86-64 or AArch64; this is Plan9")
                .withMessageEndingWith("--allow-unconfined runs them all the same");
    }

    @Test
    void runsUnconfinedWhereTheUserAllowsIt() throws InterruptedException {
        try (Sandbox sandbox = Sandbox.open(SandboxOptions.standard().withAllowUnconfined(true), ELSEWHERE)) {
            assertThat(sandbox.isConfined()).isFalse();
            assertThat(sandbox.means()).startsWith("none: needs Linux");
            Ending ending = run(sandbox, "System.out.print(new String(System.in.readAllBytes()));",
                    ProgramLimits.ofSeconds(Sandboxes.PATIENT_SECONDS));
            assertThat(ending).isInstanceOfSatisfying(Ending.Ended.class, ended -> {
                assertThat(ended.exitCode()).isZero();
                assertThat(ended.output()).asString().isEqualTo("in");
            });
        }
    }

    @Test
    void staysConfinedWhereTheUserAllowsOtherwiseButTheKernelHasTheMeans() {
        Sandboxes.open().close();
        try (Sandbox sandbox = Sandbox.open(SandboxOptions.standard().withAllowUnconfined(true))) {
            assertThat(sandbox.isConfined()).isTrue();
        }
    }

    @Test
    void cpuTimeOfAllThreadsIsLimited() throws InterruptedException {
        try (Sandbox sandbox = Sandboxes.open()) {
            // A second of CPU time takes as long as the machine's other work leaves it.
            Ending ending = run(sandbox, "for (int i = 0; i < 50; i++) new Thread(() -> { while (true) { } }).start();",
                    new ProgramLimits(5 * Sandboxes.PATIENT_SECONDS, 1, ProgramLimits.DEFAULT_OUTPUT_BYTES));
            assertThat(ending).isEqualTo(new Ending.Stopped(Ending.Limit.CPU_TIME));
        }
    }

    @Test
    void theEnvironmentIsNotPassedOn() throws InterruptedException {
        try (Sandbox sandbox = Sandboxes.open()) {
            Ending ending = run(sandbox, "System.out.print(new java.util.TreeSet<>(System.getenv().keySet()));",
                    ProgramLimits.ofSeconds(Sandboxes.PATIENT_SECONDS));
            assertThat(((Ending.Ended) ending).output()).asString().isEqualTo("[LANG, MALLOC_ARENA_MAX]");
        }
    }

    @Test
    void closingRemovesItsFolder() throws IOException {
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        Sandbox sandbox = Sandboxes.open();
        Path home = sandbox.folder();
        assertThat(home).isDirectory().hasParent(temporary.toRealPath());
        sandbox.close();
        assertThat(Files.exists(home)).isFalse();
    }

    @Test
    void limitsMustBePositive() {
        assertThatIllegalArgumentException().isThrownBy(() -> ProgramLimits.ofSeconds(0));
        assertThatIllegalArgumentException().isThrownBy(() -> new SandboxOptions(false, 0, 1, 1))
                .withMessageContaining("parallelism 0");
    }
}
