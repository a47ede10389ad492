package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import org.flowrl.tensor.BackendProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every kernel has the same bits on every JIT tier and vector length, on one thread and on two, with and without the
/// vector module's bounds checks, each in a JVM of its own.
class VectorTiersTest {
    /// Repetitions that take the compiled tiers through all their code, cold and hot.
    private static final String MANY = "100";
    private static final String FEW = "20";
    private static final String ONE = "1";
    /// Without the vector module's own bounds checks, as the program runs.
    static final String UNCHECKED = "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0";

    private static final String X86_ALONE = "-XX:UseAVX is a flag of x86 JVMs";

    @BeforeEach
    void needsTheVectorBackend() {
        BackendProvider.Candidate candidate = new VectorProvider().candidates().getFirst();
        assumeTrue(candidate.available(), candidate.reason());
    }

    private static boolean isX86() {
        return System.getProperty("os.arch").equals("amd64");
    }

    private static String expected() {
        try (ReferenceBackend reference = new ReferenceBackend()) {
            return "digest " + VectorDigest.of(reference);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, ''", "2, -Dflowrl.vectorBits=512", "2, -Dflowrl.vectorBits=128", "1, " + UNCHECKED})
    void theInterpreterGivesTheReferencesBits(String threads, String flag) {
        assertThat(FreshJvm.run("-Xint " + flag, VectorDigest.class, "vector", threads, ONE)).contains(expected());
    }

    @ParameterizedTest
    @CsvSource({"1, -XX:TieredStopAtLevel=1", "2, -XX:TieredStopAtLevel=1 " + UNCHECKED,
        "1, -XX:TieredStopAtLevel=1 -Dflowrl.vectorBits=128"})
    void theFirstCompilerGivesTheReferencesBits(String threads, String flags) {
        assertThat(FreshJvm.run(flags, VectorDigest.class, "vector", threads, FEW)).contains(expected());
    }

    @ParameterizedTest
    @CsvSource({"1, ''", "2, ''", "1, " + UNCHECKED, "2, " + UNCHECKED, "2, -Xbatch", "2, -XX:UseAVX=2",
        "1, -XX:UseAVX=1", "2, -XX:MaxVectorSize=16", "1, -Dflowrl.vectorBits=128",
        "2, -Dflowrl.vectorBits=128 " + UNCHECKED})
    void compiledCodeGivesTheReferencesBits(String threads, String flags) {
        assumeTrue(!flags.contains("UseAVX") || isX86(), X86_ALONE);
        assertThat(FreshJvm.run(flags, VectorDigest.class, "vector", threads, MANY)).contains(expected());
    }

    @Test
    void softwareFusedMultiplyAddIsRefused() {
        assumeTrue(isX86(), X86_ALONE);
        for (String tier : List.of("-Xint", "-XX:TieredStopAtLevel=1", "-XX:+TieredCompilation")) {
            assertThat(FreshJvm.run(tier + " -XX:UseAVX=0", VectorOffer.class)).as(tier)
                    .anySatisfy(line -> assertThat(line).startsWith("vector false").contains("fused multiply-add"));
            assertThat(FreshJvm.run(tier, VectorOffer.class)).as(tier)
                    .anySatisfy(line -> assertThat(line).startsWith("vector true").contains("-bit, tile 6x"));
        }
    }

    @Test
    void aJvmWithoutTheModuleIsRefused() {
        assertThat(FreshJvm.runWithoutVectors(VectorOffer.class)).anySatisfy(line ->
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
}
