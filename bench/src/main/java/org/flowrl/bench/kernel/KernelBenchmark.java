package org.flowrl.bench.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.runner.IterationType;

/// One case, its engines in turn: nanoseconds a call.
///
/// All engines of a case are measured in **one fork, iteration by iteration** (iteration i belongs to engine i mod
/// their number), so that what disturbs a noisy machine for seconds disturbs all of them; a ratio is then taken within
/// a round. The JIT cannot favour anyone by it: the engines share no Java code but the one-line {@link Call}, peers are
/// native, and FlowRL's kernels are compiled for it alone. Warm-up iterations go to the Java engines only.
///
/// Before each timed iteration its engine runs untimed for a while: the spinning workers of the engine before it must
/// have gone to sleep (after 60 ms two threads of multiply-adds in registers still had 144 GFLOP/s of 220, after 150
/// they have all). Before everything, every engine's first result is compared with the first engine's, see
/// {@link Agreement}; that difference is a secondary result of each iteration.
///
/// The flag `VECTOR_ACCESS_OOB_CHECK=0` is what FlowRL's own jar sets at its start.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 7, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
    "-Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0", "-Dorg.bytedeco.javacpp.nopointergc=true",
    "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"})
public class KernelBenchmark {
    /// Joins engine names in {@link #engines}.
    public static final String SEPARATOR = "+";
    private static final long SETTLE_NANOSECONDS = 150_000_000;

    /// The case, see {@link KernelCase#parse}.
    @Param("forward-512x512x512")
    public String kernel;

    /// Engines to measure in turn, such as `flowrl+onednn`; the others' results are compared with the first's.
    @Param("flowrl")
    public String engines;

    /// Threads of each engine.
    @Param({"1", "2"})
    public int threads;

    private Inputs inputs;
    private List<Contestant> contestants;
    private Contestant current;
    private int warmUps;
    private int rounds;

    private record Contestant(Engine engine, Call call, double difference) {
    }

    /// What belongs to one iteration beside its time.
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Facts {
        private double difference;
        private long repetitions;

        /// Largest difference of the engine's results from the first engine's, see {@link Agreement}.
        public double difference() {
            return difference;
        }

        /// How often one call did the case's work.
        public long repetitions() {
            return repetitions;
        }
    }

    @Setup(Level.Trial)
    public void open() {
        KernelCase kernelCase = KernelCase.parse(kernel);
        inputs = new Inputs(kernelCase);
        contestants = new ArrayList<>();
        for (String name : engines.split("\\" + SEPARATOR)) {
            Engine engine = Engine.named(name);
            Call call = engine.prepare(kernelCase, inputs, threads);
            call.run();
            double difference = contestants.isEmpty() ? 0 : Agreement.difference(kernelCase, name,
                    contestants.getFirst().call.results(), call.results());
            contestants.add(new Contestant(engine, call, difference));
        }
    }

    @Setup(Level.Iteration)
    public void next(IterationParams iteration) {
        if (iteration.getType() == IterationType.WARMUP) {
            List<Contestant> java = contestants.stream().filter(one -> one.engine.isJava()).toList();
            current = java.isEmpty() ? contestants.getFirst() : java.get(warmUps++ % java.size());
        } else {
            current = contestants.get(rounds++ % contestants.size());
            long end = System.nanoTime() + SETTLE_NANOSECONDS;
            do {
                current.call.run();
            } while (System.nanoTime() < end);
        }
    }

    @Benchmark
    public void call(Facts facts) {
        current.call.run();
        facts.difference = current.difference;
        facts.repetitions = current.call.repetitions();
    }

    @TearDown(Level.Trial)
    public void close() {
        contestants.forEach(one -> one.call.close());
        inputs.close();
    }
}
