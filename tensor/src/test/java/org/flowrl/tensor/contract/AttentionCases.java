package org.flowrl.tensor.contract;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Tensor;

/// Attention on awkward sequence lengths, head counts and head sizes.
final class AttentionCases {
    private static final int[][] LENGTHS = {{}, {0}, {1}, {2, 5, 1}, {0, 6, 0, 7}, {16, 17, 15}, {64, 13}, {257, 31}};
    /// Query heads, key heads, head size.
    private static final int[][] HEADS = {{1, 1, 1}, {2, 1, 7}, {4, 2, 16}, {3, 3, 17}, {6, 2, 64}, {2, 2, 256}};
    private static final int SPARE_PAGES = 2;

    private AttentionCases() {
    }

    static List<KernelCase> all() {
        List<KernelCase> cases = new ArrayList<>();
        for (int[] lengths : LENGTHS) {
            for (int[] heads : HEADS) {
                // The largest lengths with the largest heads tell nothing new and cost the most.
                if (Arrays.stream(lengths).sum() * heads[0] * heads[2] <= 64 * 1024) {
                    cases.add(forward(lengths, heads[0], heads[1], heads[2]));
                    cases.add(backward(lengths, heads[0], heads[1], heads[2]));
                    cases.add(forwardPaged(lengths, heads[0], heads[1], heads[2]));
                }
            }
        }
        return cases;
    }

    /// Where sequences of these lengths start, and where the last one ends.
    static int[] starts(int... lengths) {
        int[] starts = new int[lengths.length + 1];
        for (int b = 0; b < lengths.length; b++) {
            starts[b + 1] = starts[b] + lengths[b];
        }
        return starts;
    }

    private static double scale(int size) {
        return 1 / Math.sqrt(size);
    }

    private static KernelCase forward(int[] lengths, int h, int g, int e) {
        int n = Arrays.stream(lengths).sum();
        return KernelCase.of("attention forward", KernelCase.ALL, (backend, in) -> {
            Tensor out = in.junk(n, h, e);
            Tensor statistics = in.junk(n, h, 2);
            backend.attention().forward(in.values(n, h, e), in.values(n, g, e), in.values(n, g, e),
                    in.integers(starts(lengths)), scale(e), out, statistics);
            return List.of(out, statistics);
        }, "lengths", Arrays.toString(lengths), "H", h, "G", g, "E", e);
    }

    private static KernelCase backward(int[] lengths, int h, int g, int e) {
        int n = Arrays.stream(lengths).sum();
        return KernelCase.of("attention backward", KernelCase.FINITE, (backend, in) -> {
            Tensor q = in.values(n, h, e);
            Tensor k = in.values(n, g, e);
            Tensor v = in.values(n, g, e);
            Tensor starts = in.integers(starts(lengths));
            Tensor out = in.junk(n, h, e);
            Tensor statistics = in.junk(n, h, 2);
            backend.attention().forward(q, k, v, starts, scale(e), out, statistics);
            Tensor dq = in.junk(n, h, e);
            Tensor dk = in.junk(n, g, e);
            Tensor dv = in.junk(n, g, e);
            backend.attention().backward(in.ordinary(n, h, e), q, k, v, out, statistics, starts, scale(e), dq, dk, dv);
            return List.of(dq, dk, dv);
        }, "lengths", Arrays.toString(lengths), "H", h, "G", g, "E", e);
    }

    /// All tokens are written into shuffled pages of NaN and then read; table entries of no page are −1.
    private static KernelCase forwardPaged(int[] lengths, int h, int g, int e) {
        int n = Arrays.stream(lengths).sum();
        return KernelCase.of("attention forwardPaged", KernelCase.FINITE, (backend, in) -> {
            Paging paging = Paging.of(in, SPARE_PAGES, lengths);
            Tensor keyPages = in.junk(paging.pages(), g, e, Backend.LANES);
            Tensor valuePages = in.junk(paging.pages(), g, Backend.LANES, e);
            backend.attention().writePages(in.values(n, g, e), in.values(n, g, e), paging.slots(), keyPages,
                    valuePages);
            Tensor out = in.junk(n, h, e);
            backend.attention().forwardPaged(in.values(n, h, e), keyPages, valuePages, paging.positions(),
                    paging.sequences(), paging.table(), scale(e), out);
            return List.of(keyPages, valuePages, out);
        }, "lengths", Arrays.toString(lengths), "H", h, "G", g, "E", e);
    }
}
