package org.flowrl.rl.objective;

import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.Rollout;
import org.flowrl.rl.ScoredRollout;

/// What FlowRL's target asks of a policy, in nats, and whether a policy can give it.
///
/// At δ = 0 the best response to a prompt is e^nats times likelier against the worst than under the reference, with
/// ```
/// nats = T · β · (largest R − smallest R)
/// ```
/// for responses of T tokens whose log-probabilities are means, and without T where they are sums.
///
/// @param settings of the objective
record FlowDemand(FlowRlSettings settings) {
    /// What policies were seen to follow on the built-in tasks: 6 to 10 nats; at 12, log Z stayed far from its place.
    private static final double FOLLOWED_NATS = 10;
    /// From here on a run is warned.
    private static final double WARNING_NATS = 15;

    /// Reports `flowrl/target_nats`, the mean over groups with different R, and `flowrl/reward_range`, the same of
    /// largest R − smallest R; nothing where all groups are uniform.
    void describe(double[] rewards, Rollout rollout, MetricSums metrics) {
        Map<Integer, DoubleSummaryStatistics> groups = new TreeMap<>();
        int[] indices = rollout.groupIndices();
        for (int i = 0; i < rewards.length; i++) {
            groups.computeIfAbsent(indices[i], _ -> new DoubleSummaryStatistics()).accept(rewards[i]);
        }
        double[] ranges = groups.values().stream().mapToDouble(group -> group.getMax() - group.getMin())
                .filter(range -> range > 0).toArray();
        double range = Arrays.stream(ranges).sum();
        metrics.mean("flowrl/reward_range", range, ranges.length);
        metrics.mean("flowrl/target_nats", tokens(rollout) * settings.beta() * range, ranges.length);
    }

    private double tokens(Rollout rollout) {
        boolean isPerToken = settings.lengthNormalised() || settings.variations().level() == Variations.Level.TOKEN;
        return isPerToken ? (double) rollout.tokens() / rollout.responses().size() : 1;
    }

    /// What to change where the target asks for more than policies follow.
    ///
    /// @param metrics of a step
    Optional<String> warning(Map<String, Double> metrics) {
        double nats = metrics.getOrDefault("flowrl/target_nats", 0.0);
        if (nats <= WARNING_NATS) {
            return Optional.empty();
        }
        return Optional.of(String.format(Locale.ROOT, "FlowRL asks for %.0f nats between the best and the worst "
                + "response to a prompt (tokens · beta %s · range of R %.2f), and the policy has moved %.3f of %.3f "
                + "nats per token. Policies follow about %.0f nats: set objective.beta to %.2g or less; as it is, "
                + "training is a policy gradient that is stopped early, as with the published beta of 15.", nats,
                settings.beta(), metrics.get("flowrl/reward_range"),
                metrics.getOrDefault("flowrl/attained_log_ratio", 0.0),
                metrics.getOrDefault("flowrl/demanded_log_ratio", 0.0), FOLLOWED_NATS,
                settings.beta() * FOLLOWED_NATS / nats));
    }

    /// log Z of {@link LogZSettings.GroupMean} for each response, by its group.
    ///
    /// @param rewards R of each response
    static double[] groupMean(FlowRlSettings settings, double[] rewards, ScoredRollout scored) {
        double[] terms = new double[rewards.length];
        for (int i = 0; i < terms.length; i++) {
            float[] old = scored.oldLogProbs().get(i);
            double sum = 0;
            for (int t = 0; t < old.length; t++) {
                sum += switch (settings.variations().anchor()) {
                    case REFERENCE -> scored.referenceLogProbs().get(i)[t] - (double) old[t];
                    case OLD -> 0;
                    case NONE -> -(double) old[t];
                };
            }
            terms[i] = settings.beta() * rewards[i] + sum / (settings.lengthNormalised() ? old.length : 1);
        }
        int[] groups = scored.rollout().groupIndices();
        Map<Integer, DoubleSummaryStatistics> means = new TreeMap<>();
        for (int i = 0; i < terms.length; i++) {
            means.computeIfAbsent(groups[i], _ -> new DoubleSummaryStatistics()).accept(terms[i]);
        }
        return Arrays.stream(groups).mapToDouble(group -> means.get(group).getAverage()).toArray();
    }
}
