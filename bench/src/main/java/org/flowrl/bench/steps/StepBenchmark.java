package org.flowrl.bench.steps;

import java.util.concurrent.TimeUnit;
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

/// Our own steps under JMH, seconds a run: for following one workload from version to version, in fresh JVMs. Beside
/// peers they are run by {@link StepsCommand}, in turns, which JMH cannot do. A decoding run has its prompt in it here.
///
/// `-p workload=train-0.5b -wi 1 -i 2` runs the large one.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 10)
@Measurement(iterations = 10)
public class StepBenchmark {
    /// What is computed, see {@link Workload}.
    @Param({"train-tiny", "train-small"})
    public String workload;

    /// CPU threads.
    @Param({"1", "2"})
    public int threads;

    private StepEngine.Prepared prepared;

    @Setup(Level.Trial)
    public void open() {
        prepared = new FlowRlEngine().open(Workload.named(workload), threads);
    }

    @Benchmark
    public StepEngine.Outcome step() {
        return prepared.run();
    }

    @TearDown(Level.Trial)
    public void close() {
        prepared.close();
    }
}
