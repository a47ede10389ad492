package org.flowrl.bench;

import java.util.concurrent.TimeUnit;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.PackedMatrix;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// The three matrix products of a linear layer, vector backend beside the scalar reference. Microseconds a call; a call
/// is 2·M·N·K floating-point operations.
@State(org.openjdk.jmh.annotations.Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MatmulBenchmark {
    /// Which backend computes.
    @Param({"vector", "reference"})
    public String backend;

    /// M x N x K.
    @Param({"1x896x896", "64x896x896", "512x512x512", "4480x176x64"})
    public String shape;

    /// CPU threads.
    @Param({"1", "2"})
    public int threads;

    private Backend opened;
    private Scope scope;
    private Tensor x;
    private Tensor y;
    private Tensor dw;
    private PackedMatrix w;

    @Setup(Level.Trial)
    public void open() {
        String[] sizes = shape.split("x");
        long m = Long.parseLong(sizes[0]);
        long n = Long.parseLong(sizes[1]);
        long k = Long.parseLong(sizes[2]);
        opened = Backends.open(backend, threads).backend();
        scope = Scope.root("bench", opened.memory());
        x = random(m, k, 1);
        y = random(m, n, 2);
        dw = scope.zeros(DType.F32, n, k);
        w = opened.matmul().pack(random(n, k, 3), DType.F32, scope);
    }

    @Benchmark
    public Tensor forward() {
        opened.matmul().forward(x, w, null, y);
        return y;
    }

    @Benchmark
    public Tensor inputGradient() {
        opened.matmul().inputGradient(y, w, x, false);
        return x;
    }

    @Benchmark
    public Tensor weightGradient() {
        opened.matmul().weightGradient(y, x, dw);
        return dw;
    }

    @TearDown(Level.Trial)
    public void close() {
        scope.close();
        opened.close();
    }

    private Tensor random(long rows, long columns, long seed) {
        RandomKey key = RandomKey.of(seed);
        float[] values = new float[Math.toIntExact(rows * columns)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) key.normal(i);
        }
        return scope.of(values, rows, columns);
    }
}
