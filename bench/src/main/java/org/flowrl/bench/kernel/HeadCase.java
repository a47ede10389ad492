package org.flowrl.bench.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The language-model head: N rows of width D over a vocabulary of V words at temperature 1, see
/// {@link org.flowrl.tensor.HeadKernels}.
///
/// Results: logProb, entropy and lse `[N]`; backward (of the log-probability alone) dhidden [N, D] and dweight
/// [V, D].
public record HeadCase(Kind kind, long rows, long vocabulary, long width) implements KernelCase {
    /// Sums over 152k words in different orders.
    private static final double ROUNDING = 1e-4;
    /// Gives logits a standard deviation of about one at a width of 900.
    private static final double WEIGHT_BOUND = 0.1;

    /// Which pass.
    public enum Kind {
        LOG_PROBS("logProbs"),
        LOG_PROBS_BACKWARD("logProbsBackward");

        private final String label;

        Kind(String label) {
            this.label = label;
        }
    }

    static Optional<KernelCase> parse(String label, long[] sizes) {
        return Arrays.stream(Kind.values()).filter(kind -> kind.label.equals(label) && sizes.length == 3)
                .findFirst().map(kind -> new HeadCase(kind, sizes[0], sizes[1], sizes[2]));
    }

    @Override
    public String name() {
        return KernelCase.name(kind.label, rows, vocabulary, width);
    }

    @Override
    public String group() {
        return "language-model head";
    }

    @Override
    public List<Operand> operands() {
        Operand hidden = Operand.symmetric("hidden", rows, width);
        Operand weight = Operand.symmetricWithin(WEIGHT_BOUND, "weight", vocabulary, width);
        Operand targets = Operand.indices("targets", vocabulary, rows);
        return switch (kind) {
            case LOG_PROBS -> List.of(hidden, weight, targets);
            case LOG_PROBS_BACKWARD -> List.of(hidden, weight, targets, Operand.symmetric("dLogProb", rows));
        };
    }

    @Override
    public Limit limit() {
        return Limit.ARITHMETIC;
    }

    /// One product forward, three backward (the logits are computed again).
    @Override
    public double work() {
        return 2.0 * rows * vocabulary * width * (kind == Kind.LOG_PROBS ? 1 : 3);
    }

    @Override
    public double tolerance() {
        return ROUNDING;
    }
}
