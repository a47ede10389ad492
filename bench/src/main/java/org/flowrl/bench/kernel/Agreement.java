package org.flowrl.bench.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// Whether two engines computed the same numbers: a race between two things that compute different ones says nothing.
final class Agreement {
    private Agreement() {
    }

    /// The largest difference between two engines' results, each result's as a share of its largest expected element.
    ///
    /// @throws IllegalStateException where the numbers or sizes of results differ, or a difference is NaN or above the
    ///     case's tolerance, naming engine, result, element and both values
    static double difference(KernelCase kernelCase, String engine, List<MemorySegment> expected,
            List<MemorySegment> actual) {
        if (actual.isEmpty()) {
            return 0;
        }
        if (actual.size() != expected.size()) {
            throw new IllegalStateException(kernelCase.name() + ": " + engine + " has " + actual.size()
                    + " results where " + expected.size() + " are expected");
        }
        double worst = 0;
        for (int result = 0; result < expected.size(); result++) {
            String where = kernelCase.name() + ": " + engine + ", result " + result;
            worst = Math.max(worst, difference(where, expected.get(result), actual.get(result),
                    kernelCase.tolerance()));
        }
        return worst;
    }

    private static double difference(String where, MemorySegment expected, MemorySegment actual, double tolerance) {
        if (expected.byteSize() != actual.byteSize()) {
            throw new IllegalStateException(where + ": " + actual.byteSize() + " bytes where " + expected.byteSize()
                    + " are expected");
        }
        long elements = expected.byteSize() / Float.BYTES;
        double scale = 0;
        for (long i = 0; i < elements; i++) {
            scale = Math.max(scale, Math.abs(expected.getAtIndex(ValueLayout.JAVA_FLOAT, i)));
        }
        double worst = 0;
        for (long i = 0; i < elements; i++) {
            float e = expected.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            float a = actual.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            double difference = Math.abs((double) e - a) / (scale == 0 ? 1 : scale);
            if (!(difference <= tolerance)) {
                throw new IllegalStateException(where + ", element " + i + ": " + a + " where flowrl has " + e
                        + ", which is more than " + tolerance + " of the largest element, " + scale);
            }
            worst = Math.max(worst, difference);
        }
        return worst;
    }
}
