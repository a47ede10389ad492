package org.flowrl.bench.kernel;

import java.util.List;
import java.util.stream.LongStream;

/// One input of a case: its name in the kernel's interface, its shape, and how it is filled from the case's seed.
///
/// @param shape outermost dimension first
/// @param content what the elements are
/// @param bound the largest absolute value of {@link Content#SYMMETRIC} and {@link Content#POSITIVE}, the exclusive
///     bound of {@link Content#INDICES}
public record Operand(String name, List<Long> shape, Content content, double bound) {
    /// How elements are drawn.
    public enum Content {
        /// F32, uniform in (−bound, bound).
        SYMMETRIC,
        /// F32, uniform in (0, bound).
        POSITIVE,
        /// I32, uniform in 0 … bound−1.
        INDICES
    }

    static Operand symmetric(String name, long... shape) {
        return new Operand(name, boxed(shape), Content.SYMMETRIC, 1);
    }

    static Operand symmetricWithin(double bound, String name, long... shape) {
        return new Operand(name, boxed(shape), Content.SYMMETRIC, bound);
    }

    static Operand positive(String name, long... shape) {
        return new Operand(name, boxed(shape), Content.POSITIVE, 1);
    }

    static Operand indices(String name, long bound, long... shape) {
        return new Operand(name, boxed(shape), Content.INDICES, bound);
    }

    /// The product of the dimensions.
    public long elements() {
        return shape.stream().reduce(1L, Math::multiplyExact);
    }

    private static List<Long> boxed(long[] shape) {
        return LongStream.of(shape).boxed().toList();
    }
}
