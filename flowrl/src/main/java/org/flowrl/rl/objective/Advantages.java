package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.flowrl.rl.Rollout;

/// Estimators that give every token of a response the same advantage, made from the rewards of its group: the responses
/// to the same prompt.
///
/// With r_i the reward of response i, and mean and std over the n rewards of its group:
/// ```
/// RAW          r_i
/// GROUP_MEAN   r_i − mean
/// GROUP_STD    (r_i − mean) / (std + 1e-6)          std² = Σ (r − mean)² / (n − 1)
/// ```
/// In a group of one, mean is 0 and std is 1. In a group of equal rewards the last two are 0. Computed in F64.
///
/// Source: verl `trainer/ppo/core_algos.py`, `compute_grpo_outcome_advantage`; FlowRL standardises its rewards by the
/// same function (arXiv 2509.15207, section 3.2, leaves the kind of std open).
public enum Advantages implements Estimator {
    /// The reward as it is.
    @JsonProperty("raw")
    RAW {
        @Override
        void scale(double[] rewards) {
            // Rewards stay as they are.
        }
    },

    /// The reward less the group's mean, as Dr.GRPO has it.
    @JsonProperty("group_mean")
    GROUP_MEAN {
        @Override
        void scale(double[] rewards) {
            subtractMean(rewards);
        }
    },

    /// The reward less the group's mean, over the group's standard deviation.
    @JsonProperty("group_std")
    GROUP_STD {
        @Override
        void scale(double[] rewards) {
            double std = standardDeviation(rewards);
            subtractMean(rewards);
            for (int i = 0; i < rewards.length; i++) {
                rewards[i] /= std + STD_EPSILON;
            }
        }
    };

    /// Added to the standard deviation of {@link #GROUP_STD}, as verl does.
    public static final double STD_EPSILON = 1e-6;

    /// Replaces the rewards of one group by its advantages.
    abstract void scale(double[] rewards);

    /// The advantage of each response.
    ///
    /// @param rewards of each response
    /// @param groups each response's group; any numbers, in any order
    /// @throws IllegalArgumentException where the arrays differ in length or a reward is not finite
    public double[] perResponse(double[] rewards, int[] groups) {
        requireRewards(rewards, groups);
        double[] advantages = new double[rewards.length];
        for (int group : Arrays.stream(groups).distinct().toArray()) {
            int[] members = IntStream.range(0, groups.length).filter(i -> groups[i] == group).toArray();
            double[] own = Arrays.stream(members).mapToDouble(i -> rewards[i]).toArray();
            scale(own);
            for (int i = 0; i < members.length; i++) {
                advantages[members[i]] = own[i];
            }
        }
        return advantages;
    }

    @Override
    public double[][] advantages(Rollout rollout) {
        double[] values = perResponse(rollout.rewards(), rollout.groupIndices());
        int[] lengths = rollout.lengths();
        double[][] advantages = new double[values.length][];
        for (int i = 0; i < values.length; i++) {
            advantages[i] = new double[lengths[i]];
            Arrays.fill(advantages[i], values[i]);
        }
        return advantages;
    }

    private static void requireRewards(double[] rewards, int[] groups) {
        if (rewards.length != groups.length) {
            throw new IllegalArgumentException("advantages: " + rewards.length + " rewards and " + groups.length
                    + " groups must be as many");
        }
        for (int i = 0; i < rewards.length; i++) {
            if (!Double.isFinite(rewards[i])) {
                throw new IllegalArgumentException("advantages: reward " + rewards[i] + " of response " + i
                        + " must be finite");
            }
        }
    }

    private static void subtractMean(double[] rewards) {
        double mean = mean(rewards);
        for (int i = 0; i < rewards.length; i++) {
            rewards[i] -= mean;
        }
    }

    /// 0 for a group of one.
    private static double mean(double[] rewards) {
        return rewards.length == 1 ? 0 : Arrays.stream(rewards).sum() / rewards.length;
    }

    /// Unbiased; 1 for a group of one.
    private static double standardDeviation(double[] rewards) {
        if (rewards.length == 1) {
            return 1;
        }
        double mean = mean(rewards);
        double squares = Arrays.stream(rewards).map(reward -> (reward - mean) * (reward - mean)).sum();
        return Math.sqrt(squares / (rewards.length - 1));
    }
}
