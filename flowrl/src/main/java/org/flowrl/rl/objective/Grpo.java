package org.flowrl.rl.objective;

import java.util.List;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;

/// GRPO (Shao et al. 2024, arXiv 2402.03300) as verl computes it: advantages of rewards within a prompt's group, PPO's
/// clipped loss of each token, and a penalty for leaving the reference.
///
/// ```
/// loss = aggregate(clippedLoss) + coefficient · aggregate(k3)
/// ```
/// Estimator, loss, aggregation and penalty are parts of their own: {@link Advantages}, {@link ClippedLoss},
/// {@link Aggregation}, {@link ReferencePenalty}. Departure from the GRPO paper, as in verl: tokens count equally
/// (token mean), not responses.
public final class Grpo implements Objective {
    private final GrpoSettings settings;

    Grpo(GrpoSettings settings) {
        this.settings = settings;
    }

    @Override
    public String name() {
        return "grpo";
    }

    /// The settings.
    public GrpoSettings settings() {
        return settings;
    }

    @Override
    public boolean needsReference() {
        return settings.penalty().applies();
    }

    @Override
    public PromptStates promptStates() {
        return PromptStates.NONE;
    }

    @Override
    public Estimator estimator() {
        return settings.advantages();
    }

    @Override
    public List<ParameterStore> stores() {
        return List.of();
    }

    @Override
    public Var loss(PolicyOutput output, Batch batch, MetricSums metrics) {
        Var logProbs = output.logProbs();
        ClippedLoss.Terms terms = settings.loss().terms(logProbs, batch);
        report(terms, logProbs, batch, metrics);
        Var loss = settings.aggregation().apply(terms.loss(), batch);
        if (!settings.penalty().applies()) {
            return loss;
        }
        Var penalty = settings.aggregation().apply(settings.penalty().perToken(logProbs, batch), batch);
        return Pointwise.add(loss, Pointwise.scale(penalty, settings.penalty().coefficient()));
    }

    private void report(ClippedLoss.Terms terms, Var logProbs, Batch batch, MetricSums metrics) {
        LossMetrics.klToReference(logProbs.value(), batch, metrics);
        LossMetrics.ratios(terms.logRatio().value().toDoubles(), StrictMath.log(1 - settings.loss().clipLow()),
                StrictMath.log(1 + settings.loss().clipHigh()), metrics);
        double[] unclipped = terms.unclipped().value().toDoubles();
        double[] clipped = terms.clipped().value().toDoubles();
        long count = 0;
        for (int i = 0; i < clipped.length; i++) {
            count += clipped[i] > unclipped[i] ? 1 : 0;
        }
        metrics.mean("policy/clip_share", count, clipped.length);
    }
}
