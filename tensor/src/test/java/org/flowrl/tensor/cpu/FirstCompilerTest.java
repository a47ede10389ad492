package org.flowrl.tensor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Set;
import java.util.TreeSet;
import org.flowrl.tensor.BackendProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// No kernel is too large for the first JIT compiler, for vectors of any length; see {@link FirstCompiler}.
class FirstCompilerTest {
    private static final String[] VECTOR_BITS = {"128", "256", "512"};
    private static final String REPETITIONS = "6";
    private static final int AT_LEAST = 80;

    @BeforeEach
    void needsTheVectorBackend() {
        BackendProvider.Candidate candidate = new VectorProvider().candidates().getFirst();
        assumeTrue(candidate.available(), candidate.reason());
    }

    @Test
    void everyMethodOfVectorsFitsTheFirstCompiler() {
        Set<String> methods = KernelMethods.computingWithVectors();
        assertThat(methods).hasSizeGreaterThan(AT_LEAST).contains("VectorTile::rows6", "VectorWideTile::rows6");
        Set<String> unseen = new TreeSet<>(methods);
        for (String bits : VECTOR_BITS) {
            FirstCompiler.Verdict verdict = FirstCompiler.of("-Dflowrl.vectorBits=" + bits, VectorDigest.class,
                    "vector", "1", REPETITIONS);
            assertThat(verdict.refused()).as("refused by C1 with vectors of %s bits: such a kernel may stay a hundred"
                    + " times slower for the life of a JVM; split it, or store results only", bits).isEmpty();
            unseen.removeAll(verdict.compiled());
            System.out.printf("first compiler, %s bits: %d methods, %d of the %d that compute with vectors%n", bits,
                    verdict.compiled().size(), methods.stream().filter(verdict.compiled()::contains).count(),
                    methods.size());
        }
        assertThat(unseen).as("methods that compute with vectors and that C1 was not asked to compile").isEmpty();
    }

    @Test
    void aTileThatIsTooLargeIsRefused() {
        assertThat(FirstCompiler.of("", TooLargeTile.class).refused())
                .anyMatch(line -> line.contains("TooLargeTile::run") && line.contains("out of virtual registers"));
    }
}
