package org.flowrl.tensor.contract;

import java.util.ArrayList;
import java.util.List;
import org.flowrl.tensor.Tensor;

/// Kernels over rows on awkward sizes.
final class RowCases {
    private static final int[] ROWS = {0, 1, 2, 5, 6, 64, 257, 300};
    private static final int[] SIZES = {1, 7, 13, 16, 17, 255, 256, 257, 300};
    private static final int[] HEADS = {1, 3};
    private static final int[] HEAD_SIZES = {2, 14, 16, 34, 64};
    private static final double EPS = 1e-6;
    private static final int WORDS = 11;
    private static final int POSITIONS = 40;

    private RowCases() {
    }

    static List<KernelCase> all() {
        List<KernelCase> cases = new ArrayList<>();
        for (int r : ROWS) {
            for (int d : SIZES) {
                addNorms(cases, r, d);
                cases.add(gather(r, d));
                cases.add(scatterAdd(r, d));
            }
            for (int h : HEADS) {
                for (int e : HEAD_SIZES) {
                    cases.add(rope(r, h, e, false));
                    cases.add(rope(r, h, e, true));
                }
            }
        }
        for (int d : SIZES) {
            addSegments(cases, 20, d, 0, 3, 3, 20);
            addSegments(cases, 20, d, 2, 2, 19);
            addSegments(cases, 0, d, 0, 0);
            addSegments(cases, 5, d, 0);
        }
        return cases;
    }

    private static void addNorms(List<KernelCase> cases, int r, int d) {
        cases.add(KernelCase.of("rmsNorm", KernelCase.ALL, (backend, in) -> {
            Tensor y = in.junk(r, d);
            Tensor inverse = in.junk(r);
            backend.rows().rmsNorm(in.values(r, d), in.ordinary(d), EPS, y, inverse);
            return List.of(y, inverse);
        }, "R", r, "D", d));
        cases.add(KernelCase.of("rmsNormBackward", KernelCase.ALL, (backend, in) -> {
            Tensor dx = in.junk(r, d);
            Tensor dweight = in.ordinary(d);
            backend.rows().rmsNormBackward(in.values(r, d), in.ordinary(r, d), in.ordinary(d), in.positive(r), dx,
                    dweight);
            return List.of(dx, dweight);
        }, "R", r, "D", d));
        cases.add(KernelCase.of("layerNorm", KernelCase.ALL, (backend, in) -> {
            Tensor y = in.junk(r, d);
            Tensor mean = in.junk(r);
            Tensor inverse = in.junk(r);
            backend.rows().layerNorm(in.values(r, d), in.ordinary(d), in.ordinary(d), EPS, y, mean, inverse);
            return List.of(y, mean, inverse);
        }, "R", r, "D", d));
        cases.add(KernelCase.of("layerNormBackward", KernelCase.ALL, (backend, in) -> {
            Tensor dx = in.junk(r, d);
            Tensor dgamma = in.ordinary(d);
            Tensor dbeta = in.ordinary(d);
            backend.rows().layerNormBackward(in.values(r, d), in.ordinary(r, d), in.ordinary(d), in.ordinary(r),
                    in.positive(r), dx, dgamma, dbeta);
            return List.of(dx, dgamma, dbeta);
        }, "R", r, "D", d));
    }

    private static KernelCase gather(int n, int d) {
        return KernelCase.of("gather", KernelCase.ALL, (backend, in) -> {
            Tensor out = in.junk(n, d);
            backend.rows().gather(in.values(WORDS, d), in.indices(WORDS, n), out);
            return List.of(out);
        }, "V", WORDS, "N", n, "D", d);
    }

    private static KernelCase scatterAdd(int n, int d) {
        return KernelCase.of("scatterAdd", KernelCase.ALL, (backend, in) -> {
            Tensor dtable = in.ordinary(WORDS, d);
            backend.rows().scatterAdd(in.values(n, d), in.indices(WORDS, n), dtable);
            return List.of(dtable);
        }, "V", WORDS, "N", n, "D", d);
    }

    private static KernelCase rope(int n, int h, int e, boolean inverse) {
        return KernelCase.of("rope", KernelCase.ALL, (backend, in) -> {
            Tensor out = in.junk(n, h, e);
            backend.rows().rope(in.values(n, h, e), in.indices(POSITIONS, n), in.ordinary(POSITIONS, e / 2),
                    in.ordinary(POSITIONS, e / 2), inverse, out);
            return List.of(out);
        }, "N", n, "H", h, "E", e, inverse ? "inverse" : "");
    }

    private static void addSegments(List<KernelCase> cases, int n, int d, int... starts) {
        int b = starts.length - 1;
        cases.add(KernelCase.of("segmentSum", KernelCase.ALL, (backend, in) -> {
            Tensor out = in.junk(b, d);
            backend.rows().segmentSum(in.values(n, d), in.integers(starts), out);
            return List.of(out);
        }, "N", n, "D", d, "starts", starts.length));
        cases.add(KernelCase.of("segmentBroadcast", KernelCase.ALL, (backend, in) -> {
            Tensor out = in.junk(n, d);
            backend.rows().segmentBroadcast(in.values(b, d), in.integers(starts), out);
            return List.of(out);
        }, "N", n, "D", d, "starts", starts.length));
        cases.add(KernelCase.of("segmentSum", KernelCase.ALL, (backend, in) -> {
            Tensor out = in.junk(b);
            backend.rows().segmentSum(in.values(n), in.integers(starts), out);
            return List.of(out);
        }, "N", n, "starts", starts.length));
        cases.add(KernelCase.of("segmentBroadcast", KernelCase.ALL, (backend, in) -> {
            Tensor out = in.junk(n);
            backend.rows().segmentBroadcast(in.values(b), in.integers(starts), out);
            return List.of(out);
        }, "N", n, "starts", starts.length));
    }
}
