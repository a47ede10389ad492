package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;

import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.ElementwiseKernels;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;

/// Element by element, in parts of whole chunks. LOG and both GELU functions are scalar StrictMath, over all threads.
final class VectorElementwise implements ElementwiseKernels {
    /// Elements that are worth another thread, some 5 µs of work: of reading or writing alone, for functions of an
    /// instruction or two, and for slow ones.
    private static final long STREAM = 16 * Backend.CHUNK;
    private static final long FAST = 6 * Backend.CHUNK;
    private static final long SLOW = 2 * Backend.CHUNK;
    /// The same for functions in F64, of some 30 ns an element.
    private static final long DOUBLE = 256;
    /// Elements that stay together.
    private static final long GRAIN = 256;
    /// The most elements that a kernel method is called for, so that it can count in an int.
    private static final long PIECE = 1 << 20;

    private final VectorTeam team;

    VectorElementwise(VectorTeam team) {
        this.team = team;
    }

    /// Some elements of a kernel.
    @FunctionalInterface
    private interface Span {
        /// Does `count` elements from byte `at` of each float tensor on.
        void run(long at, int count);
    }

    /// Runs `span` over all elements.
    private void forEach(long elements, long least, Span span) {
        long grains = (elements + GRAIN - 1) / GRAIN;
        team.forEach(grains, GRAIN, least, (first, end, worker) -> {
            long last = Math.min(elements, end * GRAIN);
            int count;
            for (long from = first * GRAIN; from < last; from += count) {
                count = VectorPointwise.apart((int) Math.min(PIECE, last - from));
                span.run(from * 4, count);
            }
        });
    }

    @Override
    public void unary(Unary f, Tensor x, Tensor y) {
        Arguments.unary(x, y);
        VectorBackend.requireFloats("unary", x);
        long xs = x.address();
        long ys = y.address();
        boolean isDouble = f == Unary.LOG || f == Unary.GELU || f == Unary.GELU_DERIVATIVE;
        forEach(x.elements(), isDouble ? DOUBLE : FAST, (at, count) -> unary(f, xs + at, ys + at, count));
    }

    private static void unary(Unary f, long x, long y, int count) {
        switch (f) {
            case NEGATE -> VectorPointwise.negate(x, y, count);
            case SQUARE -> VectorPointwise.square(x, y, count);
            case SQUARE_ROOT -> VectorPointwise.squareRoot(x, y, count);
            case RECIPROCAL -> VectorPointwise.reciprocal(x, y, count);
            case ABSOLUTE -> VectorPointwise.absolute(x, y, count);
            case EXP -> VectorPointwise.exp(x, y, count);
            case STEP -> VectorPointwise.step(x, y, count);
            case LOG -> {
                for (long i = 0; i < count * 4L; i += 4) {
                    ALL.set(FLOAT, y + i, (float) StrictMath.log(ALL.get(FLOAT, x + i)));
                }
            }
            case GELU -> {
                for (long i = 0; i < count * 4L; i += 4) {
                    double value = ALL.get(FLOAT, x + i);
                    ALL.set(FLOAT, y + i, (float) (value * NormalDistribution.cumulative(value)));
                }
            }
            case GELU_DERIVATIVE -> {
                for (long i = 0; i < count * 4L; i += 4) {
                    double value = ALL.get(FLOAT, x + i);
                    double density = NormalDistribution.density(value);
                    double slope = NormalDistribution.cumulative(value, density) + value * density;
                    ALL.set(FLOAT, y + i, (float) slope);
                }
            }
        }
    }

    @Override
    public void binary(Binary f, Tensor a, Tensor b, Tensor y) {
        Arguments.binary(a, b, y);
        VectorBackend.requireFloats("binary", a);
        long as = a.address();
        long bs = b.address();
        long ys = y.address();
        forEach(a.elements(), FAST, (at, count) -> binary(f, as + at, bs + at, ys + at, count));
    }

    private static void binary(Binary f, long a, long b, long y, int count) {
        switch (f) {
            case ADD -> VectorPointwise.add(a, b, y, count);
            case SUBTRACT -> VectorPointwise.subtract(a, b, y, count);
            case MULTIPLY -> VectorPointwise.multiply(a, b, y, count);
            case DIVIDE -> VectorPointwise.divide(a, b, y, count);
            case MINIMUM -> VectorPointwise.minimum(a, b, y, count);
            case MAXIMUM -> VectorPointwise.maximum(a, b, y, count);
            case GREATER -> VectorPointwise.greater(a, b, y, count);
        }
    }

