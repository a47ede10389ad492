package org.flowrl.rl.objective;

import java.util.Arrays;
import java.util.Optional;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;
import org.flowrl.rl.Rollout;
import org.flowrl.rl.ScoredRollout;
import org.flowrl.rl.Targets;
import org.flowrl.rl.objective.ReferencePenalty.Place;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;

/// Every algorithm that raises what earned more than expected: PPO, GRPO, REINFORCE++, RLOO and their kin. Estimator,
/// loss, aggregation and penalty are parts of their own; {@link Algorithms} names the published combinations.
///
/// ```
/// A    = estimator(rewards − k · divergence)                 where the penalty is in the reward
/// loss = aggregate(policyLoss(A)) + k · aggregate(divergence) − entropyCoefficient · aggregate(entropy)
/// ```
/// The middle term is there where the penalty is in the loss.
public final class PolicyGradient implements Objective {
    private final PolicyGradientSettings settings;
    private final Optional<Critic> critic;
    private double coefficient;

    PolicyGradient(PolicyGradientSettings settings, Optional<Critic> critic) {
        this.settings = settings;
        this.critic = critic;
        this.coefficient = settings.penalty().coefficient();
    }

    @Override
    public boolean needsReference() {
        return settings.penalty().applies();
    }

    @Override
    public Optional<Critic> critic() {
        return critic;
    }

    @Override
    public Targets targets(ScoredRollout scored, RandomKey key, MetricSums metrics) {
        double[][] rewards = tokenRewards(scored.rollout());
        if (settings.penalty().appliesTo(Place.REWARD)) {
            penalise(rewards, scored, metrics);
        }
        double[][] values = scored.values() == null ? null : scored.values().stream().map(PolicyGradient::doubles)
                .toArray(double[][]::new);
        Targets targets = settings.estimator().estimate(rewards, scored.rollout().groupIndices(), values);
        if (values != null) {
            describe(values, targets.returns(), metrics);
        }
        double[] all = flat(targets.advantages());
        LossMetrics.meanAndDeviation("advantage/mean", "advantage/std", all, metrics);
        return targets;
    }

    /// A response's reward is earned by its last token.
    private static double[][] tokenRewards(Rollout rollout) {
        double[] rewards = rollout.rewards();
        int[] lengths = rollout.lengths();
        double[][] tokens = new double[rewards.length][];
        for (int i = 0; i < rewards.length; i++) {
            tokens[i] = new double[lengths[i]];
            tokens[i][lengths[i] - 1] = rewards[i];
        }
        return tokens;
    }

    /// Takes the penalty from each token's reward, then lets the coefficient follow.
    private void penalise(double[][] rewards, ScoredRollout scored, MetricSums metrics) {
        double sumOfMeans = 0;
        for (int i = 0; i < rewards.length; i++) {
            float[] old = scored.oldLogProbs().get(i);
            float[] reference = scored.referenceLogProbs().get(i);
            double sum = 0;
            for (int t = 0; t < rewards[i].length; t++) {
                double kl = settings.penalty().estimate().perToken(old[t], reference[t]);
                rewards[i][t] -= coefficient * kl;
                sum += kl;
            }
            sumOfMeans += sum / rewards[i].length;
        }
        double kl = sumOfMeans / rewards.length;
        metrics.mean("penalty/kl", kl, 1);
        metrics.mean("penalty/coefficient", coefficient, 1);
        coefficient = settings.penalty().control().next(coefficient, kl, rewards.length);
    }

    /// `value/explained_variance`: 1 − Var(R − V) / Var(R), where the returns R differ at all.
    private static void describe(double[][] values, double[][] returns, MetricSums metrics) {
        double[] v = flat(values);
        double[] r = flat(returns);
        double[] errors = new double[r.length];
        Arrays.setAll(errors, i -> r[i] - v[i]);
        double variance = variance(r);
        metrics.mean("value/explained_variance", variance == 0 ? 0 : 1 - variance(errors) / variance,
                variance == 0 ? 0 : 1);
    }

    @Override
    public Var loss(PolicyOutput output, Batch batch, MetricSums metrics) {
        Var logProbs = output.logProbs();
        LossMetrics.klToReference(logProbs.value(), batch, metrics);
        LossMetrics.klToOld(logProbs.value(), batch, metrics);
        Aggregation aggregation = settings.aggregation();
        Var loss = aggregation.apply(settings.loss().perToken(logProbs, batch, metrics), batch);
        if (settings.penalty().appliesTo(Place.LOSS)) {
            Var divergence = settings.penalty().estimate().perToken(logProbs, reference(batch));
            loss = Pointwise.add(loss, Pointwise.scale(aggregation.apply(divergence, batch), coefficient));
        }
        if (settings.entropyCoefficient() > 0) {
            Var entropy = aggregation.apply(output.entropies(), batch);
            loss = Pointwise.subtract(loss, Pointwise.scale(entropy, settings.entropyCoefficient()));
        }
        return loss;
    }

    private static Tensor reference(Batch batch) {
        if (batch.referenceLogProbs() == null) {
            throw new IllegalArgumentException("policy gradient: batch of " + batch.rows()
                    + " responses must have referenceLogProbs for its penalty");
        }
        return batch.referenceLogProbs();
    }

    /// The penalty's coefficient, which an adaptive control has moved.
    @Override
    public String state() {
        return Double.toString(coefficient);
    }

    @Override
    public void restore(String state) {
        coefficient = Double.parseDouble(state);
    }

    private static double[] doubles(float[] values) {
        double[] all = new double[values.length];
        Arrays.setAll(all, i -> values[i]);
        return all;
    }

    private static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    private static double variance(double[] values) {
        double mean = Arrays.stream(values).average().orElseThrow();
        return Arrays.stream(values).map(x -> (x - mean) * (x - mean)).average().orElseThrow();
    }
}
