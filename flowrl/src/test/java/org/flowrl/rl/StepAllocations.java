package org.flowrl.rl;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;

/// What a warm step of the lattice preset asks of the system, as a program in a JVM of its own: in one that has run
/// other tests, the JIT finds fewer objects that need not be made.
///
/// Prints `blocks N`, `workspace N` and `heap N`: blocks and bytes of chunk buffers newly taken in
/// {@link #MEASURED_STEPS} steps, and the bytes of heap that the step with the fewest has taken, a loop that the JIT
/// compiles anew allocating for a while.
final class StepAllocations {
    /// Enough that every kernel is compiled by the second JIT tier: before, each vector is an object. Vectors of 512 bits
    /// take half the rounds of those of 256, so twice the steps.
    private static final int WARM_UP_STEPS = 600;
    private static final int MEASURED_STEPS = 50;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private StepAllocations() {
    }

    public static void main(String[] arguments) {
        try (Backend backend = Backends.open("vector", 2).backend();
             LatticeTrainer lattice = LatticeTrainer.open(backend, Presets.config("lattice", "flowrl"))) {
            for (int step = 0; step < WARM_UP_STEPS; step++) {
                lattice.trainer().step(step);
            }
            long blocks = backend.memory().systemAllocations();
            long workspace = backend.workspaceBytes();
            long least = Long.MAX_VALUE;
            for (int step = WARM_UP_STEPS; step < WARM_UP_STEPS + MEASURED_STEPS; step++) {
                long before = heapBytes();
                lattice.trainer().step(step);
                least = Math.min(least, heapBytes() - before);
            }
            System.out.println("blocks " + (backend.memory().systemAllocations() - blocks));
            System.out.println("workspace " + (backend.workspaceBytes() - workspace));
            System.out.println("heap " + least);
        }
    }

    /// Bytes that this thread and the backend's workers have allocated so far.
    private static long heapBytes() {
        long bytes = 0;
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread == Thread.currentThread() || thread.getName().startsWith("flowrl-worker")) {
                bytes += THREADS.getThreadAllocatedBytes(thread.threadId());
            }
        }
        return bytes;
    }
}