    @Override
    public void affine(Tensor x, double scale, double shift, Tensor y) {
        Arguments.affine(x, y);
        VectorBackend.requireFloats("affine", x);
        long xs = x.address();
        long ys = y.address();
        forEach(x.elements(), FAST, (at, count) ->
                VectorPointwise.affine(xs + at, (float) scale, (float) shift, ys + at, count));
    }

    @Override
    public void addScaled(double alpha, Tensor x, Tensor y) {
        Arguments.addScaled(x, y);
        VectorBackend.requireFloats("addScaled", x);
        long xs = x.address();
        long ys = y.address();
        forEach(x.elements(), FAST, (at, count) ->
                VectorPointwise.addScaled((float) alpha, xs + at, ys + at, count));
    }

    @Override
    public void clamp(Tensor x, double low, double high, Tensor y) {
        Arguments.clamp(x, low, high, y);
        VectorBackend.requireFloats("clamp", x);
        long xs = x.address();
        long ys = y.address();
        forEach(x.elements(), FAST, (at, count) ->
                VectorPointwise.clamp(xs + at, (float) low, (float) high, ys + at, count));
    }

    @Override
    public void fill(Tensor x, double value) {
        Arguments.fill(x);
        VectorBackend.requireFloats("fill", x);
        long xs = x.address();
        forEach(x.elements(), STREAM, (at, count) -> VectorPointwise.fill((float) value, xs + at, count));
    }

    @Override
    public void sum(Tensor x, Tensor sum) {
        Arguments.sum(x, sum);
        VectorBackend.requireFloats("sum", x);
        long xs = x.address();
        long elements = x.elements();
        long chunks = (elements + Backend.CHUNK - 1) / Backend.CHUNK;
        long sums = team.shared().buffer(chunks * 4);
        team.forEach(chunks, Backend.CHUNK, STREAM, (first, end, worker) ->
                VectorSums.ofChunks(xs, first, end, elements, sums, team.scratch(worker).lanes));
        float total = chunks == 0 ? 0 : ALL.get(FLOAT, sums);
        for (long chunk = 1; chunk < chunks; chunk++) {
            total += ALL.get(FLOAT, sums + chunk * 4);
        }
        ALL.set(FLOAT, sum.address(), total);
    }

    @Override
    public void convert(Tensor from, Tensor to) {
        Arguments.convert(from, to);
        Arguments.onHost("convert", from);
        DType source = from.dtype();
        DType target = to.dtype();
        long xs = from.address();
        long ys = to.address();
        forEach(from.elements(), FAST, (at, count) ->
                VectorConversions.convert(source, xs, target, ys, at / 4, count));
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
        Arguments.swiGlu(gate, up, out);
        VectorBackend.requireFloats("swiGlu", gate);
        long gates = gate.address();
        long ups = up.address();
        long outs = out.address();
        forEach(gate.elements(), SLOW, (at, count) ->
                VectorPointwise.swiGlu(gates + at, ups + at, outs + at, count));
    }

    @Override
    public void swiGluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
        Arguments.swiGluBackward(dout, gate, up, dgate, dup);
        VectorBackend.requireFloats("swiGluBackward", gate);
        long gradients = dout.address();
        long gates = gate.address();
        long ups = up.address();
        long dgates = dgate.address();
        long dups = dup.address();
        forEach(gate.elements(), SLOW, (at, count) ->
                VectorPointwise.swiGluBackward(gradients + at, gates + at, ups + at, dgates + at, dups + at, count));
    }

    @Override
    public void dropoutMask(RandomKey key, double keep, Tensor mask) {
        Arguments.dropoutMask(keep, mask);
        VectorBackend.requireFloats("dropoutMask", mask);
        float multiplier = (float) (1 / keep);
        long ys = mask.address();
        forEach(mask.elements(), SLOW, (at, count) -> {
            for (long i = at / 4; i < at / 4 + count; i++) {
                ALL.set(FLOAT, ys + i * 4, key.uniform(i) < keep ? multiplier : 0f);
            }
        });
    }
}
