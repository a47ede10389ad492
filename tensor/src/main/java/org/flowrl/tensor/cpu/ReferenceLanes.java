package org.flowrl.tensor.cpu;

import java.util.Arrays;
import org.flowrl.tensor.Backend;

/// A sum over sixteen lanes, as {@link Backend} describes it.
final class ReferenceLanes {
    private final Precision p;
    private final double[] lanes = new double[Backend.LANES];

    ReferenceLanes(Precision p) {
        this.p = p;
    }

    /// Element j of the sum.
    void add(long j, double x) {
        int lane = (int) (j % Backend.LANES);
        lanes[lane] = p.add(lanes[lane], x);
    }

    /// Element j of a sum of products: a · b by fma.
    void addProduct(long j, double a, double b) {
        int lane = (int) (j % Backend.LANES);
        lanes[lane] = p.fma(a, b, lanes[lane]);
    }

    /// The sum; the next one starts from +0.
    double fold() {
        for (int width = Backend.LANES / 2; width >= 1; width /= 2) {
            for (int i = 0; i < width; i++) {
                lanes[i] = p.add(lanes[i], lanes[i + width]);
            }
        }
        double sum = lanes[0];
        Arrays.fill(lanes, 0);
        return sum;
    }
}
