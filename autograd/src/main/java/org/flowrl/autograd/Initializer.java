package org.flowrl.autograd;

import org.flowrl.tensor.RandomKey;

/// The first value of a parameter's elements.
@FunctionalInterface
public interface Initializer {
    /// The value of element `index` in row-major order, drawn from `key` (the parameter's own) where random.
    double value(RandomKey key, long index);

    /// All elements 0.
    static Initializer zeros() {
        return (key, index) -> 0;
    }

    /// All elements 1.
    static Initializer ones() {
        return (key, index) -> 1;
    }

    /// Normal with mean 0.
    static Initializer normal(double standardDeviation) {
        return (key, index) -> standardDeviation * key.normal(index);
    }

    /// Uniform in [−bound, bound).
    static Initializer uniform(double bound) {
        return (key, index) -> bound * (2 * key.uniform(index) - 1);
    }
}
