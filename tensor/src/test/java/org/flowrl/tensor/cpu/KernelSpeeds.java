package org.flowrl.tensor.cpu;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
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
/// goes through all kernels in one order twice to warm up, once to measure, and prints `kernel<TAB>nanoseconds` for
/// each, the fastest call's processor time. It then measures each kernel again whose name it reads from standard input,
/// until that ends: a neighbour's noise passes, code that is stuck in a slow tier does not.
final class KernelSpeeds {
    private static final long WARM_NANOSECONDS = 40_000_000;
    private static final long MEASURED_NANOSECONDS = 20_000_000;
    private static final long AGAIN_NANOSECONDS = 1_500_000_000;
    /// Calls in one timing take at least this long, some hundred times what reading the clock takes.
    private static final long TIMING_NANOSECONDS = 50_000;
    private static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();

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
            calls.values().forEach(call -> fastest(call, WARM_NANOSECONDS));
            calls.values().forEach(call -> fastest(call, WARM_NANOSECONDS));
            calls.forEach((name, call) -> print(name, fastest(call, MEASURED_NANOSECONDS)));
            FreshJvm.end();
            BufferedReader names = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
            for (String name = names.readLine(); name != null; name = names.readLine()) {
                print(name, fastest(calls.get(name), AGAIN_NANOSECONDS));
                FreshJvm.end();
            }
        }
    }

    private static void print(String name, double nanoseconds) {
        System.out.println(name + "\t" + nanoseconds);
    }

    /// Processor time of the fastest call, in nanoseconds, after about `duration` of calls and at least two timings.
    private static double fastest(Runnable call, long duration) {
        double fastest = Double.POSITIVE_INFINITY;
        int calls = 1;
        long start = CLOCK.getCurrentThreadCpuTime();
        long end = start;
        for (int timing = 0; timing < 2 || end - start < duration; timing++) {
            long before = end;
            for (int i = 0; i < calls; i++) {
                call.run();
            }
            end = CLOCK.getCurrentThreadCpuTime();
            fastest = Math.min(fastest, (end - before) / (double) calls);
            calls = (int) Math.max(1, TIMING_NANOSECONDS / fastest);
        }
        return fastest;
    }
}
