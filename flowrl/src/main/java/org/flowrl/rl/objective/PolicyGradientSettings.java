package org.flowrl.rl.objective;

import java.util.Objects;
import java.util.Optional;

/// The settings of {@link PolicyGradient}: parts that can be combined freely. The published combinations are in
/// {@link Algorithms}.
///
/// @param variant the algorithm that these settings started from
/// @param estimator how rewards become advantages
/// @param loss of each token
/// @param aggregation of tokens' losses
/// @param penalty for leaving the reference
/// @param entropyCoefficient factor on the entropy, which is taken from the loss; at least 0
public record PolicyGradientSettings(String variant, Estimator estimator, PolicyLoss loss, Aggregation aggregation,
        ReferencePenalty penalty, double entropyCoefficient) implements ObjectiveSettings {
    public PolicyGradientSettings {
        Objects.requireNonNull(variant, "variant");
        Objects.requireNonNull(estimator, "estimator");
        Objects.requireNonNull(loss, "loss");
        Objects.requireNonNull(aggregation, "aggregation");
        Objects.requireNonNull(penalty, "penalty");
        if (!(entropyCoefficient >= 0 && entropyCoefficient < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("policy gradient: entropyCoefficient " + entropyCoefficient
                    + " must be at least 0 and finite");
        }
        if (loss instanceof PolicyLoss.Gspo && estimator instanceof Estimator.Gae) {
            throw new IllegalArgumentException("policy gradient: loss gspo needs an estimator with one advantage for a "
                    + "whole response, not gae: its ratio is that of the response");
        }
    }

    /// GRPO as verl's recipes run it: group-standardised rewards, ε = 0.2, c = 3, mean over tokens, k3 at 1e-3.
    public static PolicyGradientSettings grpo() {
        return new PolicyGradientSettings("grpo", new Estimator.Outcome(Advantages.GROUP_STD, false),
                ClippedLoss.defaults(), Aggregation.TOKEN_MEAN,
                ReferencePenalty.inLoss(KlEstimate.K3, ReferencePenalty.COEFFICIENT), 0);
    }

    /// PPO as verl runs it: GAE with γ = λ = 1, whitened, ε = 0.2, c = 3, mean over tokens, no penalty.
    public static PolicyGradientSettings ppo() {
        return grpo().named("ppo").withPenalty(ReferencePenalty.none())
                .withEstimator(new Estimator.Gae(1, 1, true, CriticSettings.defaults()));
    }

    /// These settings under another name.
    public PolicyGradientSettings named(String value) {
        return new PolicyGradientSettings(value, estimator, loss, aggregation, penalty, entropyCoefficient);
    }

    /// These settings with another estimator.
    public PolicyGradientSettings withEstimator(Estimator value) {
        return new PolicyGradientSettings(variant, value, loss, aggregation, penalty, entropyCoefficient);
    }

    /// These settings with one advantage a response, of this kind.
    public PolicyGradientSettings withAdvantages(Advantages value) {
        return withEstimator(new Estimator.Outcome(value, false));
    }

    /// These settings with another loss.
    public PolicyGradientSettings withLoss(PolicyLoss value) {
        return new PolicyGradientSettings(variant, estimator, value, aggregation, penalty, entropyCoefficient);
    }

    /// These settings with another aggregation.
    public PolicyGradientSettings withAggregation(Aggregation value) {
        return new PolicyGradientSettings(variant, estimator, loss, value, penalty, entropyCoefficient);
    }

    /// These settings with another penalty.
    public PolicyGradientSettings withPenalty(ReferencePenalty value) {
        return new PolicyGradientSettings(variant, estimator, loss, aggregation, value, entropyCoefficient);
    }

    /// These settings with a bonus for entropy.
    public PolicyGradientSettings withEntropyCoefficient(double value) {
        return new PolicyGradientSettings(variant, estimator, loss, aggregation, penalty, value);
    }

    /// These settings with another factor on the penalty, which stays where it is and of its kind. At 1 / (β · T) the
    /// optimum of a baseline with raw or group-mean rewards is FlowRL's: π_ref · exp(T · β · reward). The gradient is
    /// that of the optimum with {@link ReferencePenalty#inReward} alone; penalties in the loss leave out what a token
    /// does to the divergence of later ones.
    public PolicyGradientSettings withReferencePenalty(double coefficient) {
        return withPenalty(penalty.withCoefficient(coefficient));
    }

    /// These settings with the optimum π_ref · exp(reward / coefficient), which is FlowRL's at 1 / (β · T): the penalty
    /// is k1 in the reward, and rewards are not divided by the deviation of a group, which goes to 0 at that optimum.
    public PolicyGradientSettings klMatched(double coefficient) {
        PolicyGradientSettings matched = withPenalty(ReferencePenalty.inReward(coefficient));
        boolean isScaled = estimator instanceof Estimator.Outcome outcome
                && (outcome.advantages() == Advantages.GROUP_STD || outcome.advantages() == Advantages.BEST);
        return isScaled ? matched.withAdvantages(Advantages.GROUP_MEAN) : matched;
    }

    @Override
    public String algorithm() {
        return variant;
    }

    @Override
    public int minimumSamples() {
        return estimator.minimumSamples();
    }

    @Override
    public boolean hasCritic() {
        return estimator.criticSettings().isPresent();
    }

    @Override
    public PolicyGradient create(Context context) {
        Optional<Critic> critic = estimator.criticSettings()
                .map(settings -> Critic.create(settings, aggregation, context));
        return new PolicyGradient(this, critic);
    }
}
