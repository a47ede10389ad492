package org.flowrl.rl;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;

/// What a warm step of the lattice preset asks of the system, as a program in a JVM of its own: in one that has run
/// other tests, the JIT finds fewer objects that need not be made.
///
/// Runs windows of {@link #WINDOW} steps until in one of them a step took less heap than the argument says, or
/// {@link #MOST_STEPS} have been run, and prints of the last window `blocks N`, `workspace N` and `heap N`: blocks and
/// bytes of chunk buffers newly taken, and the bytes of heap that the step with the fewest has taken. A step is warm
/// once the second JIT tier has compiled its kernels, before which each vector is an object; a kernel that is called
/// twice a step, such as AdamW's, gets there after some hundred steps, sooner or later as the compiler's thread finds
/// time. Code that leaves vectors boxed for good never gets there.
final class StepAllocations {
    private static final int WINDOW = 50;
    private static final int MOST_STEPS = 2000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private StepAllocations() {
    }

    public static void main(String[] arguments) {
        try (Backend backend = Backends.open("vector", 2).backend();
             LatticeTrainer lattice = LatticeTrainer.open(backend, Presets.config("lattice", "flowrl"))) {
            long bound = Long.parseLong(arguments[0]);
            long least = Long.MAX_VALUE;
            long blocks = 0;
            long workspace = 0;
            int step = 0;
            while (step < MOST_STEPS && least >= bound) {
                blocks = backend.memory().systemAllocations();
                workspace = backend.workspaceBytes();
                for (int end = step + WINDOW; step < end; step++) {
                    long before = heapBytes();
                    lattice.trainer().step(step);
                    least = Math.min(least, heapBytes() - before);
                }
            }
            System.out.println("steps " + step);
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
