package org.flowrl.tensor.cpu;

import com.sun.management.ThreadMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.flowrl.tensor.Scope;

/// Times the vector backend's kernels on one thread, as a program in a JVM of its own.
///
/// Arguments: the seed that shuffles the kernels, and what their names must contain (all of them if empty). The program
/// goes through all kernels in one order twice to warm up and once to measure, and prints
/// `kernel<TAB>nanoseconds<TAB>bytes` for each: the fastest call's time, and the heap that a call took of late. It then
/// reads `kernel<TAB>nanoseconds<TAB>seconds` lines from standard input and measures that kernel again, until it is as
/// fast as that and boxes no vectors, or has had so many seconds of processor time: a late compilation passes, code
/// that is stuck in a slow tier does not.
final class KernelSpeeds {
    /// The JVM's second compiler is asked after some hundred calls of a method, which boxed vectors make slow ones.
    private static final int WARM_CALLS = 1500;
    private static final long LONGEST_WARM_UP = 400_000_000;
    private static final long MEASURED_NANOSECONDS = 10_000_000;
    /// Calls in one timing take at least this long, some hundred times what reading the clock takes.
    private static final long TIMING_NANOSECONDS = 50_000;

    /// The processor time of this thread says how far the JIT's counters are, whatever else the machine does; it is too
    /// coarse for a timing.
    private static final ThreadMXBean CLOCK = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// A call's time and the bytes of heap that it takes.
    private record Cost(double nanoseconds, double bytes) {
    }

    private KernelSpeeds() {
    }

    public static void main(String[] arguments) throws IOException {
        try (VectorBackend backend = new VectorBackend(1); Scope scope = Scope.root("speeds", backend.memory())) {
            List<KernelTable.Entry> entries = new ArrayList<>(
                    KernelTable.of(backend, scope, KernelTable.Sizes.LARGE));
            entries.removeIf(entry -> !entry.name().contains(arguments[1]));
            Collections.shuffle(entries, new Random(Long.parseLong(arguments[0])));
            Map<String, Runnable> calls = new LinkedHashMap<>();
            entries.forEach(entry -> calls.put(entry.name(), entry.call()));
            calls.values().forEach(KernelSpeeds::warmUp);
            calls.values().forEach(call -> fastest(call, MEASURED_NANOSECONDS, 0));
            calls.forEach((name, call) -> print(name, fastest(call, MEASURED_NANOSECONDS, 0)));
            FreshJvm.end();
            BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] columns = line.split("\t");
                print(columns[0], fastest(calls.get(columns[0]), (long) (Double.parseDouble(columns[2]) * 1e9),
                        Double.parseDouble(columns[1])));
                FreshJvm.end();
            }
        }
    }

    private static void print(String name, Cost cost) {
        System.out.println(name + "\t" + cost.nanoseconds + "\t" + cost.bytes);
    }

    private static void warmUp(Runnable call) {
        long start = CLOCK.getCurrentThreadCpuTime();
        for (int i = 0; i < WARM_CALLS && CLOCK.getCurrentThreadCpuTime() - start < LONGEST_WARM_UP; i++) {
            call.run();
        }
    }

    /// Time of the fastest call of about `duration` of processor time and at least two timings, or of those until one
    /// call takes no more than `target` and boxes nothing; heap of the last ones.
    private static Cost fastest(Runnable call, long duration, double target) {
        double fastest = Double.POSITIVE_INFINITY;
        double bytes = 0;
        int calls = 1;
        long start = CLOCK.getCurrentThreadCpuTime();
        for (int timing = 0; (fastest > target || bytes > SpeedTable.UNBOXED)
                && (timing < 2 || CLOCK.getCurrentThreadCpuTime() - start < duration); timing++) {
            long allocated = CLOCK.getCurrentThreadAllocatedBytes();
            long before = System.nanoTime();
            for (int i = 0; i < calls; i++) {
                call.run();
            }
            fastest = Math.min(fastest, (System.nanoTime() - before) / (double) calls);
            bytes = (CLOCK.getCurrentThreadAllocatedBytes() - allocated) / (double) calls;
            calls = (int) Math.max(1, TIMING_NANOSECONDS / fastest);
        }
        return new Cost(fastest, bytes);
    }
}
