package org.flowrl.bench.kernel;

import java.util.ArrayList;
import java.util.List;

/// The cases of the report: squares, the layers of Qwen2.5-0.5B, and the widths of small models.
public final class KernelCases {
    private static final long[] SQUARES = {128, 256, 512, 1024, 2048};
    /// N and K of query and output, key and value, gate and up, and down projections.
    private static final long[][] LAYERS = {{896, 896}, {128, 896}, {4864, 896}, {896, 4864}};
    private static final long[] TOKENS = {1, 8, 64, 512};
    private static final long[] HEAD_TOKENS = {1, 8};
    private static final long VOCABULARY = 151_936;
    private static final long WIDTH = 896;
    /// M, N and K of models of width 64 to 256.
    private static final long[][] SMALL = {{320, 64, 64}, {320, 176, 64}, {2048, 256, 64}, {2048, 256, 256},
        {512, 128, 256}, {2048, 704, 256}};
    /// R and D within the second-level cache and far beyond the last.
    private static final long[][] ROWS = {{64, 896}, {4096, 4864}};
    private static final long[] ATTENTION_TOKENS = {16, 128, 512, 1024};
    private static final long[] HEAD_ROWS = {8, 64};

    private KernelCases() {
    }

    /// All of them, family by family.
    public static List<KernelCase> all() {
        List<KernelCase> cases = new ArrayList<>(matmuls());
        for (RowCase.Kind kind : RowCase.Kind.values()) {
            for (long[] size : ROWS) {
                cases.add(new RowCase(kind, size[0], size[1]));
            }
        }
        for (AttentionCase.Kind kind : AttentionCase.Kind.values()) {
            for (long tokens : ATTENTION_TOKENS) {
                cases.add(new AttentionCase(kind, kind == AttentionCase.Kind.PAGED ? 8 : 1, tokens, 14, 2, 64));
            }
        }
        for (HeadCase.Kind kind : HeadCase.Kind.values()) {
            for (long rows : HEAD_ROWS) {
                cases.add(new HeadCase(kind, rows, VOCABULARY, WIDTH));
            }
        }
        return cases;
    }

    private static List<KernelCase> matmuls() {
        List<KernelCase> cases = new ArrayList<>();
        for (long size : SQUARES) {
            addTraining(cases, size, size, size);
        }
        for (long[] layer : LAYERS) {
            for (long tokens : TOKENS) {
                // A step of decoding has no gradients.
                if (tokens < 64) {
                    cases.add(new MatmulCase(MatmulCase.Kind.FORWARD, tokens, layer[0], layer[1]));
                } else {
                    addTraining(cases, tokens, layer[0], layer[1]);
                }
                cases.add(new MatmulCase(MatmulCase.Kind.FORWARD_BF16, tokens, layer[0], layer[1]));
            }
        }
        for (long tokens : HEAD_TOKENS) {
            cases.add(new MatmulCase(MatmulCase.Kind.FORWARD, tokens, VOCABULARY, WIDTH));
            cases.add(new MatmulCase(MatmulCase.Kind.FORWARD_BF16, tokens, VOCABULARY, WIDTH));
        }
        for (long[] size : SMALL) {
            addTraining(cases, size[0], size[1], size[2]);
        }
        return cases;
    }

    private static void addTraining(List<KernelCase> cases, long m, long n, long k) {
        cases.add(new MatmulCase(MatmulCase.Kind.FORWARD, m, n, k));
        cases.add(new MatmulCase(MatmulCase.Kind.INPUT_GRADIENT, m, n, k));
        cases.add(new MatmulCase(MatmulCase.Kind.WEIGHT_GRADIENT, m, n, k));
    }
}
