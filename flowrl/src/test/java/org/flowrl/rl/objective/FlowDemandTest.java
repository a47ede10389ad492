package org.flowrl.rl.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.Response;
import org.flowrl.rl.Rollout;
import org.flowrl.rl.ScoredRollout;
import org.flowrl.rl.Targets;
import org.flowrl.rl.objective.Variations.Anchor;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.RandomKey;
import org.junit.jupiter.api.Test;

/// What FlowRL makes of a whole rollout: rewards, log Z without a net, and what they ask for.
class FlowDemandTest {
    private static final FlowRlSettings BASE = FlowRlSettings.recipe202512().withRawReward().withBeta(2)
            .withLogZ(new LogZSettings.GroupMean());
    /// Rewards 1, 0 and 3 of responses of 2 tokens to one prompt; two more of equal rewards to another.
    private static final Rollout ROLLOUT = new Rollout(List.of(response(0, 1), response(0, 0), response(0, 3),
            response(1, 5), response(1, 5)), 2);
    private static final List<float[]> OLD = List.of(new float[] {-1, -2}, new float[] {-0.5f, -0.5f},
            new float[] {-1, -1}, new float[] {-3, -1}, new float[] {-2, -2});
    private static final List<float[]> REFERENCE = List.of(new float[] {-2, -3}, new float[] {-0.5f, -1},
            new float[] {-1, -1}, new float[] {-3, -1}, new float[] {-1, -1});

    /// β R + ℓref − ℓold: 2 − 1, 0 − 0.25, 6 + 0, mean 2.25; 10 + 0, 10 + 1, mean 10.5.
    @Test
    void logZOfAGroupIsItsMeanFlowAndResidualsStartWithMean0() {
        Targets targets = targets(BASE);
        assertThat(targets.logZ()).containsExactly(2.25, 2.25, 2.25, 10.5, 10.5);
        double[] residuals = IntStream.range(0, 3).mapToDouble(i -> targets.logZ()[i]
                + (sum(OLD.get(i)) - sum(REFERENCE.get(i))) / 2 - 2 * ROLLOUT.rewards()[i]).toArray();
        assertThat(Arrays.stream(residuals).sum()).isCloseTo(0, within(1e-12));
        assertThat(targets(BASE.withLengthNormalised(false)).logZ()).startsWith(
                new double[] {(2 - 2 - 0.5 + 6) / 3, (2 - 2 - 0.5 + 6) / 3}, within(1e-12));
        assertThat(targets(BASE.withVariations(Variations.none().withAnchor(Anchor.OLD))).logZ())
                .startsWith(new double[] {8 / 3.0}, within(1e-12));
    }

    @Test
    void noiseIsOneDrawForAPromptAndAStep() {
        FlowRlSettings noise = BASE.withLogZ(new LogZSettings.Noise(0.5, 1));
        double[] logZ = targets(noise).logZ();
        assertThat(logZ[0]).isEqualTo(logZ[1]).isEqualTo(logZ[2]).isNotEqualTo(logZ[3]);
        assertThat(targets(noise).logZ()).isEqualTo(logZ);
        FlowRl other = noise.create(new ObjectiveSettings.Context(null, null, null, 1, RandomKey.of(1)));
        assertThat(other.targets(scored(), RandomKey.of(77), new MetricSums()).logZ()).isNotEqualTo(logZ);

        // 10,000 draws of N(0.5, 2²): standard errors 0.02 and 0.0141; four of them.
        List<Response> many = new ArrayList<>();
        for (int group = 0; group < 10_000; group++) {
            many.add(response(group, 0));
        }
        List<float[]> zeros = many.stream().map(_ -> new float[2]).toList();
        FlowRl wide = BASE.withLogZ(new LogZSettings.Noise(0.5, 2))
                .create(new ObjectiveSettings.Context(null, null, null, 1, RandomKey.of(1)));
        double[] draws = wide.targets(new ScoredRollout(new Rollout(many, 10_000), List.of(), zeros, zeros, zeros,
                null), RandomKey.of(3), new MetricSums()).logZ();
        double mean = Arrays.stream(draws).average().orElseThrow();
        double deviation = Math.sqrt(Arrays.stream(draws).map(x -> (x - mean) * (x - mean)).average().orElseThrow());
        assertThat(mean).isCloseTo(0.5, within(0.08));
        assertThat(deviation).isCloseTo(2, within(0.06));
    }

    /// The first group's rewards differ by 3, the second's do not: 2 tokens · β 2 · 3 = 12 nats; 6 where
    /// log-probabilities are sums.
    @Test
    void theTargetAsksForTokensTimesBetaTimesTheRangeOfRewards() {
        assertThat(metrics(BASE)).containsEntry("flowrl/target_nats", 12.0).containsEntry("flowrl/reward_range", 3.0);
        assertThat(metrics(BASE.withLengthNormalised(false))).containsEntry("flowrl/target_nats", 6.0);
    }

    @Test
    void aRunThatAsksForMoreThanPoliciesFollowIsToldWhatToSet() {
        assertThat(new FlowDemand(BASE).warning(metrics(BASE))).isEmpty();
        FlowRlSettings published = BASE.withBeta(15);
        // 2 · 15 · 3 = 90 nats; 15 · 10 / 90 = 1.7.
        assertThat(new FlowDemand(published).warning(metrics(published))).hasValueSatisfying(text ->
                assertThat(text).contains("90 nats").contains("set objective.beta to 1.7 or less"));
        assertThat(new FlowDemand(published).warning(Map.of())).isEmpty();
    }

    private static Map<String, Double> metrics(FlowRlSettings settings) {
        MetricSums metrics = new MetricSums();
        create(settings).targets(scored(), RandomKey.of(5), metrics);
        return metrics.values();
    }

    private static Targets targets(FlowRlSettings settings) {
        return create(settings).targets(scored(), RandomKey.of(5), new MetricSums());
    }

    private static FlowRl create(FlowRlSettings settings) {
        return settings.create(new ObjectiveSettings.Context(null, null, null, 1, RandomKey.of(1)));
    }

    private static ScoredRollout scored() {
        return new ScoredRollout(ROLLOUT, List.of(), OLD, OLD, REFERENCE, null);
    }

    private static double sum(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum;
    }

    private static Response response(int group, double reward) {
        return new Response(group, 0, new int[] {1}, new int[2], new float[2], true, "", new Verdict.Correct(reward));
    }
}
