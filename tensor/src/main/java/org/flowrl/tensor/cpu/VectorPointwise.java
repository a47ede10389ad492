package org.flowrl.tensor.cpu;

import static org.flowrl.tensor.cpu.VectorLanes.ALL;
import static org.flowrl.tensor.cpu.VectorLanes.FLOAT;
import static org.flowrl.tensor.cpu.VectorLanes.FLOATS;
import static org.flowrl.tensor.cpu.VectorLanes.LENGTH;
import static org.flowrl.tensor.cpu.VectorLanes.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Functions of one and two elements over arrays of `count` floats; y may be an input.
final class VectorPointwise {
    private static final int PAGE = 4096;
    private static final int NEAR = 256;

    private VectorPointwise() {
    }

    /// The floats of each of the two streams that a cheap function reads and writes side by side, whole vectors: out of
    /// cache one stream waits at every page for the prefetcher to begin again, two cover each other's waits.
    private static int half(int count) {
        return count / (2 * LENGTH) * LENGTH;
    }

    /// The most of `count` floats, all or 1,024 fewer, of which the two streams do not lie a multiple of 4,096 bytes
    /// apart: a processor takes a load for one of what has just been stored by the lower bits of the addresses, and
    /// waits. In some JVMs {@link #addScaled} of 8,192 floats took 2.1 us for that, in others 0.6.
    static int apart(int count) {
        int bytes = half(count) * 4;
        int beyond = bytes % PAGE;
        return bytes >= PAGE && (beyond < NEAR || beyond > PAGE - NEAR) ? count - PAGE / 4 : count;
    }

