package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// The exponential of the kernel contract on vectors, operation by operation the twin of {@link Exponential}, and the
/// passes over rows that softmax needs.
final class VectorExponential {
    private static final FloatVector INDEX = FloatVector.zero(FLOATS).addIndex(1);

    private VectorExponential() {
    }

    /// Overwrites the vector at `to` with e^x of the one at `from`, the bits of {@link Exponential#exp}.
    static void exp(long from, long to) {
        FloatVector x = FloatVector.fromMemorySegment(FLOATS, ALL, from, ORDER);
        FloatVector shifted = x.fma(Exponential.LOG2_E, Exponential.ROUNDING);
        FloatVector n = shifted.sub(Exponential.ROUNDING);
        FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -Exponential.LN2_HIGH), x);
        r = n.fma(FloatVector.broadcast(FLOATS, -Exponential.LN2_LOW), r);
        FloatVector p = r.fma(Exponential.P5, Exponential.P4);
        p = p.fma(r, FloatVector.broadcast(FLOATS, Exponential.P3));
        p = p.fma(r, FloatVector.broadcast(FLOATS, Exponential.P2));
        p = p.fma(r, FloatVector.broadcast(FLOATS, Exponential.P1));
        p = p.fma(r, FloatVector.broadcast(FLOATS, Exponential.P0));
        p = p.fma(r.mul(r), r).add(1f);
        FloatVector scaled = p.reinterpretAsInts()
                .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, Exponential.EXPONENT_SHIFT))
                .reinterpretAsFloats();
        scaled.blend(0f, x.compare(VectorOperators.LT, Exponential.UNDERFLOW))
                .blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, Exponential.OVERFLOW))
                .blend(x, x.compare(VectorOperators.NE, x)).intoMemorySegment(ALL, to, ORDER);
    }

    /// The largest of `count` numbers, −∞ of none, NaN where one is.
    static float max(long x, int count) {
        FloatVector most = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        int j = 0;
        for (; j <= count - LENGTH; j += LENGTH) {
            most = FloatVector.fromMemorySegment(FLOATS, ALL, x + j * 4L, ORDER).max(most);
        }
        float max = most.reduceLanes(VectorOperators.MAX);
        for (; j < count; j++) {
            max = Math.max(max, ALL.get(FLOAT, x + j * 4L));
        }
        return max;
    }

    /// Overwrites w = e^(z − m).
    static void ofDifferences(long z, float m, int count, long w) {
        int j = 0;
        for (; j <= count - LENGTH; j += LENGTH) {
            long at = w + j * 4L;
            FloatVector.fromMemorySegment(FLOATS, ALL, z + j * 4L, ORDER).sub(m).intoMemorySegment(ALL, at, ORDER);
            exp(at, at);
        }
        for (; j < count; j++) {
            ALL.set(FLOAT, w + j * 4L, Exponential.exp(ALL.get(FLOAT, z + j * 4L) - m));
        }
    }

    /// Scales the first `count` of `padded` numbers, a multiple of sixteen, sets the others to −∞, and returns the
    /// largest.
    static float scale(long s, float scale, int count, int padded) {
        FloatVector most = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        for (int j = 0; j < padded; j += LENGTH) {
            FloatVector scaled = FloatVector.fromMemorySegment(FLOATS, ALL, s + j * 4L, ORDER).mul(scale)
                    .blend(Float.NEGATIVE_INFINITY, INDEX.compare(VectorOperators.GE, count - j));
            scaled.intoMemorySegment(ALL, s + j * 4L, ORDER);
            most = scaled.max(most);
        }
        return most.reduceLanes(VectorOperators.MAX);
    }

    /// Over `padded` numbers, a multiple of sixteen: overwrites scores with probabilities
    /// p = e^(s · scale − m) · inverse, and the gradients towards them with (p · (slope − d)) · scale.
    static void slopes(long s, long slope, float d, float scale, float m, float inverse, int padded) {
        for (int j = 0; j < padded; j += LENGTH) {
            long at = s + j * 4L;
            FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER).mul(scale).sub(m).intoMemorySegment(ALL, at, ORDER);
            exp(at, at);
            FloatVector p = FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER).mul(inverse);
            FloatVector difference = FloatVector.fromMemorySegment(FLOATS, ALL, slope + j * 4L, ORDER).sub(d);
            p.intoMemorySegment(ALL, at, ORDER);
            p.mul(difference).mul(scale).intoMemorySegment(ALL, slope + j * 4L, ORDER);
        }
    }
}
