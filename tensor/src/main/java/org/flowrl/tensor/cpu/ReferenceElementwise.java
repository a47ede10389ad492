package org.flowrl.tensor.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;

/// Element by element in plain loops.
final class ReferenceElementwise implements ElementwiseKernels {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    @Override
    public void unary(Unary f, Tensor x, Tensor y) {
        Arguments.unary(x, y);
        Precision p = Precision.of(x.dtype());
        MemorySegment xs = x.segment();
        MemorySegment ys = y.segment();
        for (long i = 0; i < x.elements(); i++) {
            p.store(ys, i, apply(p, f, p.load(xs, i)));
        }
    }

    private static double apply(Precision p, Unary f, double x) {
        return switch (f) {
            case NEGATE -> -x;
            case SQUARE -> p.multiply(x, x);
            case SQUARE_ROOT -> p.sqrt(x);
            case RECIPROCAL -> p.divide(1, x);
            case ABSOLUTE -> Math.abs(x);
            case EXP -> p.exp(x);
            case LOG -> p.log(x);
            case GELU -> p.round(x * NormalDistribution.cumulative(x));
            case GELU_DERIVATIVE -> p.round(NormalDistribution.cumulative(x) + x * NormalDistribution.density(x));
            case STEP -> x > 0 ? 1 : 0;
        };
    }

    @Override
    public void binary(Binary f, Tensor a, Tensor b, Tensor y) {
        Arguments.binary(a, b, y);
        Precision p = Precision.of(a.dtype());
        MemorySegment as = a.segment();
        MemorySegment bs = b.segment();
        MemorySegment ys = y.segment();
        for (long i = 0; i < a.elements(); i++) {
            p.store(ys, i, apply(p, f, p.load(as, i), p.load(bs, i)));
        }
    }

    private static double apply(Precision p, Binary f, double a, double b) {
        return switch (f) {
            case ADD -> p.add(a, b);
            case SUBTRACT -> p.subtract(a, b);
            case MULTIPLY -> p.multiply(a, b);
            case DIVIDE -> p.divide(a, b);
            case MINIMUM -> Math.min(a, b);
            case MAXIMUM -> Math.max(a, b);
            case GREATER -> a > b ? 1 : 0;
        };
    }

    @Override
    public void affine(Tensor x, double scale, double shift, Tensor y) {
        Arguments.affine(x, y);
        Precision p = Precision.of(x.dtype());
        MemorySegment xs = x.segment();
        MemorySegment ys = y.segment();
        double factor = p.round(scale);
        double summand = p.round(shift);
        for (long i = 0; i < x.elements(); i++) {
            p.store(ys, i, p.fma(p.load(xs, i), factor, summand));
        }
    }

    @Override
    public void addScaled(double alpha, Tensor x, Tensor y) {
        Arguments.addScaled(x, y);
        Precision p = Precision.of(x.dtype());
        MemorySegment xs = x.segment();
        MemorySegment ys = y.segment();
        double factor = p.round(alpha);
        for (long i = 0; i < x.elements(); i++) {
            p.store(ys, i, p.fma(p.load(xs, i), factor, p.load(ys, i)));
        }
    }

    @Override
    public void clamp(Tensor x, double low, double high, Tensor y) {
        Arguments.clamp(x, low, high, y);
        Precision p = Precision.of(x.dtype());
        MemorySegment xs = x.segment();
        MemorySegment ys = y.segment();
        for (long i = 0; i < x.elements(); i++) {
            p.store(ys, i, Math.min(Math.max(p.load(xs, i), p.round(low)), p.round(high)));
        }
    }

    @Override
    public void fill(Tensor x, double value) {
        Arguments.fill(x);
        Precision p = Precision.of(x.dtype());
        MemorySegment xs = x.segment();
        for (long i = 0; i < x.elements(); i++) {
            p.store(xs, i, p.round(value));
        }
    }

    @Override
    public void sum(Tensor x, Tensor sum) {
        Arguments.sum(x, sum);
        Precision p = Precision.of(x.dtype());
        MemorySegment xs = x.segment();
        ReferenceLanes lanes = new ReferenceLanes(p);
        double total = 0;
        for (long from = 0; from < x.elements(); from += Backend.CHUNK) {
            for (long i = from; i < Math.min(x.elements(), from + Backend.CHUNK); i++) {
                lanes.add(i - from, p.load(xs, i));
            }
            double chunk = lanes.fold();
            total = from == 0 ? chunk : p.add(total, chunk);
        }
        p.store(sum.segment(), 0, total);
    }

    @Override
    public void convert(Tensor from, Tensor to) {
        Arguments.convert(from, to);
        MemorySegment target = to.segment();
        for (long i = 0; i < from.elements(); i++) {
            storeRounded(to.dtype(), target, i, from.get(i));
        }
    }

    private static void storeRounded(DType type, MemorySegment data, long index, double value) {
        switch (type) {
            case F64 -> data.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, index * Double.BYTES, value);
            case F32 -> data.set(ValueLayout.JAVA_FLOAT_UNALIGNED, index * Float.BYTES, (float) value);
            case BF16 -> data.set(SHORT, index * Short.BYTES, Narrowing.toBfloat16(value));
            case F16 -> data.set(SHORT, index * Short.BYTES, Narrowing.toFloat16(value));
            case I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 ->
                    throw new IllegalArgumentException("convert: to " + type + " must be F64, F32, BF16 or F16");
        }
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
        Arguments.swiGlu(gate, up, out);
        Precision p = Precision.of(gate.dtype());
        MemorySegment gates = gate.segment();
        MemorySegment ups = up.segment();
        MemorySegment outs = out.segment();
        for (long i = 0; i < gate.elements(); i++) {
            double g = p.load(gates, i);
            double silu = p.divide(g, p.add(1, p.exp(-g)));
            p.store(outs, i, p.multiply(silu, p.load(ups, i)));
        }
    }

    @Override
    public void swiGluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        Arguments.swiGluBackward(dout, gate, up, dgate, dup);
        Precision p = Precision.of(gate.dtype());
        for (long i = 0; i < gate.elements(); i++) {
            double d = p.load(dout.segment(), i);
            double g = p.load(gate.segment(), i);
            double u = p.load(up.segment(), i);
            double sigma = p.divide(1, p.add(1, p.exp(-g)));
            double slope = p.multiply(sigma, p.add(1, p.multiply(g, p.subtract(1, sigma))));
            p.store(dup.segment(), i, p.multiply(d, p.multiply(g, sigma)));
            p.store(dgate.segment(), i, p.multiply(p.multiply(d, u), slope));
        }
    }

    @Override
    public void dropoutMask(RandomKey key, double keep, Tensor mask) {
        Arguments.dropoutMask(keep, mask);
        Precision p = Precision.of(mask.dtype());
        double multiplier = p.round(1 / keep);
        for (long i = 0; i < mask.elements(); i++) {
            p.store(mask.segment(), i, key.uniform(i) < keep ? multiplier : 0);
        }
    }
}
