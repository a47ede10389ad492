package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/// A warm step of the lattice preset asks for no memory outside the heap, and for little inside.
class StepAllocationTest {
    /// The acceptance bound of the project's plan of work: a megabyte, as the JVM counts them. Measured with 512-bit
    /// vectors: 1.04 to 1.07 million bytes after 400 steps, 0.94 to 1.04 after 1,200.
    private static final long HEAP_BOUND = 1 << 20;

    @Test
    void aWarmStepAllocatesNothingOutsideTheHeapAndUnderAMegabyteInside() {
        List<String> lines = FreshJvm.lines(List.of("--add-modules=jdk.incubator.vector"), StepAllocations.class,
                HEAP_BOUND);
        assertThat(lines).contains("blocks 0", "workspace 0");
        assertThat(lines).filteredOn(line -> line.startsWith("heap ")).singleElement()
                .satisfies(line -> assertThat(Long.parseLong(line.substring(5))).isLessThan(HEAP_BOUND));
    }
}
