package org.flowrl.tensor.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.List;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.Tensor;

/// Comparison of the numbers of tensors.
public final class Numbers {
    private Numbers() {
    }

    /// Every number has the same bits; all NaNs are the same.
    public static void assertSameBits(String what, List<Tensor> expected, List<Tensor> actual) {
        for (int t = 0; t < expected.size(); t++) {
            assertSameBits(what + ", output " + t, expected.get(t), actual.get(t));
        }
    }

    /// Every number has the same bits; all NaNs are the same.
    public static void assertSameBits(String what, Tensor expected, Tensor actual) {
        double[] wanted = read(expected);
        double[] found = read(actual);
        assertThat(found.length).as(what).isEqualTo(wanted.length);
        for (int i = 0; i < wanted.length; i++) {
            // Float to double is exact, so that equal doubles mean equal floats.
            if (Double.doubleToLongBits(wanted[i]) != Double.doubleToLongBits(found[i])) {
                fail("%s: element %d of %s is %s, expected %s (difference %s)", what, i, actual, found[i], wanted[i],
                        found[i] - wanted[i]);
            }
        }
    }

    /// Every number differs by at most `tolerance` times the largest size among the expected ones and 1, the size of
    /// the inputs (outputs may cancel to nothing); integers, NaN and infinities are equal.
    public static void assertClose(String what, List<Tensor> expected, List<Tensor> actual, double tolerance) {
        for (int t = 0; t < expected.size(); t++) {
            assertClose(what + ", output " + t, read(expected.get(t)), read(actual.get(t)),
                    expected.get(t).dtype() == DType.I32 ? 0 : tolerance);
        }
    }

    /// As the other {@link #assertClose}, for numbers.
    public static void assertClose(String what, double[] expected, double[] actual, double tolerance) {
        assertThat(actual.length).as(what).isEqualTo(expected.length);
        double size = 1;
        for (double wanted : expected) {
            size = Math.max(size, Double.isFinite(wanted) ? Math.abs(wanted) : 0);
        }
        for (int i = 0; i < expected.length; i++) {
            boolean same = Double.compare(expected[i], actual[i]) == 0;
            if (!same && !(Math.abs(expected[i] - actual[i]) <= tolerance * size)) {
                fail("%s: element %d is %s, expected %s (difference %s, allowed %s)", what, i, actual[i], expected[i],
                        actual[i] - expected[i], tolerance * size);
            }
        }
    }

    private static double[] read(Tensor tensor) {
        if (tensor.dtype() != DType.I32) {
            return tensor.toDoubles();
        }
        int[] integers = tensor.toInts();
        double[] values = new double[integers.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = integers[i];
        }
        return values;
    }
}
