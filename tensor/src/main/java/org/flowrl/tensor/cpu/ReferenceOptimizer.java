package org.flowrl.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.OptimizerKernels;
import org.flowrl.tensor.StochasticRounding;
import org.flowrl.tensor.Tensor;

/// Optimizer kernels in plain loops.
final class ReferenceOptimizer implements OptimizerKernels {
    @Override
    public void adamW(Tensor w, Tensor gradient, Tensor m, Tensor v, AdamW settings) {
        Arguments.adamW(w, gradient, m, v, settings.step());
        Precision p = Precision.of(w.dtype());
        double gradientScale = p.round(settings.gradientScale());
        double gain1 = p.round(1 - settings.beta1());
        double gain2 = p.round(1 - settings.beta2());
        double beta2 = p.round(settings.beta2());
        double decay = p.round(1 - settings.learningRate() * settings.weightDecay());
        double stepSize = p.round(settings.learningRate() / (1 - StrictMath.pow(settings.beta1(), settings.step())));
        double rootCorrection = p.round(Math.sqrt(1 - StrictMath.pow(settings.beta2(), settings.step())));
        double epsilon = p.round(settings.epsilon());
        MemorySegment weights = w.segment();
        MemorySegment gradients = gradient.segment();
        Moment means = new Moment(m.segment(), p, m.dtype() == DType.BF16);
        Moment squares = new Moment(v.segment(), p, v.dtype() == DType.BF16);
        for (long i = 0; i < w.elements(); i++) {
            double g = p.multiply(p.load(gradients, i), gradientScale);
            double mean = means.load(i);
            mean = p.fma(p.subtract(g, mean), gain1, mean);
            double square = p.fma(p.multiply(g, g), gain2, p.multiply(squares.load(i), beta2));
            double denominator = p.add(p.divide(p.sqrt(square), rootCorrection), epsilon);
            double decayed = p.multiply(p.load(weights, i), decay);
            int lots = StochasticRounding.bits(settings.rounding(), i);
            means.store(i, mean, lots >>> 16);
            squares.store(i, square, lots & 0xffff);
            p.store(weights, i, p.subtract(decayed, p.multiply(stepSize, p.divide(mean, denominator))));
        }
    }

    /// An arena of moments of the computing type, or of BF16.
    private record Moment(MemorySegment data, Precision p, boolean isNarrow) {
        private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

        double load(long i) {
            return isNarrow ? DType.fromBfloat16(data.get(SHORT, i * Short.BYTES)) : p.load(data, i);
        }

        void store(long i, double value, int lot) {
            if (isNarrow) {
                data.set(SHORT, i * Short.BYTES, StochasticRounding.toBfloat16((float) value, lot));
            } else {
                p.store(data, i, value);
            }
        }
    }

    @Override
    public double squaredNorm(Tensor x) {
        Arguments.squaredNorm(x);
        Precision p = Precision.of(x.dtype());
        MemorySegment xs = x.segment();
        ReferenceLanes lanes = new ReferenceLanes(p);
        double total = 0;
        for (long from = 0; from < x.elements(); from += Backend.CHUNK) {
            for (long i = from; i < Math.min(x.elements(), from + Backend.CHUNK); i++) {
                lanes.addProduct(i - from, p.load(xs, i), p.load(xs, i));
            }
            total += lanes.fold();
        }
        return total;
    }
}
