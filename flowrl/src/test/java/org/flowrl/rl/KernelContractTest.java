package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Rule 7 of the kernel contract: a small step of supervised and one of reinforcement learning, sampling included, give
/// the same bytes whatever compiles the code.
class KernelContractTest {
    /// Without the vector module's own bounds checks, as the program runs.
    private static final String UNCHECKED = "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0";
    private static final String VECTOR_MODULE = "--add-modules=jdk.incubator.vector";

    private static List<String> expected;

    @BeforeAll
    static void hashOneStepAsUsualOnOneThread() {
        expected = hashes("vector", 1, 1, VECTOR_MODULE);
    }

    @ParameterizedTest
    @CsvSource({
        "vector, 2, 1, ''", "vector, 1, 30, ''", "vector, 2, 30, ''",
        "vector, 1, 1, -Xint", "vector, 2, 1, -Xint",
        "vector, 1, 3, -XX:TieredStopAtLevel=1", "vector, 2, 3, -XX:TieredStopAtLevel=1",
        "vector, 1, 30, -XX:UseAVX=2", "vector, 2, 30, -XX:UseAVX=2", "vector, 2, 10, -XX:UseAVX=1",
        "vector, 1, 10, -Dflowrl.vectorBits=128", "vector, 2, 10, -Dflowrl.vectorBits=128",
        "vector, 1, 30, " + UNCHECKED, "vector, 2, 30, " + UNCHECKED,
        "reference, 1, 1, ''", "reference, 1, 1, -Xint"})
    void theHashOfAStepIsTheSame(String device, int threads, int repetitions, String flag) {
        assumeTrue(!flag.contains("UseAVX") || System.getProperty("os.arch").equals("amd64"),
                "-XX:UseAVX is a flag of x86 JVMs");
        List<String> hashes = flag.isEmpty() ? hashes(device, threads, repetitions, VECTOR_MODULE)
                : hashes(device, threads, repetitions, VECTOR_MODULE, flag);
        assertThat(hashes).hasSize(repetitions);
        assertThat(new TreeSet<>(hashes)).isEqualTo(Set.copyOf(expected));
    }

    @Test
    void withoutTheVectorModuleTheHashIsTheSame() {
        assertThat(hashes("cpu", 1, 1, "-ea")).isEqualTo(expected);
    }

    private static List<String> hashes(String device, int threads, int repetitions, String... flags) {
        return FreshJvm.lines(List.of(flags), StepHash.class, device, threads, repetitions).stream()
                .filter(line -> line.startsWith("hash ")).toList();
    }
}
