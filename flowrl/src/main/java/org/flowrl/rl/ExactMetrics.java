package org.flowrl.rl;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/// What a policy does on a problem whose well-formed answers y can all be enumerated, without sampling noise.
///
/// With p(y) the probabilities of whole answers, end of sequence included, under the policy, and π*(y) those of the
/// {@link Optimum}; r(y) the reward; C the correct answers, N of them; p_C, π*_C the probabilities given that the
/// answer is correct, p_W, π*_W given that it is well-formed:
/// ```
/// accuracy            p(C) = Σ_C p(y)                       what is missing to 1 is on wrong and malformed answers
/// entropy H           −Σ_C p_C(y) · ln p_C(y)
/// hNorm               H / ln N                              1 where N = 1
/// effectiveModes      e^H                                   of N
/// klToOptimum         Σ_C p_C(y) · (ln p_C(y) − ln π*_C(y))     how unlike the optimum the right answers are spread
/// klPolicyToOptimum   Σ_W p_W(y) · (ln p_W(y) − ln π*_W(y))     the same over all well-formed answers
/// klOptimumToPolicy   Σ_W π*_W(y) · (ln π*_W(y) − ln p(y))      large where the policy lost what the optimum keeps
/// reward              Σ_y p(y) · r(y)                       malformed answers included
/// optimumAccuracy     π*(C)
/// optimumReward       Σ_y π*(y) · r(y)
/// optimumLogZ         nats per token, what FlowRL's log Z should learn
/// ```
/// Divergences are in nats. With rewards 1 and 0, equal lengths, h = ρ(C) and malformed answers worth 0,
/// Z = h · e^(T · β) + 1 − h. All figures of {@link #mean} are means over problems, of the effective modes too.
///
/// @param modes N
/// @param wellFormedShare Σ p(y) over the well-formed answers
/// @param effectiveShare effectiveModes / modes
/// @param referenceAccuracy h = ρ(C), ρ being the reference
public record ExactMetrics(double accuracy, double wellFormedShare, double modes, double hNorm, double effectiveModes,
        double effectiveShare, double klToOptimum, double klPolicyToOptimum, double klOptimumToPolicy, double reward,
        double referenceAccuracy, double optimumAccuracy, double optimumReward, double optimumLogZ) {
    /// The metrics of one problem.
    ///
    /// @param target of the optimum on these answers
    /// @throws IllegalArgumentException where no answer is correct, or the policy or the reference gives the correct
    ///     ones no probability at all
    public static ExactMetrics of(ScoredAnswers answers, Optimum optimum, Optimum.Target target) {
        double[] policy = answers.policyLogProbs();
        int modes = count(answers.correct());
        double logAccuracy = logMassOfCorrect("policy", policy, answers);
        double logReferenceAccuracy = logMassOfCorrect("reference", answers.referenceLogProbs(), answers);
        double logTargetCorrect = LogSums.logSumExp(answers.ofCorrect(target.logProbs()));
        double logWellFormed = LogSums.logSumExp(policy);
        double logTargetWellFormed = LogSums.logSumExp(target.logProbs());

        double entropy = 0;
        double divergence = 0;
        double toOptimum = 0;
        double toPolicy = 0;
        double reward = answers.malformedShare() * optimum.malformedReward();
        for (int i = 0; i < policy.length; i++) {
            if (answers.correct()[i]) {
                entropy -= divergence(policy[i] - logAccuracy, 0);
                divergence += divergence(policy[i] - logAccuracy, target.logProbs()[i] - logTargetCorrect);
            }
            toOptimum += divergence(policy[i] - logWellFormed, target.logProbs()[i] - logTargetWellFormed);
            toPolicy += divergence(target.logProbs()[i] - logTargetWellFormed, policy[i]);
            reward += Math.exp(policy[i]) * answers.rewards()[i];
        }
        return new ExactMetrics(Math.exp(logAccuracy), Math.exp(logWellFormed), modes,
                modes == 1 ? 1 : entropy / Math.log(modes), Math.exp(entropy), Math.exp(entropy) / modes, divergence,
                toOptimum, toPolicy, reward, Math.exp(logReferenceAccuracy), Math.exp(logTargetCorrect),
                target.reward(), target.logZ());
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
                mean(problems, ExactMetrics::effectiveModes), mean(problems, ExactMetrics::effectiveShare),
                mean(problems, ExactMetrics::klToOptimum), mean(problems, ExactMetrics::klPolicyToOptimum),
                mean(problems, ExactMetrics::klOptimumToPolicy), mean(problems, ExactMetrics::reward),
                mean(problems, ExactMetrics::referenceAccuracy), mean(problems, ExactMetrics::optimumAccuracy),
                mean(problems, ExactMetrics::optimumReward), mean(problems, ExactMetrics::optimumLogZ));
    }

    /// The figures by their names in the log, where `exact/` or `held_out/` stands before them.
    public Map<String, Double> values() {
        Map<String, Double> values = new TreeMap<>();
        values.put("accuracy", accuracy);
        values.put("well_formed_share", wellFormedShare);
        values.put("modes", modes);
        values.put("h_norm", hNorm);
        values.put("effective_modes", effectiveModes);
        values.put("effective_share", effectiveShare);
        values.put("kl_to_optimum", klToOptimum);
        values.put("kl_policy_to_optimum", klPolicyToOptimum);
        values.put("kl_optimum_to_policy", klOptimumToPolicy);
        values.put("reward", reward);
        values.put("reference_accuracy", referenceAccuracy);
        values.put("optimum_accuracy", optimumAccuracy);
        values.put("optimum_reward", optimumReward);
        values.put("optimum_log_z", optimumLogZ);
        return values;
    }

    private static double mean(List<ExactMetrics> problems, ToDoubleFunction<ExactMetrics> figure) {
        return problems.stream().mapToDouble(figure).average().orElseThrow();
    }

    /// One term p · (ln p − ln q) of a divergence; 0 where p is.
    private static double divergence(double logP, double logQ) {
        double p = Math.exp(logP);
        return p == 0 ? 0 : p * (logP - logQ);
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

    private static double logMassOfCorrect(String who, double[] logProbs, ScoredAnswers answers) {
        double logMass = LogSums.logSumExp(answers.ofCorrect(logProbs));
        if (logMass == Double.NEGATIVE_INFINITY) {
            throw new IllegalArgumentException("exact metrics: the " + who
                    + " gives no correct answer any probability, at least one must have some");
        }
        return logMass;
    }
}
