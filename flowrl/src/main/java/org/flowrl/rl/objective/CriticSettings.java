package org.flowrl.rl.objective;

/// How PPO's critic learns. Source: verl `core_algos.py`, `compute_value_loss`, and its PPO trainer's defaults.
///
/// @param learningRateFactor multiplies the policy's learning rate; verl trains at 1e-6 and 1e-5
/// @param valueClip the value of a token moves this far from where it was before the updates, further changes earn
///     nothing; +∞ turns the clip off
/// @param factor on the squared error: ½ in verl since 2025, 1 in the code of FlowRL's first release
/// @param warmUpSteps first steps in which only the critic is trained
public record CriticSettings(double learningRateFactor, double valueClip, double factor, long warmUpSteps) {
    /// verl's ratio of the critic's learning rate to the policy's.
    public static final double LEARNING_RATE_FACTOR = 10;
    /// verl's value clip.
    public static final double VALUE_CLIP = 0.5;
    /// verl's factor.
    public static final double FACTOR = 0.5;

    public CriticSettings {
        if (!(learningRateFactor > 0 && learningRateFactor < Double.POSITIVE_INFINITY && valueClip > 0
                && factor > 0 && factor < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("critic: learningRateFactor " + learningRateFactor + ", valueClip "
                    + valueClip + " and factor " + factor + " must be above 0, all but valueClip finite");
        }
        if (warmUpSteps < 0) {
            throw new IllegalArgumentException("critic: warmUpSteps " + warmUpSteps + " must be 0 or more");
        }
    }

    /// verl's settings, without a warm-up.
    public static CriticSettings defaults() {
        return new CriticSettings(LEARNING_RATE_FACTOR, VALUE_CLIP, FACTOR, 0);
    }

    /// These settings with another warm-up.
    public CriticSettings withWarmUpSteps(long steps) {
        return new CriticSettings(learningRateFactor, valueClip, factor, steps);
    }
}
