package org.flowrl.rl;

import java.util.Arrays;

/// The well-formed answers to one problem with what policy and reference make of them.
///
/// @param rewards of each answer
/// @param correct true where the answer is right
/// @param tokens T of each answer, end of sequence included
/// @param policyLogProbs ln p of each answer: the sum over its tokens, end of sequence included, in nats
/// @param referenceLogProbs ln ρ of each answer
public record ScoredAnswers(double[] rewards, boolean[] correct, int[] tokens, double[] policyLogProbs,
        double[] referenceLogProbs) {
    /// How far above 1 rounding may carry a sum of probabilities that were computed in F32.
    private static final double MASS_TOLERANCE = 1e-3;

    /// @throws IllegalArgumentException where the arrays differ in length, a log-probability is not a number, or
    ///     probabilities add up to more than 1
    public ScoredAnswers {
        int count = rewards.length;
        if (correct.length != count || tokens.length != count || policyLogProbs.length != count
                || referenceLogProbs.length != count) {
            throw new IllegalArgumentException("exact metrics: " + count + " rewards, " + correct.length
                    + " correct, " + tokens.length + " tokens, " + policyLogProbs.length + " policyLogProbs and "
                    + referenceLogProbs.length + " referenceLogProbs must be as many");
        }
        requireProbabilities("policy", policyLogProbs);
        requireProbabilities("reference", referenceLogProbs);
    }

    /// Number of answers.
    public int count() {
        return rewards.length;
    }

    /// 1 − Σ p: what the policy gives to answers that are not well-formed.
    public double malformedShare() {
        return Math.max(0, 1 - Math.exp(LogSums.logSumExp(policyLogProbs)));
    }

    /// 1 − Σ ρ.
    public double referenceMalformedShare() {
        return Math.max(0, 1 - Math.exp(LogSums.logSumExp(referenceLogProbs)));
    }

    /// `values` of the correct answers; −∞ for the others.
    double[] ofCorrect(double[] values) {
        double[] chosen = new double[values.length];
        for (int i = 0; i < chosen.length; i++) {
            chosen[i] = correct[i] ? values[i] : Double.NEGATIVE_INFINITY;
        }
        return chosen;
    }

    /// ln of the probability that a policy's answer is correct.
    ///
    /// @param who the policy, for the message
    /// @param logProbs of each answer
    /// @throws IllegalArgumentException where it is 0
    double logMassOfCorrect(String who, double[] logProbs) {
        double logMass = LogSums.logSumExp(ofCorrect(logProbs));
        if (logMass == Double.NEGATIVE_INFINITY) {
            throw new IllegalArgumentException("exact metrics: the " + who
                    + " gives no correct answer any probability, at least one must have some");
        }
        return logMass;
    }

    private static void requireProbabilities(String who, double[] logProbs) {
        double mass = Math.exp(LogSums.logSumExp(logProbs));
        if (!(mass <= 1 + MASS_TOLERANCE)) {
            throw new IllegalArgumentException("exact metrics: probabilities of the " + who + " add up to " + mass
                    + ", they must be numbers and add up to 1 at the most");
        }
    }

    @Override
    public boolean equals(Object object) {
        return object instanceof ScoredAnswers other && Arrays.deepEquals(parts(), other.parts());
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(parts());
    }

    /// Records compare arrays by identity; these are compared by their values.
    private Object[] parts() {
        return new Object[] {rewards, correct, tokens, policyLogProbs, referenceLogProbs};
    }
}
