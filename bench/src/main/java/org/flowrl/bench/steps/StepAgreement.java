package org.flowrl.bench.steps;

import java.util.List;
import java.util.Locale;
import org.flowrl.bench.steps.StepEngine.Outcome;
import org.flowrl.transformer.QwenConfig;

/// Says whether a peer computes what we compute: a benchmark of two different computations is worthless.
final class StepAgreement {
    /// Losses that are compared: before any update, and after one, which depends on every gradient.
    static final int LOSSES = 2;

    /// The share of greedy tokens that must agree. Weights are the same bits, but a peer may round activations to BF16,
    /// which decides between words that are nearly as likely; after one such word the rest differs.
    private static final double AGREEING_SHARE = 0.5;

    private StepAgreement() {
    }

    /// Compares the losses of the first training steps.
    ///
    /// @return what was compared, for the report
    /// @throws IllegalStateException where a loss differs by more than `tolerance`, relative
    static String losses(String engine, List<Double> ours, List<Double> theirs, double tolerance) {
        if (ours.size() < LOSSES || theirs.size() < LOSSES) {
            throw new IllegalStateException("steps: " + LOSSES + " losses of flowrl and of " + engine
                    + " must be there to compare, not " + ours.size() + " and " + theirs.size());
        }
        double worst = 0;
        for (int i = 0; i < LOSSES; i++) {
            worst = Math.max(worst, Math.abs(theirs.get(i) - ours.get(i)) / Math.abs(ours.get(i)));
        }
        if (!(worst <= tolerance)) {
            throw new IllegalStateException("steps: losses " + theirs.subList(0, LOSSES) + " of " + engine
                    + " must be within " + tolerance + " of ours, " + ours.subList(0, LOSSES));
        }
        return String.format(Locale.ROOT, "losses of %d steps within %.1e", LOSSES, worst);
    }

    /// A small model for comparing generated tokens; its weights are large enough that words differ in likelihood.
    static Workload smallGeneration() {
        QwenConfig tiny = QwenConfig.tiny(512, 64, 2, 256);
        return new Workload("check", Workload.Kind.DECODE, tiny, 4, 8, 8);
    }

    /// Runs {@link #smallGeneration} with both and compares the greedy tokens.
    ///
    /// @return how many agree, for the report
    /// @throws IllegalStateException where fewer than half agree
    static String tokens(StepEngine ours, StepEngine peer) {
        List<int[]> expected = generated(ours);
        List<int[]> actual = generated(peer);
        int all = 0;
        int same = 0;
        for (int row = 0; row < expected.size(); row++) {
            for (int t = 0; t < expected.get(row).length; t++) {
                all++;
                same += t < actual.get(row).length && actual.get(row)[t] == expected.get(row)[t] ? 1 : 0;
            }
        }
        if (same < AGREEING_SHARE * all) {
            throw new IllegalStateException("steps: of " + all + " greedy tokens of a small model " + same + " of "
                    + peer.name() + " agree with ours, half must");
        }
        return same + " of " + all + " greedy tokens of a small model agree";
    }

    private static List<int[]> generated(StepEngine engine) {
        try (StepEngine.Prepared prepared = engine.open(smallGeneration(), 1)) {
            Outcome outcome = prepared.run();
            return outcome.generated();
        }
    }
}
