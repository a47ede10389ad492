package org.flowrl.bench.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Causal attention of B sequences of T tokens, H query heads, G key/value heads of size E, see
/// {@link org.flowrl.tensor.AttentionKernels}. Paged decoding has one new token a sequence, whose context is T tokens,
/// its own included.
///
/// Results: out [B·T, H, E] (paged: [B, H, E]); backward dq, dk and dv.
public record AttentionCase(Kind kind, long batch, long tokens, long heads, long groups, long size)
        implements KernelCase {
    /// F32 sums of a thousand terms in different orders; gradients cancel, and their rounding is that of the larger
    /// terms.
    private static final double ROUNDING = 1e-4;

    /// Which pass.
    public enum Kind {
        FORWARD("attention", "attention"),
        BACKWARD("attentionBackward", "attention, backward"),
        PAGED("attentionPaged", "attention, paged decode");

        private final String label;
        private final String group;

        Kind(String label, String group) {
            this.label = label;
            this.group = group;
        }
    }

    static Optional<KernelCase> parse(String label, long[] sizes) {
        return Arrays.stream(Kind.values()).filter(kind -> kind.label.equals(label) && sizes.length == 5)
                .findFirst().map(kind -> new AttentionCase(kind, sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]));
    }

    @Override
    public String name() {
        return KernelCase.name(kind.label, batch, tokens, heads, groups, size);
    }

    @Override
    public String group() {
        return kind.group;
    }

    /// The factor on scores, 1/√E.
    public double scale() {
        return 1 / Math.sqrt(size);
    }

    @Override
    public List<Operand> operands() {
        Operand k = Operand.symmetric("k", batch * tokens, groups, size);
        Operand v = Operand.symmetric("v", batch * tokens, groups, size);
        Operand q = Operand.symmetric("q", batch * tokens, heads, size);
        return switch (kind) {
            case FORWARD -> List.of(q, k, v);
            case BACKWARD -> List.of(Operand.symmetric("dout", batch * tokens, heads, size), q, k, v);
            case PAGED -> List.of(Operand.symmetric("q", batch, heads, size), k, v);
        };
    }

    @Override
    public Limit limit() {
        return Limit.ARITHMETIC;
    }

    /// Two products for each pair of query and visible key forward, five backward (the scores are computed again).
    @Override
    public double work() {
        double pairs = batch * heads * (kind == Kind.PAGED ? tokens : tokens * (tokens + 1) / 2.0);
        return 2 * size * pairs * (kind == Kind.BACKWARD ? 5 : 2);
    }

    @Override
    public double tolerance() {
        return ROUNDING;
    }
}
