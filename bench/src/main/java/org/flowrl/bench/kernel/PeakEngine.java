package org.flowrl.bench.kernel;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// What the machine can do at the moment of the measurement: as many fused multiply-adds, or copied bytes, as the case
/// has, without its data flow. Measured in the same rounds as the kernels, so that a neighbour on the machine slows
/// both.
///
/// Arithmetic: ten independent chains of vector multiply-adds in registers. Memory: a copy between arrays of together
/// the case's bytes; half is read and half written, and a kernel that reads more than it writes can be faster.
public final class PeakEngine implements Engine {
    /// Enough for each thread that handing out the work does not count.
    private static final double OPERATIONS_PER_THREAD = 4e8;
    private static final double BYTES_PER_THREAD = 4e7;

    /// For the service loader.
    public PeakEngine() {
    }

    @Override
    public String name() {
        return "peak";
    }

    @Override
    public Role role() {
        return Role.YARDSTICK;
    }

    @Override
    public boolean isJava() {
        return true;
    }

    @Override
    public boolean supports(KernelCase kernelCase) {
        return true;
    }

    @Override
    public Call prepare(KernelCase kernelCase, Inputs inputs, int threads) {
        double least = kernelCase.limit() == KernelCase.Limit.ARITHMETIC ? OPERATIONS_PER_THREAD : BYTES_PER_THREAD;
        long repetitions = (long) Math.max(1, Math.ceil(threads * least / kernelCase.work()));
        List<Runnable> parts = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            parts.add(switch (kernelCase.limit()) {
                case ARITHMETIC -> new Arithmetic(Math.round(repetitions * kernelCase.work() / threads));
                case MEMORY -> new Copy(kernelCase.work() / threads, repetitions);
            });
        }
        return new Together(parts, repetitions);
    }

    /// Runs one part on the caller's thread and the others beside it.
    private static final class Together implements Call {
        private final List<Runnable> parts;
        private final long repetitions;
        private final ExecutorService others;

        Together(List<Runnable> parts, long repetitions) {
            this.parts = parts;
            this.repetitions = repetitions;
            others = Executors.newFixedThreadPool(Math.max(1, parts.size() - 1));
        }

        @Override
        public void run() {
            List<Future<?>> running = new ArrayList<>();
            for (Runnable part : parts.subList(1, parts.size())) {
                running.add(others.submit(part));
            }
            parts.getFirst().run();
            for (Future<?> part : running) {
                try {
                    part.get();
                } catch (InterruptedException | ExecutionException e) {
                    throw new IllegalStateException("peak: a part did not end", e);
                }
            }
        }

        @Override
        public List<MemorySegment> results() {
            return List.of();
        }

        @Override
        public long repetitions() {
            return repetitions;
        }

        @Override
        public void close() {
            others.shutdownNow();
        }
    }

    /// Multiply-adds in registers.
    private static final class Arithmetic implements Runnable {
        private static final VectorSpecies<Float> LANES = FloatVector.SPECIES_PREFERRED;
        private static final int CHAINS = 10;
        /// With it every chain stays near 1, far from denormal numbers.
        private static final float FACTOR = 0.999f;
        private static final float SUMMAND = 0.001f;

        /// Multiply-adds of a chain in one call of the loop, which an int counts: C2 does not unroll by long counters.
        private static final int ROUNDS = 1 << 14;

        private final long calls;
        /// Kept, so that the loop is.
        private float last;

        Arithmetic(long operations) {
            calls = Math.max(1, operations / (2L * CHAINS * LANES.length() * ROUNDS));
        }

        @Override
        public void run() {
            for (long i = 0; i < calls; i++) {
                last = chains(last);
            }
        }

        private static float chains(float start) {
            FloatVector factor = FloatVector.broadcast(LANES, FACTOR);
            FloatVector summand = FloatVector.broadcast(LANES, SUMMAND);
            FloatVector a = FloatVector.broadcast(LANES, start);
            FloatVector b = a.add(0.1f);
            FloatVector c = a.add(0.2f);
            FloatVector d = a.add(0.3f);
            FloatVector e = a.add(0.4f);
            FloatVector f = a.add(0.5f);
            FloatVector g = a.add(0.6f);
            FloatVector h = a.add(0.7f);
            FloatVector i = a.add(0.8f);
            FloatVector j = a.add(0.9f);
            for (int round = 0; round < ROUNDS; round++) {
                a = a.fma(factor, summand);
                b = b.fma(factor, summand);
                c = c.fma(factor, summand);
                d = d.fma(factor, summand);
                e = e.fma(factor, summand);
                f = f.fma(factor, summand);
                g = g.fma(factor, summand);
                h = h.fma(factor, summand);
                i = i.fma(factor, summand);
                j = j.fma(factor, summand);
            }
            FloatVector sum = a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j);
            return sum.lane(0) / CHAINS;
        }
    }

    /// A copy of half the bytes into the other half.
    private static final class Copy implements Runnable {
        private final float[] from;
        private final float[] to;
        private final long times;

        Copy(double bytes, long times) {
            from = new float[Math.toIntExact(Math.max(1, Math.round(bytes / 2 / Float.BYTES)))];
            to = new float[from.length];
            this.times = times;
        }

        @Override
        public void run() {
            for (long i = 0; i < times; i++) {
                System.arraycopy(from, 0, to, 0, from.length);
            }
        }
    }
}
