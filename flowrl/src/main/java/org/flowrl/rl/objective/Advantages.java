package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;

/// How a response's reward compares with those of its group: the responses to the same prompt.
///
/// With r_i the reward of response i, and mean and std over the n rewards of its group:
/// ```
/// RAW             r_i
/// GROUP_MEAN      r_i − mean
/// GROUP_STD       (r_i − mean) / (std + 1e-6)               std² = Σ (r − mean)² / (n − 1)
/// LEAVE_ONE_OUT   (r_i − mean) · n / (n − 1)                = r_i − mean of the others
/// BEST            (r_best − r_second) / (std + 1e-6) for the best response, 0 for the others
/// ```
/// In a group of one, mean is 0, std is 1 and LEAVE_ONE_OUT is the reward. In a group of equal rewards all but RAW are
/// 0. Computed in F64.
///
/// Source: verl `trainer/ppo/core_algos.py`, `compute_grpo_outcome_advantage`, `compute_rloo_outcome_advantage` and
/// `compute_grpo_passk_outcome_advantage`; FlowRL standardises its rewards by the first (arXiv 2509.15207, section 3.2,
/// leaves the kind of std open).
public enum Advantages {
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
    },

    /// The reward less the mean of the group's other rewards, as RLOO has it (Ahmadian et al. 2024).
    @JsonProperty("leave_one_out")
    LEAVE_ONE_OUT {
        @Override
        void scale(double[] rewards) {
            if (rewards.length == 1) {
                return;
            }
            subtractMean(rewards);
            for (int i = 0; i < rewards.length; i++) {
                rewards[i] *= rewards.length / (rewards.length - 1.0);
            }
        }
    },

    /// The lead of the group's best response over its second, over the group's standard deviation; the first of equals
    /// is the best (arXiv 2503.19595).
    @JsonProperty("best")
    BEST {
        @Override
        void scale(double[] rewards) {
            double std = standardDeviation(rewards);
            int best = 0;
            double second = Double.NEGATIVE_INFINITY;
            for (int i = 1; i < rewards.length; i++) {
                second = Math.max(second, Math.min(rewards[i], rewards[best]));
                best = rewards[i] > rewards[best] ? i : best;
            }
            double lead = rewards.length == 1 ? 0 : (rewards[best] - second) / (std + STD_EPSILON);
            Arrays.fill(rewards, 0);
            rewards[best] = lead;
        }
    };

    /// Added to the standard deviation of {@link #GROUP_STD}, as verl does.
    public static final double STD_EPSILON = 1e-6;

    /// Replaces the rewards of one group by its advantages.
    abstract void scale(double[] rewards);

    /// Responses that a group must have for this to say anything.
    int minimumSamples() {
        return this == RAW ? 1 : 2;
    }

    /// The advantage of each response.
    ///
    /// @param rewards of each response
    /// @param groups each response's group; any numbers, in any order
    /// @throws IllegalArgumentException where the arrays differ in length or a reward is not finite
    public double[] perResponse(double[] rewards, int[] groups) {
        requireRewards(rewards, groups);
        double[] advantages = new double[rewards.length];
        boolean[] isDone = new boolean[rewards.length];
        for (int first = 0; first < rewards.length; first++) {
            if (!isDone[first]) {
                scaleGroup(rewards, groups, groups[first], advantages, isDone);
            }
        }
        return advantages;
    }

    /// Fills in the advantages of one group.
    private void scaleGroup(double[] rewards, int[] groups, int group, double[] advantages, boolean[] isDone) {
        int size = 0;
        for (int other : groups) {
            size += other == group ? 1 : 0;
        }
        double[] own = new double[size];
        int at = 0;
        for (int i = 0; i < groups.length; i++) {
            if (groups[i] == group) {
                own[at++] = rewards[i];
            }
        }
        scale(own);
        at = 0;
        for (int i = 0; i < groups.length; i++) {
            if (groups[i] == group) {
                advantages[i] = own[at++];
                isDone[i] = true;
            }
        }
    }

    /// `[response][token]` with each response full of its own value.
    public static double[][] repeated(double[] values, int[] lengths) {
        double[][] repeated = new double[values.length][];
        for (int i = 0; i < values.length; i++) {
            repeated[i] = new double[lengths[i]];
            Arrays.fill(repeated[i], values[i]);
        }
        return repeated;
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
