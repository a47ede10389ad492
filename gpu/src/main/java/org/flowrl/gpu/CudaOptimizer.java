package org.flowrl.gpu;

import java.lang.foreign.MemorySegment;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.Tensor;
import org.flowrl.tensor.cpu.Arguments;

/// Optimizer kernels, of optimizer.cu.
final class CudaOptimizer implements OptimizerKernels {
    private final Card card;

    CudaOptimizer(Card card) {
        this.card = card;
    }

    @Override
    public void adamW(Tensor w, Tensor gradient, Tensor m, Tensor v, AdamW settings) {
        Arguments.adamW(w, gradient, m, v, settings.step());
        card.requireFloats("adamW", w);
        Factors factors = Factors.of(settings);
        boolean isNarrow = m.dtype() == DType.BF16;
        Kernels.Launch launch = card.kernels().launch("optimizer", isNarrow ? "adamWNarrow" : "adamW").tensor(w)
                .tensor(gradient).tensor(m).tensor(v).real(factors.gradientScale()).real(factors.gain1())
                .real(factors.gain2()).real(factors.beta2()).real(factors.decay()).real(factors.stepSize())
                .real(factors.rootCorrection()).real(factors.epsilon());
        if (isNarrow) {
            launch.number(settings.rounding().bits());
        }
        launch.number(w.elements()).over(w.elements());
    }

    @Override
    public double squaredNorm(Tensor x) {
        Arguments.squaredNorm(x);
        card.requireFloats("squaredNorm", x);
        long chunks = Math.ceilDiv(x.elements(), (long) Backend.CHUNK);
        // The total comes before the chunks' sums.
        long total = card.scratch().address(Scratch.Use.SUMS, (1 + chunks) * Double.BYTES);
        long sums = total + Double.BYTES;
        card.kernels().launch("optimizer", "squareSumOfChunks").tensor(x).number(x.elements()).number(Backend.CHUNK)
                .number(sums).grid(chunks, 1, Kernels.BLOCK_THREADS, 0);
        card.kernels().launch("optimizer", "foldSquareSums").number(sums).number(chunks).number(total)
                .grid(1, 1, Kernels.BLOCK_THREADS, 0);
        double[] result = new double[1];
        card.device().copyOut(total, MemorySegment.ofArray(result));
        return result[0];
    }
}
