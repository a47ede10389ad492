package org.flowrl.rl;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/// What a policy does on a problem whose well-formed answers y can all be enumerated, without sampling noise.
///
/// With p(y) and ρ(y) the probabilities of whole answers, end of sequence included, under the policy and the reference;
/// r(y) the reward; C the correct answers, N of them; p_C, ρ_C the probabilities given that the answer is correct; and
/// k = T · β ({@link Optimum}):
/// ```
/// accuracy          p(C) = Σ_C p(y)                       what is missing to 1 is on wrong and malformed answers
/// entropy H         −Σ_C p_C(y) · ln p_C(y)
/// hNorm             H / ln N                              1 where N = 1
/// effectiveModes    e^H                                   of N
/// π*(y)             ρ(y) · e^(k · r(y)) / Z                 over everything that the reference can say
/// Z                 Σ_wellformed ρ(y) · e^(k · r(y))  +  (1 − Σ_wellformed ρ(y)) · e^(k · r_malformed)
/// klToOptimum       Σ_C p_C(y) · (ln p_C(y) − ln π*_C(y)) in nats: how unlike the optimum the right answers are spread
/// optimumAccuracy   π*(C)
/// optimumLogZ       (ln Z) / T                              nats per token, what FlowRL's log Z should learn
/// ```
/// With rewards 1 and 0, h = ρ(C) and malformed answers worth 0, Z = h · e^k + 1 − h. Sums of exponentials are taken
/// around their largest term, in F64. All figures of {@link #mean} are means over problems, of the effective modes too.
///
/// @param modes N
/// @param wellFormedShare Σ p(y) over the well-formed answers
/// @param referenceAccuracy h = ρ(C)
public record ExactMetrics(double accuracy, double wellFormedShare, double modes, double hNorm, double effectiveModes,
        double klToOptimum, double referenceAccuracy, double optimumAccuracy, double optimumLogZ) {
    /// How far above 1 rounding may carry a sum of probabilities that were computed in F32.
    private static final double MASS_TOLERANCE = 1e-3;

    /// The well-formed answers to one problem.
    ///
    /// @param rewards of each answer
    /// @param correct true where the answer is right
    /// @param policyLogProbs ln p of each answer: the sum over its tokens, end of sequence included, in nats
    /// @param referenceLogProbs ln ρ of each answer
    public record Answers(double[] rewards, boolean[] correct, double[] policyLogProbs, double[] referenceLogProbs) {
        public Answers {
            int count = rewards.length;
            if (correct.length != count || policyLogProbs.length != count || referenceLogProbs.length != count) {
                throw new IllegalArgumentException("exact metrics: " + count + " rewards, " + correct.length
                        + " correct, " + policyLogProbs.length + " policyLogProbs and " + referenceLogProbs.length
                        + " referenceLogProbs must be as many");
            }
        }
    }

    /// The distribution that FlowRL aims at on answers of one length: the reference reweighted by e^(k · r).
    ///
    /// @param beta β, nats per token and unit of reward
    /// @param tokens T, of every answer, end of sequence included; 1 where FlowRL's log-probabilities are sums
    /// @param malformedReward of every answer that is not well-formed
    public record Optimum(double beta, double tokens, double malformedReward) {
        public Optimum {
            if (!(Double.isFinite(beta) && tokens > 0 && Double.isFinite(malformedReward))) {
                throw new IllegalArgumentException("exact metrics: beta " + beta + " and malformedReward "
                        + malformedReward + " must be finite, tokens " + tokens + " above 0");
            }
        }

        /// k = T · β, nats per unit of reward.
        public double nats() {
            return beta * tokens;
        }
    }

    /// The metrics of one problem.
    ///
    /// @throws IllegalArgumentException where no answer is correct, the policy or the reference gives the correct ones
    ///     no probability at all, a log-probability is not a number, or probabilities add up to more than 1
    public static ExactMetrics of(Answers answers, Optimum optimum) {
        double[] policy = answers.policyLogProbs();
        double[] reference = answers.referenceLogProbs();
        double wellFormed = mass("policy", policy);
        double malformed = Math.max(0, 1 - mass("reference", reference));
        int modes = count(answers.correct());
        double logAccuracy = logMassOfCorrect("policy", policy, answers);
        double logReferenceAccuracy = logMassOfCorrect("reference", reference, answers);

        double[] target = new double[reference.length];                       // ln (ρ · e^(k · r))
        for (int i = 0; i < target.length; i++) {
            target[i] = reference[i] + optimum.nats() * answers.rewards()[i];
        }
        double logTargetCorrect = logSumExp(correctOnly(target, answers));
        double logZ = logAdd(logSumExp(target), Math.log(malformed) + optimum.nats() * optimum.malformedReward());

        double entropy = 0;
        double divergence = 0;
        for (int i = 0; i < policy.length; i++) {
            double logShare = policy[i] - logAccuracy;                        // ln p_C(y)
            double share = answers.correct()[i] ? Math.exp(logShare) : 0;
            if (share > 0) {
                entropy -= share * logShare;
                divergence += share * (logShare - (target[i] - logTargetCorrect));
            }
        }
        return new ExactMetrics(Math.exp(logAccuracy), wellFormed, modes, modes == 1 ? 1 : entropy / Math.log(modes),
                Math.exp(entropy), divergence, Math.exp(logReferenceAccuracy), Math.exp(logTargetCorrect - logZ),
                logZ / optimum.tokens());
    }

    /// The mean of every figure over problems.
    ///
    /// @throws IllegalArgumentException where there are none
    public static ExactMetrics mean(List<ExactMetrics> problems) {
        if (problems.isEmpty()) {
            throw new IllegalArgumentException("exact metrics: there must be at least one problem to take a mean of");
        }
        return new ExactMetrics(mean(problems, ExactMetrics::accuracy), mean(problems, ExactMetrics::wellFormedShare),
                mean(problems, ExactMetrics::modes), mean(problems, ExactMetrics::hNorm),
                mean(problems, ExactMetrics::effectiveModes), mean(problems, ExactMetrics::klToOptimum),
                mean(problems, ExactMetrics::referenceAccuracy), mean(problems, ExactMetrics::optimumAccuracy),
                mean(problems, ExactMetrics::optimumLogZ));
    }

    /// The figures by their names in the log.
    public Map<String, Double> values() {
        Map<String, Double> values = new TreeMap<>();
        values.put("exact/accuracy", accuracy);
        values.put("exact/well_formed_share", wellFormedShare);
        values.put("exact/modes", modes);
        values.put("exact/h_norm", hNorm);
        values.put("exact/effective_modes", effectiveModes);
        values.put("exact/kl_to_optimum", klToOptimum);
        values.put("exact/reference_accuracy", referenceAccuracy);
        values.put("exact/optimum_accuracy", optimumAccuracy);
        values.put("exact/optimum_log_z", optimumLogZ);
        return values;
    }

    private static double mean(List<ExactMetrics> problems, ToDoubleFunction<ExactMetrics> figure) {
        return problems.stream().mapToDouble(figure).average().orElseThrow();
    }

    private static int count(boolean[] correct) {
        int count = 0;
        for (boolean one : correct) {
            count += one ? 1 : 0;
        }
        if (count == 0) {
            throw new IllegalArgumentException("exact metrics: at least one of " + correct.length
                    + " answers must be correct");
        }
        return count;
    }

    /// The sum of all probabilities.
    private static double mass(String who, double[] logProbs) {
        double mass = Math.exp(logSumExp(logProbs));
        if (!(mass <= 1 + MASS_TOLERANCE)) {
            throw new IllegalArgumentException("exact metrics: probabilities of the " + who + " add up to " + mass
                    + ", they must be numbers and add up to 1 at the most");
        }
        return mass;
    }

    private static double logMassOfCorrect(String who, double[] logProbs, Answers answers) {
        double logMass = logSumExp(correctOnly(logProbs, answers));
        if (logMass == Double.NEGATIVE_INFINITY) {
            throw new IllegalArgumentException("exact metrics: the " + who
                    + " gives no correct answer any probability, at least one must have some");
        }
        return logMass;
    }

    /// The values of the correct answers; −∞ for the others.
    private static double[] correctOnly(double[] values, Answers answers) {
        double[] chosen = new double[values.length];
        for (int i = 0; i < chosen.length; i++) {
            chosen[i] = answers.correct()[i] ? values[i] : Double.NEGATIVE_INFINITY;
        }
        return chosen;
    }

    /// ln Σ e^x; −∞ where all x are.
    private static double logSumExp(double[] values) {
        double largest = Double.NEGATIVE_INFINITY;
        for (double value : values) {
            largest = Math.max(largest, value);
        }
        if (largest == Double.NEGATIVE_INFINITY) {
            return largest;
        }
        double sum = 0;
        for (double value : values) {
            sum += Math.exp(value - largest);
        }
        return largest + Math.log(sum);
    }

    private static double logAdd(double a, double b) {
        return logSumExp(new double[] {a, b});
    }
}
