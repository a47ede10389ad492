package org.flowrl.tensor;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/// How fast this machine is at this moment, for bars of time that were set on another one. A processor may be slower by
/// its make, and by half again while its other hyperthread is at work, and neither says anything of our code: a time is
/// divided by {@link #slowness}, measured beside it, before it is held against its bar.
public final class Yardstick {
    /// Least CPU time of {@link #walk} on the machine that bars were set on (an AMD Zen 4 at its ease, JDK 25).
    private static final double USUAL_NANOSECONDS = 1e6;
    private static final int RUNS = 7;
    private static final int BYTES = 1 << 20;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private Yardstick() {
    }

    /// CPU nanoseconds of this thread so far.
    public static long cpuNanoseconds() {
        return THREADS.getCurrentThreadCpuTime();
    }

    /// How many times longer this machine takes now than the one that bars were set on, at least 1: no bar is ever
    /// lower than it was set.
    public static double slowness() {
        byte[] text = new byte[BYTES];
        for (int i = 0; i < BYTES; i++) {
            text[i] = (byte) (i * 0x9e3779b9 >>> 24);
        }
        long least = Long.MAX_VALUE;
        for (int run = 0; run < RUNS; run++) {
            long start = cpuNanoseconds();
            int depth = walk(text);
            long taken = cpuNanoseconds() - start;
            // What is walked is used, so that the JIT leaves it in.
            least = depth == Integer.MIN_VALUE ? 0 : Math.min(least, taken);
        }
        return Math.max(1, least / USUAL_NANOSECONDS);
    }

    /// Reads a text as parsers do: a table, a dependent sum, branches that cannot be foreseen.
    private static int walk(byte[] text) {
        int[] seen = new int[256];
        int hash = 0;
        int depth = 0;
        for (byte b : text) {
            hash = 31 * hash + b;
            if ((hash & 7) == 0) {
                depth += seen[b & 0xff] & 1;
            } else if ((hash & 7) == 1) {
                depth--;
            }
            seen[hash >>> 24]++;
        }
        return depth;
    }
}
