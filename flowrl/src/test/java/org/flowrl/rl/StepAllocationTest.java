package org.flowrl.rl;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.junit.jupiter.api.Test;

/// What a warm step of the lattice preset asks of the system: no memory outside the heap, and little inside.
class StepAllocationTest {
    /// The acceptance bound of the project's plan of work, in bytes.
    private static final long HEAP_BOUND = 1_000_000;
    /// Enough that every kernel is compiled by the second JIT tier: before, each vector is an object.
    private static final int WARM_UP_STEPS = 240;
    private static final int MEASURED_STEPS = 30;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void aWarmStepAllocatesNothingOutsideTheHeapAndUnderAMegabyteInside() {
        try (Backend backend = Backends.open("vector", 2).backend();
             LatticeTrainer lattice = LatticeTrainer.open(backend, Presets.config("lattice", "flowrl"))) {
            for (int step = 0; step < WARM_UP_STEPS; step++) {
                lattice.trainer().step(step);
            }
            long system = backend.memory().systemAllocations();
            long workspace = backend.workspaceBytes();
            long least = Long.MAX_VALUE;
            for (int step = WARM_UP_STEPS; step < WARM_UP_STEPS + MEASURED_STEPS; step++) {
                long before = heapBytes();
                lattice.trainer().step(step);
                least = Math.min(least, heapBytes() - before);
            }
            assertThat(backend.memory().systemAllocations()).as("blocks asked of the system").isEqualTo(system);
            assertThat(backend.workspaceBytes()).as("bytes of chunk buffers").isEqualTo(workspace);
            // The least of the steps: a loop that the JIT compiles anew allocates for a while.
            assertThat(least).as("bytes of heap in a step").isLessThan(HEAP_BOUND);
        }
    }

    /// Bytes that this thread and the backend's workers have allocated so far.
    private long heapBytes() {
        long bytes = 0;
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread == Thread.currentThread() || thread.getName().startsWith("flowrl-worker")) {
                bytes += threads.getThreadAllocatedBytes(thread.threadId());
            }
        }
        return bytes;
    }
}
