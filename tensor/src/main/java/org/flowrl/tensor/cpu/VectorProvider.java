package org.flowrl.tensor.cpu;

import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.BackendProvider;

/// Offers the {@link VectorBackend} where the JVM has the incubating vector module and the processor fused
/// multiply-add. Until both are known, no class of the backend is loaded.
public final class VectorProvider implements BackendProvider {
    static final String NAME = "vector";
    private static final String MODULE_CLASS = "jdk.incubator.vector.FloatVector";
    /// Calls in one timing of fma, and timings of which the fastest counts.
    private static final int FMA_CALLS = 64;
    private static final int FMA_TIMINGS = 16;
    /// Above this a fused multiply-add is computed in software, which takes 600 ns compiled and many microseconds
    /// interpreted; in hardware it takes 1 ns compiled and some 50 ns interpreted.
    private static final long SLOW_FMA_NANOSECONDS = 300;

    /// For the service loader.
    public VectorProvider() {
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Candidate> candidates() {
        if (!isModulePresent()) {
            return List.of(new Candidate(NAME, false, "the JVM was started without the module jdk.incubator.vector;"
                    + " start it with --add-modules jdk.incubator.vector"));
        }
        if (!isFusedMultiplyAddFast()) {
            return List.of(new Candidate(NAME, false, "the JVM computes fused multiply-add in software, because the"
                    + " processor has none or the JVM was told not to use it (-XX:UseAVX)"));
        }
        return List.of(new Candidate(NAME, true, VectorBackend.describeVectors()));
    }

    @Override
    public Backend open(Candidate candidate, int threads) {
        if (!candidate.name().equals(NAME) || !candidate.available()) {
            throw new IllegalArgumentException("open: '" + candidate.name() + "' is not an available vector backend");
        }
        return new VectorBackend(threads);
    }

    /// True where the classes of the Vector API can be loaded.
    static boolean isModulePresent() {
        try {
            Class.forName(MODULE_CLASS, false, VectorProvider.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException | NoClassDefFoundError e) {
            return false;
        }
    }

    /// True where `Math.fma` is an instruction. There is no flag to ask that every JVM has, but the two differ by a
    /// factor of a hundred on each JIT tier.
    private static boolean isFusedMultiplyAddFast() {
        long fastest = Long.MAX_VALUE;
        float sum = 0;
        for (int timing = 0; timing < FMA_TIMINGS; timing++) {
            long start = System.nanoTime();
            for (int i = 0; i < FMA_CALLS; i++) {
                sum = Math.fma(sum, 0.5f, i);
            }
            fastest = Math.min(fastest, System.nanoTime() - start);
        }
        // The sum is finite: using it keeps the loop.
        return fastest < SLOW_FMA_NANOSECONDS * FMA_CALLS && Float.isFinite(sum);
    }
}
