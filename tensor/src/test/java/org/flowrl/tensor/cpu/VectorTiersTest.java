package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.flowrl.tensor.BackendProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every kernel has the same bits on every JIT tier and vector length, each in a JVM of its own.
class VectorTiersTest {
    /// Repetitions that take the compiled tiers through all their code, cold and hot.
    private static final String MANY = "100";
    private static final String ONE = "1";

    @BeforeEach
    void needsTheVectorBackend() {
        BackendProvider.Candidate candidate = new VectorProvider().candidates().getFirst();
        assumeTrue(candidate.available(), candidate.reason());
    }

    private static String expected() {
        try (ReferenceBackend reference = new ReferenceBackend()) {
            return "digest " + VectorDigest.of(reference);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-Xint", "-Xint -Dflowrl.vectorBits=512", "-Xint -Dflowrl.vectorBits=128"})
    void theInterpreterGivesTheReferencesBits(String flags) {
        assertThat(run(flags, "vector", "2", ONE)).contains(expected());
    }

    @ParameterizedTest
    @ValueSource(strings = {"-XX:+TieredCompilation", "-XX:TieredStopAtLevel=1", "-XX:UseAVX=2", "-Xbatch",
        "-XX:MaxVectorSize=16", "-Dflowrl.vectorBits=128"})
    void compiledCodeGivesTheReferencesBits(String flags) {
        assertThat(run(flags, "vector", "2", MANY)).contains(expected());
    }

    /// A method that C1 cannot compile with profiling stays, in some runs, in slow code for good.
    @ParameterizedTest
    @CsvSource({"256, VectorTile::rows6", "512, VectorWideTile::rows6"})
    void everyKernelFitsTheFirstCompiler(String bits, String tile) {
        List<String> lines = run("-Xcomp -XX:TieredStopAtLevel=3 -XX:+PrintCompilation -Dflowrl.vectorBits=" + bits,
                "vector", "1", ONE);
        String digest = expected();
        assertThat(lines).anyMatch(line -> line.endsWith(digest));
        assertThat(lines).filteredOn(line -> line.contains("COMPILE SKIPPED")).isEmpty();
        assertThat(lines).anyMatch(line -> line.contains(tile));
    }

    @Test
    void softwareFusedMultiplyAddIsRefused() {
        assumeTrue(System.getProperty("os.arch").equals("amd64"), "-XX:UseAVX is a flag of x86 JVMs");
        for (String tier : List.of("-Xint", "-XX:TieredStopAtLevel=1", "-XX:+TieredCompilation")) {
            assertThat(runMain(tier + " -XX:UseAVX=0", VectorOffer.class)).as(tier)
                    .anySatisfy(line -> assertThat(line).startsWith("vector false").contains("fused multiply-add"));
            assertThat(runMain(tier, VectorOffer.class)).as(tier)
                    .anySatisfy(line -> assertThat(line).startsWith("vector true").contains("-bit, tile 6x"));
        }
    }

    @Test
    void aJvmWithoutTheModuleIsRefused() {
        List<String> command = new ArrayList<>(List.of(java(), "-cp", classPath(), VectorOffer.class.getName()));
        assertThat(lines(command)).anySatisfy(line ->
                assertThat(line).startsWith("vector false").contains("--add-modules jdk.incubator.vector"));
    }

    /// Prints what the vector provider offers.
    static final class VectorOffer {
        private VectorOffer() {
        }

        public static void main(String[] arguments) {
            BackendProvider.Candidate candidate = new VectorProvider().candidates().getFirst();
            System.out.println(candidate.name() + " " + candidate.available() + " " + candidate.reason());
        }
    }

    private static List<String> run(String flags, String... arguments) {
        return runMain(flags, VectorDigest.class, arguments);
    }

    private static List<String> runMain(String flags, Class<?> program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(java(), "--add-modules", "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of(flags.split(" ")));
        command.addAll(List.of("-cp", classPath(), program.getName()));
        command.addAll(List.of(arguments));
        return lines(command);
    }

    private static List<String> lines(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(command + "\n" + output).isZero();
            return output.lines().toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + command, e);
        }
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /// Where this JVM has the main and the test classes from.
    private static String classPath() {
        return Stream.of(VectorProvider.class, VectorTiersTest.class).map(type -> {
            try {
                return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }).distinct().collect(Collectors.joining(File.pathSeparator));
    }
}