    /// y = −x.
    static void negate(long x, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER).neg()
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, x + second + i * 4L, ORDER).neg()
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, -ALL.get(FLOAT, x + i * 4L));
        }
    }

    /// y = x².
    static void square(long x, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER);
            v.mul(v).intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector w = FloatVector.fromMemorySegment(FLOATS, ALL, x + second + i * 4L, ORDER);
            w.mul(w).intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            float v = ALL.get(FLOAT, x + i * 4L);
            ALL.set(FLOAT, y + i * 4L, v * v);
        }
    }

    /// y = √x.
    static void squareRoot(long x, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER).sqrt()
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, x + second + i * 4L, ORDER).sqrt()
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, (float) Math.sqrt(ALL.get(FLOAT, x + i * 4L)));
        }
    }

    /// y = 1 / x.
    static void reciprocal(long x, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.broadcast(FLOATS, 1f).div(FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.broadcast(FLOATS, 1f)
                    .div(FloatVector.fromMemorySegment(FLOATS, ALL, x + second + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, 1 / ALL.get(FLOAT, x + i * 4L));
        }
    }

    /// y = |x|.
    static void absolute(long x, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER).abs()
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, x + second + i * 4L, ORDER).abs()
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, Math.abs(ALL.get(FLOAT, x + i * 4L)));
        }
    }

    /// y = e^x.
    static void exp(long x, long y, int count) {
        int i = 0;
        for (; i <= count - LENGTH; i += LENGTH) {
            VectorExponential.exp(x + i * 4L, y + i * 4L);
        }
        for (; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, Exponential.exp(ALL.get(FLOAT, x + i * 4L)));
        }
    }

    /// y = 1 where x > 0, else 0.
    static void step(long x, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector v = FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER);
            FloatVector.zero(FLOATS).blend(1f, v.compare(VectorOperators.GT, 0f))
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector w = FloatVector.fromMemorySegment(FLOATS, ALL, x + second + i * 4L, ORDER);
            FloatVector.zero(FLOATS).blend(1f, w.compare(VectorOperators.GT, 0f))
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, ALL.get(FLOAT, x + i * 4L) > 0 ? 1f : 0f);
        }
    }

    /// y = a + b.
    static void add(long a, long b, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, a + i * 4L, ORDER)
                    .add(FloatVector.fromMemorySegment(FLOATS, ALL, b + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, a + second + i * 4L, ORDER)
                    .add(FloatVector.fromMemorySegment(FLOATS, ALL, b + second + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, ALL.get(FLOAT, a + i * 4L) + ALL.get(FLOAT, b + i * 4L));
        }
    }

    /// y = a − b.
    static void subtract(long a, long b, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, a + i * 4L, ORDER)
                    .sub(FloatVector.fromMemorySegment(FLOATS, ALL, b + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, a + second + i * 4L, ORDER)
                    .sub(FloatVector.fromMemorySegment(FLOATS, ALL, b + second + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, ALL.get(FLOAT, a + i * 4L) - ALL.get(FLOAT, b + i * 4L));
        }
    }

    /// y = a · b.
    static void multiply(long a, long b, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, a + i * 4L, ORDER)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, a + second + i * 4L, ORDER)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + second + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, ALL.get(FLOAT, a + i * 4L) * ALL.get(FLOAT, b + i * 4L));
        }
    }

    /// y = a / b.
    static void divide(long a, long b, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, a + i * 4L, ORDER)
                    .div(FloatVector.fromMemorySegment(FLOATS, ALL, b + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, a + second + i * 4L, ORDER)
                    .div(FloatVector.fromMemorySegment(FLOATS, ALL, b + second + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, ALL.get(FLOAT, a + i * 4L) / ALL.get(FLOAT, b + i * 4L));
        }
    }

    /// y = min(a, b), NaN where one is.
    static void minimum(long a, long b, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, a + i * 4L, ORDER)
                    .min(FloatVector.fromMemorySegment(FLOATS, ALL, b + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, a + second + i * 4L, ORDER)
                    .min(FloatVector.fromMemorySegment(FLOATS, ALL, b + second + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, Math.min(ALL.get(FLOAT, a + i * 4L), ALL.get(FLOAT, b + i * 4L)));
        }
    }

    /// y = max(a, b), NaN where one is.
    static void maximum(long a, long b, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, a + i * 4L, ORDER)
                    .max(FloatVector.fromMemorySegment(FLOATS, ALL, b + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, a + second + i * 4L, ORDER)
                    .max(FloatVector.fromMemorySegment(FLOATS, ALL, b + second + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, Math.max(ALL.get(FLOAT, a + i * 4L), ALL.get(FLOAT, b + i * 4L)));
        }
    }

    /// y = 1 where a > b, else 0.
    static void greater(long a, long b, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, a + i * 4L, ORDER);
            FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, b + i * 4L, ORDER);
            FloatVector.zero(FLOATS).blend(1f, left.compare(VectorOperators.GT, right))
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector nextLeft = FloatVector.fromMemorySegment(FLOATS, ALL, a + second + i * 4L, ORDER);
            FloatVector nextRight = FloatVector.fromMemorySegment(FLOATS, ALL, b + second + i * 4L, ORDER);
            FloatVector.zero(FLOATS).blend(1f, nextLeft.compare(VectorOperators.GT, nextRight))
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, ALL.get(FLOAT, a + i * 4L) > ALL.get(FLOAT, b + i * 4L) ? 1f : 0f);
        }
    }

    /// y = fma(x, scale, shift).
    static void affine(long x, float scale, float shift, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER).fma(scale, shift)
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, x + second + i * 4L, ORDER).fma(scale, shift)
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, Math.fma(ALL.get(FLOAT, x + i * 4L), scale, shift));
        }
    }

    /// y = fma(x, alpha, y).
    static void addScaled(float alpha, long x, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER)
                    .fma(FloatVector.broadcast(FLOATS, alpha),
                            FloatVector.fromMemorySegment(FLOATS, ALL, y + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, x + second + i * 4L, ORDER)
                    .fma(FloatVector.broadcast(FLOATS, alpha),
                            FloatVector.fromMemorySegment(FLOATS, ALL, y + second + i * 4L, ORDER))
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, Math.fma(ALL.get(FLOAT, x + i * 4L), alpha, ALL.get(FLOAT, y + i * 4L)));
        }
    }

    /// y = min(max(x, low), high).
    static void clamp(long x, float low, float high, long y, int count) {
        int half = half(count);
        long second = half * 4L;
        for (int i = 0; i < half; i += LENGTH) {
            FloatVector.fromMemorySegment(FLOATS, ALL, x + i * 4L, ORDER).max(low).min(high)
                    .intoMemorySegment(ALL, y + i * 4L, ORDER);
            FloatVector.fromMemorySegment(FLOATS, ALL, x + second + i * 4L, ORDER).max(low).min(high)
                    .intoMemorySegment(ALL, y + second + i * 4L, ORDER);
        }
        for (int i = 2 * half; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, Math.min(Math.max(ALL.get(FLOAT, x + i * 4L), low), high));
        }
    }

    /// Overwrites every element of y.
    static void fill(float value, long y, int count) {
        int i = 0;
        for (; i <= count - LENGTH; i += LENGTH) {
            FloatVector.broadcast(FLOATS, value).intoMemorySegment(ALL, y + i * 4L, ORDER);
        }
        for (; i < count; i++) {
            ALL.set(FLOAT, y + i * 4L, value);
        }
    }

    /// y = (gate / (1 + e^(−gate))) · up.
    static void swiGlu(long gate, long up, long y, int count) {
        int i = 0;
        for (; i <= count - LENGTH; i += LENGTH) {
            long at = y + i * 4L;
            FloatVector g = FloatVector.fromMemorySegment(FLOATS, ALL, gate + i * 4L, ORDER);
            FloatVector u = FloatVector.fromMemorySegment(FLOATS, ALL, up + i * 4L, ORDER);
            g.neg().intoMemorySegment(ALL, at, ORDER);
            VectorExponential.exp(at, at);
            g.div(FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER).add(1f)).mul(u)
                    .intoMemorySegment(ALL, at, ORDER);
        }
        for (; i < count; i++) {
            float g = ALL.get(FLOAT, gate + i * 4L);
            ALL.set(FLOAT, y + i * 4L, g / (1 + Exponential.exp(-g)) * ALL.get(FLOAT, up + i * 4L));
        }
    }

    /// The gradients of {@link #swiGlu}; dgate and dup may be inputs.
    static void swiGluBackward(long dout, long gate, long up, long dgate, long dup, int count) {
        int i = 0;
        for (; i <= count - LENGTH; i += LENGTH) {
            FloatVector d = FloatVector.fromMemorySegment(FLOATS, ALL, dout + i * 4L, ORDER);
            FloatVector g = FloatVector.fromMemorySegment(FLOATS, ALL, gate + i * 4L, ORDER);
            FloatVector u = FloatVector.fromMemorySegment(FLOATS, ALL, up + i * 4L, ORDER);
            FloatVector one = FloatVector.broadcast(FLOATS, 1f);
            long at = dgate + i * 4L;
            g.neg().intoMemorySegment(ALL, at, ORDER);
            VectorExponential.exp(at, at);
            FloatVector sigma = one.div(FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER).add(one));
            FloatVector slope = sigma.mul(g.mul(one.sub(sigma)).add(one));
            d.mul(g.mul(sigma)).intoMemorySegment(ALL, dup + i * 4L, ORDER);
            d.mul(u).mul(slope).intoMemorySegment(ALL, at, ORDER);
        }
        for (; i < count; i++) {
            float d = ALL.get(FLOAT, dout + i * 4L);
            float g = ALL.get(FLOAT, gate + i * 4L);
            float u = ALL.get(FLOAT, up + i * 4L);
            float sigma = 1 / (1 + Exponential.exp(-g));
            float slope = sigma * (1 + g * (1 - sigma));
            ALL.set(FLOAT, dup + i * 4L, d * (g * sigma));
            ALL.set(FLOAT, dgate + i * 4L, d * u * slope);
        }
    }
}
