package org.flowrl.bench.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A matrix product of a linear layer with weight [N, K] and M tokens, see {@link org.flowrl.tensor.MatmulKernels}.
///
/// Results: y [M, N], dx [M, K] or dw [N, K]; dw is added to, starting from zero.
public record MatmulCase(Kind kind, long m, long n, long k) implements KernelCase {
    /// F32 sums of up to some thousand products, in different orders: 1e-6 measured.
    private static final double ROUNDING = 1e-5;
    /// Weights rounded to 8 bits of precision on our side and not on the peers'.
    private static final double BF16_ROUNDING = 1e-2;

    /// Which product.
    public enum Kind {
        FORWARD("forward"),
        /// Weights stored in BF16 by FlowRL, in F32 by the peers.
        FORWARD_BF16("forwardBf16"),
        INPUT_GRADIENT("inputGradient"),
        WEIGHT_GRADIENT("weightGradient");

        private final String label;

        Kind(String label) {
            this.label = label;
        }
    }

    static Optional<KernelCase> parse(String label, long[] sizes) {
        return Arrays.stream(Kind.values()).filter(kind -> kind.label.equals(label) && sizes.length == 3)
                .findFirst().map(kind -> new MatmulCase(kind, sizes[0], sizes[1], sizes[2]));
    }

    @Override
    public String name() {
        return KernelCase.name(kind.label, m, n, k);
    }

    @Override
    public String group() {
        String rows = m == 1 ? "1 row" : m < 64 ? m + " rows" : "64 rows and more";
        return "matmul, " + rows + (kind == Kind.FORWARD_BF16 ? ", BF16 weights against F32 peers" : "");
    }

    @Override
    public List<Operand> operands() {
        Operand x = Operand.symmetric("x", m, k);
        Operand w = Operand.symmetric("w", n, k);
        Operand dy = Operand.symmetric("dy", m, n);
        return switch (kind) {
            case FORWARD, FORWARD_BF16 -> List.of(x, w);
            case INPUT_GRADIENT -> List.of(dy, w);
            case WEIGHT_GRADIENT -> List.of(dy, x);
        };
    }

    @Override
    public Limit limit() {
        return Limit.ARITHMETIC;
    }

    @Override
    public double work() {
        return 2.0 * m * n * k;
    }

    @Override
    public double tolerance() {
        return kind == Kind.FORWARD_BF16 ? BF16_ROUNDING : ROUNDING;
    }
}
