package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The committed PTX is that of the committed sources.
class PtxTest {
    private static final int SPILLED_BYTES = 32;

    private static String tool(String name) throws IOException, InterruptedException {
        assumeTrue(EmulatedCuda.runs(name, "--version"), name + " is not on this machine");
        Process process = new ProcessBuilder(name, "--version").start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return text;
    }

    @Test
    void thePtxCarriesTheHashOfItsSource() throws IOException {
        assertThat(PtxCompiler.sources()).isNotEmpty();
        for (Path source : PtxCompiler.sources()) {
            assertThat(Files.readString(PtxCompiler.ptx(source))).as(source + ": run PtxCompiler")
                    .startsWith(PtxCompiler.firstLine(source) + "\n");
        }
    }

    @Test
    void theSameCompilerGivesTheSamePtx() throws IOException, InterruptedException {
        String version = tool("nvcc");
        for (Path source : PtxCompiler.sources()) {
            String committed = Files.readString(PtxCompiler.ptx(source));
            String release = committed.lines().filter(line -> line.contains("release")).findFirst().orElseThrow()
                    .replaceFirst(".*, (?=V)", "");
            assumeTrue(version.contains(release), "the PTX was made by nvcc " + release + ", here is another one");
            assertThat(PtxCompiler.compile(source)).as(source.toString()).isEqualTo(committed);
        }
    }

    @Test
    void everyPtxCanBeAssembled() throws IOException, InterruptedException {
        for (Path source : PtxCompiler.sources()) {
            assemble(source, "-O1");
        }
    }

    /// A thread holds up to 192 sums, of 255 registers. What else does not fit goes to memory: some words of what the
    /// loops read seldom, not sums.
    @Test
    void kernelsOnTensorCoresKeepTheirSumsInRegisters() throws IOException, InterruptedException {
        for (Path source : PtxCompiler.sources()) {
            if (source.getFileName().toString().startsWith("flash")) {
                assertThat(Pattern.compile("(\\d+) bytes spill stores").matcher(assemble(source, "-v")).results()
                        .map(spills -> Integer.valueOf(spills.group(1)))).as(source.toString()).isNotEmpty()
                        .allMatch(bytes -> bytes <= SPILLED_BYTES);
            }
        }
    }

    /// What the assembler says for the oldest and the reference card.
    private static String assemble(Path source, String option) throws IOException, InterruptedException {
        tool("ptxas");
        StringBuilder all = new StringBuilder();
        for (String architecture : new String[] {"sm_80", "sm_90"}) {
            Process process = new ProcessBuilder("ptxas", option, "-arch=" + architecture, "-o", "/dev/null",
                    PtxCompiler.ptx(source).toString()).redirectErrorStream(true).start();
            String messages = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(source + " for " + architecture + "\n" + messages).isZero();
            all.append(messages);
        }
        return all.toString();
    }
}
