package org.flowrl.tensor.contract;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Makes the tensors of one kernel call from a seed: the same seed gives the same numbers in the same order, on every
/// backend and in both computing types (all numbers are floats).
public final class Inputs {
    /// The numbers that {@link #values} draws from.
    public enum Range {
        /// Uniform in ±√3: variance 1.
        NORMAL(1),
        /// A thousand times that: exponentials overflow and underflow.
        LARGE(1000),
        /// As NORMAL, but one number in sixteen is NaN, infinite, a zero, subnormal or near the largest float.
        SPECIAL(1);

        private final double spread;

        Range(double spread) {
            this.spread = spread;
        }
    }

    private static final double UNIT_VARIANCE = Math.sqrt(3);
    private static final double SPECIAL_SHARE = 1.0 / 16;
    private static final float[] SPECIALS = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0f, -0f,
        Float.MIN_VALUE, -1e-40f, 3e38f, -3e38f};

    private final Scope scope;
    private final DType type;
    private final Range range;
    private final SplittableRandom random;

    /// Inputs of one call in `scope`.
    ///
    /// @param type F32 or F64
    public Inputs(Scope scope, DType type, Range range, long seed) {
        this.scope = scope;
        this.type = type;
        this.range = range;
        this.random = new SplittableRandom(seed);
    }

    /// Where the tensors live.
    public Scope scope() {
        return scope;
    }

    /// The computing type of the call.
    public DType type() {
        return type;
    }

    /// Numbers of the range.
    public Tensor values(long... dims) {
        float[] numbers = new float[size(dims)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = range == Range.SPECIAL && random.nextDouble() < SPECIAL_SHARE
                    ? SPECIALS[random.nextInt(SPECIALS.length)] : ordinary(range.spread);
        }
        return floating(numbers, dims);
    }

    /// Numbers of variance 1, whatever the range.
    public Tensor ordinary(long... dims) {
        float[] numbers = new float[size(dims)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = ordinary(1);
        }
        return floating(numbers, dims);
    }

    /// Numbers in [0.1, 2.1), whatever the range.
    public Tensor positive(long... dims) {
        float[] numbers = new float[size(dims)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = 0.1f + 2 * random.nextFloat();
        }
        return floating(numbers, dims);
    }

    /// Whole numbers in −bound … bound, many of them equal.
    public Tensor coarse(int bound, long... dims) {
        float[] numbers = new float[size(dims)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = random.nextInt(-bound, bound + 1);
        }
        return floating(numbers, dims);
    }

    /// What an overwritten output holds before the call: NaN, which shows wherever it is read or left.
    public Tensor junk(long... dims) {
        float[] numbers = new float[size(dims)];
        Arrays.fill(numbers, Float.NaN);
        return floating(numbers, dims);
    }

    /// Indices in 0 … bound−1.
    public Tensor indices(int bound, int count) {
        return integers(random.ints(count, 0, Math.max(1, bound)).toArray());
    }

    /// Integers as given.
    public Tensor integers(int... values) {
        return scope.of(values, values.length);
    }

    /// F64 numbers in [0, 1), the ends 0 and 1 − 2^-53 among them where there is room.
    public Tensor uniforms(int count) {
        double[] numbers = random.doubles(count).toArray();
        if (count > 2) {
            numbers[0] = 0;
            numbers[1] = Math.nextDown(1.0);
        }
        Tensor tensor = scope.allocate(DType.F64, count);
        tensor.copyFrom(numbers);
        return tensor;
    }

    /// A random order of 0 … count−1.
    public int[] permutation(int count) {
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /// A tensor of the call's type with these numbers.
    public Tensor floating(float[] numbers, long... dims) {
        if (type == DType.F32) {
            return scope.of(numbers, dims);
        }
        double[] doubles = new double[numbers.length];
        for (int i = 0; i < doubles.length; i++) {
            doubles[i] = numbers[i];
        }
        Tensor tensor = scope.allocate(DType.F64, dims);
        tensor.copyFrom(doubles);
        return tensor;
    }

    private float ordinary(double spread) {
        return (float) ((2 * random.nextDouble() - 1) * UNIT_VARIANCE * spread);
    }

    private static int size(long... dims) {
        long size = 1;
        for (long dim : dims) {
            size *= dim;
        }
        return Math.toIntExact(size);
    }
}
