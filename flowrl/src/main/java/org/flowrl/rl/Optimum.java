package org.flowrl.rl;

import java.util.Arrays;

/// The distribution that FlowRL with raw rewards aims at. With ρ the reference, T(y) an answer's tokens and r(y) its
/// reward, δ = 0 for every answer says
/// ```
/// π*(y) = ρ(y) · e^(T(y) · (β · r(y) − z))        z: log Z in nats per token, such that Σ_y π*(y) = 1
/// ```
/// over everything that the reference can say. Where all answers have T tokens, z = (ln Z) / T with
/// ```
/// Z = Σ_wellformed ρ(y) · e^(T · β · r(y))  +  (1 − Σ_wellformed ρ(y)) · e^(T · β · r_malformed)
/// ```
/// Answers that are not well-formed are taken to have the well-formed ones' mean length.
///
/// @param beta β, nats per token and unit of reward
/// @param lengthNormalised false where FlowRL's log-probabilities are sums, not means over tokens: then T(y) is 1
/// @param malformedReward of every answer that is not well-formed
public record Optimum(double beta, boolean lengthNormalised, double malformedReward) {
    /// Newton's method on a convex function gains digits quadratically: far fewer rounds are ever needed.
    private static final int MAX_ROUNDS = 100;
    private static final double TOLERANCE = 1e-14;

    public Optimum {
        if (!(Double.isFinite(beta) && Double.isFinite(malformedReward))) {
            throw new IllegalArgumentException("exact metrics: beta " + beta + " and malformedReward "
                    + malformedReward + " must be finite");
        }
    }

    /// π* of given answers.
    ///
    /// @param logProbs ln π* of each well-formed answer
    /// @param logZ z, nats per token
    /// @param reward Σ π*(y) · r(y) over everything
    public record Target(double[] logProbs, double logZ, double reward) {
        @Override
        public boolean equals(Object object) {
            return object instanceof Target other && Arrays.deepEquals(parts(), other.parts());
        }

        @Override
        public int hashCode() {
            return Arrays.deepHashCode(parts());
        }

        /// Records compare arrays by identity; these are compared by their values.
        private Object[] parts() {
            return new Object[] {logProbs, logZ, reward};
        }
    }

    /// The optimum on these answers.
    public Target on(ScoredAnswers answers) {
        int count = answers.count();
        double[] tokens = new double[count + 1];                     // T; the last place is that of malformed answers
        double[] weights = new double[count + 1];                    // ln (ρ · e^(T · β · r))
        double mean = 0;
        for (int i = 0; i < count; i++) {
            tokens[i] = lengthNormalised ? answers.tokens()[i] : 1;
            mean += tokens[i] / count;
            weights[i] = answers.referenceLogProbs()[i] + tokens[i] * beta * answers.rewards()[i];
        }
        tokens[count] = mean;
        weights[count] = Math.log(answers.referenceMalformedShare()) + mean * beta * malformedReward;
        double logZ = solve(weights, tokens, LogSums.logSumExp(weights) / mean);
        double[] all = terms(weights, tokens, logZ);
        double total = LogSums.logSumExp(all);                       // 0, but for rounding that grows with T · β · r
        double[] logProbs = new double[count];
        double reward = Math.exp(all[count] - total) * malformedReward;
        for (int i = 0; i < count; i++) {
            logProbs[i] = all[i] - total;
            reward += Math.exp(logProbs[i]) * answers.rewards()[i];
        }
        return new Target(logProbs, logZ, reward);
    }

    /// The root z of f(z) = ln Σ e^(w − T · z), which is convex and falls. Where all T are equal the start is the root.
    private static double solve(double[] weights, double[] tokens, double start) {
        double z = start;
        for (int round = 0; round < MAX_ROUNDS; round++) {
            double[] terms = terms(weights, tokens, z);
            double value = LogSums.logSumExp(terms);
            double slope = 0;
            for (int i = 0; i < terms.length; i++) {
                slope -= tokens[i] * Math.exp(terms[i] - value);
            }
            double step = value / slope;
            z -= step;
            if (Math.abs(step) <= TOLERANCE * Math.max(1, Math.abs(z))) {
                return z;
            }
        }
        throw new IllegalStateException("exact metrics: log Z was not found from " + start);
    }

    /// w − T · z.
    private static double[] terms(double[] weights, double[] tokens, double z) {
        double[] terms = new double[weights.length];
        for (int i = 0; i < terms.length; i++) {
            terms[i] = weights[i] - tokens[i] * z;
        }
        return terms;
    }
}
