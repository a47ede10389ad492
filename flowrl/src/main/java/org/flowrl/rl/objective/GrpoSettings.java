package org.flowrl.rl.objective;

import java.util.Objects;

/// The settings of {@link Grpo}, each independent of the others.
///
/// @param advantages how rewards become advantages
/// @param loss of each token
/// @param aggregation of tokens' losses
/// @param penalty for leaving the reference
public record GrpoSettings(Advantages advantages, ClippedLoss loss, Aggregation aggregation, ReferencePenalty penalty)
        implements ObjectiveSettings {
    public GrpoSettings {
        Objects.requireNonNull(advantages, "advantages");
        Objects.requireNonNull(loss, "loss");
        Objects.requireNonNull(aggregation, "aggregation");
        Objects.requireNonNull(penalty, "penalty");
    }

    /// GRPO as verl's recipes run it: group-standardised rewards, ε = 0.2, c = 3, mean over tokens, k3 at 1e-3.
    public static GrpoSettings defaults() {
        return new GrpoSettings(Advantages.GROUP_STD, ClippedLoss.defaults(), Aggregation.TOKEN_MEAN,
                ReferencePenalty.defaults());
    }

    /// These settings with another estimator.
    public GrpoSettings withAdvantages(Advantages value) {
        return new GrpoSettings(value, loss, aggregation, penalty);
    }

    /// These settings with another factor on the penalty.
    public GrpoSettings withPenaltyCoefficient(double coefficient) {
        return new GrpoSettings(advantages, loss, aggregation,
                new ReferencePenalty(coefficient, penalty.maxLogRatio(), penalty.maxValue()));
    }

    @Override
    public String algorithm() {
        return "grpo";
    }

    @Override
    public Grpo create(Context context) {
        return new Grpo(this);
    }
}
