package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;

/// Optimizer kernels in parts of whole chunks.
final class VectorOptimizer implements OptimizerKernels {
    /// Elements that are worth another thread, some 5 µs of work.
    private static final long UPDATE_PART = 2 * Backend.CHUNK;
    private static final long NORM_PART = 16 * Backend.CHUNK;
    /// The most elements that one call updates, so that it can count in an int.
    private static final long PIECE = 1 << 20;

    private final VectorTeam team;

    VectorOptimizer(VectorTeam team) {
        this.team = team;
    }

    @Override
    public void adamW(Tensor w, Tensor gradient, Tensor m, Tensor v, AdamW settings) {
        Arguments.adamW(w, gradient, m, v, settings.step());
        VectorBackend.requireFloats("adamW", w);
        Factors factors = Factors.of(settings);
        long weights = w.address();
        long gradients = gradient.address();
        long means = m.address();
        long squares = v.address();
        long elements = w.elements();
        long chunks = (elements + Backend.CHUNK - 1) / Backend.CHUNK;
        if (m.dtype() == DType.BF16) {
            team.forEach(chunks, Backend.CHUNK, UPDATE_PART, (first, end, worker) -> {
                for (long chunk = first; chunk < end; chunk++) {
                    updateNarrow(weights, gradients, means, squares, chunk * Backend.CHUNK, elements, factors,
                            settings.rounding(), team.scratch(worker));
                }
            });
            return;
        }
        team.forEach(chunks, Backend.CHUNK, UPDATE_PART, (first, end, worker) -> {
            long last = Math.min(elements, end * Backend.CHUNK);
            for (long from = first * Backend.CHUNK; from < last; from += PIECE) {
                long at = from * 4;
                int count = (int) Math.min(PIECE, last - from);
                update(weights + at, gradients + at, means + at, squares + at, count, factors);
            }
        });
    }

    /// The chunk of elements from `from` on, with moments in BF16: they are widened into scratch memory (of a worker's
    /// smallest buffer, which plans count already), updated there and rounded by lot from there.
    private static void updateNarrow(long w, long gradient, long m, long v, long from, long elements, Factors factors,
            RandomKey rounding, VectorScratch scratch) {
        int count = (int) Math.min(Backend.CHUNK, elements - from);
        long wideM = scratch.buffer(2 * Backend.CHUNK * (long) Float.BYTES);
        long wideV = wideM + Backend.CHUNK * (long) Float.BYTES;
        VectorConversions.convert(DType.BF16, m + from * 2, DType.F32, wideM, 0, count);
        VectorConversions.convert(DType.BF16, v + from * 2, DType.F32, wideV, 0, count);
        update(w + from * 4, gradient + from * 4, wideM, wideV, count, factors);
        VectorLots.round(wideM, wideV, m + from * 2, v + from * 2, from, count, rounding);
    }

    private static void update(long w, long gradient, long m, long v, int count, Factors f) {
        int i = 0;
        for (; i <= count - LENGTH; i += LENGTH) {
            FloatVector g = FloatVector.fromMemorySegment(FLOATS, ALL, gradient + i * 4L, ORDER).mul(f.gradientScale());
            FloatVector mean = FloatVector.fromMemorySegment(FLOATS, ALL, m + i * 4L, ORDER);
            mean = g.sub(mean).fma(FloatVector.broadcast(FLOATS, f.gain1()), mean);
            FloatVector square = g.mul(g).fma(FloatVector.broadcast(FLOATS, f.gain2()),
                    FloatVector.fromMemorySegment(FLOATS, ALL, v + i * 4L, ORDER).mul(f.beta2()));
            FloatVector step = mean.div(square.sqrt().div(f.rootCorrection()).add(f.epsilon())).mul(f.stepSize());
            mean.intoMemorySegment(ALL, m + i * 4L, ORDER);
            square.intoMemorySegment(ALL, v + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, w + i * 4L, ORDER).mul(f.decay()).sub(step)
                    .intoMemorySegment(ALL, w + i * 4L, ORDER);
        }
        for (long at = i * 4L; at < count * 4L; at += 4) {
            float g = ALL.get(FLOAT, gradient + at) * f.gradientScale();
            float mean = ALL.get(FLOAT, m + at);
            mean = Math.fma(g - mean, f.gain1(), mean);
            float square = Math.fma(g * g, f.gain2(), ALL.get(FLOAT, v + at) * f.beta2());
            float step = f.stepSize() * (mean / ((float) Math.sqrt(square) / f.rootCorrection() + f.epsilon()));
            ALL.set(FLOAT, m + at, mean);
            ALL.set(FLOAT, v + at, square);
            ALL.set(FLOAT, w + at, ALL.get(FLOAT, w + at) * f.decay() - step);
        }
    }

    @Override
    public double squaredNorm(Tensor x) {
        Arguments.squaredNorm(x);
        VectorBackend.requireFloats("squaredNorm", x);
        long xs = x.address();
        long elements = x.elements();
        long chunks = (elements + Backend.CHUNK - 1) / Backend.CHUNK;
        long sums = team.shared().buffer(chunks * 4);
        team.forEach(chunks, Backend.CHUNK, NORM_PART, (first, end, worker) ->
                VectorSums.ofSquaredChunks(xs, first, end, elements, sums, team.scratch(worker).lanes));
        double total = 0;
        for (long chunk = 0; chunk < chunks; chunk++) {
            total += ALL.get(FLOAT, sums + chunk * 4);
        }
        return total;
    }
}
