package org.flowrl.rl;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/// How far a policy is from an {@link Optimum} on a problem whose well-formed answers can all be enumerated. With the
/// names of {@link ExactMetrics}, π*(y) the optimum, and π*_C, π*_W its shares of the correct and the well-formed
/// answers:
/// ```
/// klToOptimum         Σ_C p_C(y) · (ln p_C(y) − ln π*_C(y))     how unlike the optimum the right answers are spread
/// klPolicyToOptimum   Σ_W p_W(y) · (ln p_W(y) − ln π*_W(y))     the same over all well-formed answers
/// klOptimumToPolicy   Σ_W π*_W(y) · (ln π*_W(y) − ln p(y))      large where the policy lost what the optimum keeps
/// accuracy            π*(C)
/// reward              Σ_y π*(y) · r(y)
/// logZ                nats per token, what FlowRL's log Z should learn
/// effectiveModes      e^H, H = −Σ_C π*_C(y) · ln π*_C(y)        N where all correct answers earn the same
/// ```
/// Divergences are in nats. With rewards 1 and 0, equal lengths, h = ρ(C) and malformed answers worth 0,
/// Z = h · e^(T · β) + 1 − h. All figures of {@link #mean} are means over problems.
public record OptimumMetrics(double klToOptimum, double klPolicyToOptimum, double klOptimumToPolicy, double accuracy,
        double reward, double logZ, double effectiveModes) {
    /// The metrics of one problem.
    ///
    /// @param target of the optimum on these answers
    /// @throws IllegalArgumentException where no answer is correct, or the policy gives the correct ones no probability
    ///     at all
    public static OptimumMetrics of(ScoredAnswers answers, Optimum.Target target) {
        double[] policy = answers.policyLogProbs();
        double logAccuracy = answers.logMassOfCorrect("policy", policy);
        double logTargetCorrect = LogSums.logSumExp(answers.ofCorrect(target.logProbs()));
        double logWellFormed = LogSums.logSumExp(policy);
        double logTargetWellFormed = LogSums.logSumExp(target.logProbs());
        double divergence = 0;
        double toOptimum = 0;
        double toPolicy = 0;
        double entropy = 0;
        for (int i = 0; i < policy.length; i++) {
            if (answers.correct()[i]) {
                divergence += ExactMetrics.divergence(policy[i] - logAccuracy,
                        target.logProbs()[i] - logTargetCorrect);
                entropy -= ExactMetrics.divergence(target.logProbs()[i] - logTargetCorrect, 0);
            }
            toOptimum += ExactMetrics.divergence(policy[i] - logWellFormed,
                    target.logProbs()[i] - logTargetWellFormed);
            toPolicy += ExactMetrics.divergence(target.logProbs()[i] - logTargetWellFormed, policy[i]);
        }
        return new OptimumMetrics(divergence, toOptimum, toPolicy, Math.exp(logTargetCorrect), target.reward(),
                target.logZ(), Math.exp(entropy));
    }

    /// The mean of every figure over problems; empty where there are none.
    public static Optional<OptimumMetrics> mean(List<OptimumMetrics> problems) {
        return problems.isEmpty() ? Optional.empty() : Optional.of(new OptimumMetrics(mean(problems,
                OptimumMetrics::klToOptimum),
                mean(problems, OptimumMetrics::klPolicyToOptimum), mean(problems, OptimumMetrics::klOptimumToPolicy),
                mean(problems, OptimumMetrics::accuracy), mean(problems, OptimumMetrics::reward),
                mean(problems, OptimumMetrics::logZ), mean(problems, OptimumMetrics::effectiveModes)));
    }

    /// The figures by their names in the log, where `exact/` or `held_out/` stands before them.
    public Map<String, Double> values() {
        Map<String, Double> values = new TreeMap<>();
        values.put("kl_to_optimum", klToOptimum);
        values.put("kl_policy_to_optimum", klPolicyToOptimum);
        values.put("kl_optimum_to_policy", klOptimumToPolicy);
        values.put("optimum_accuracy", accuracy);
        values.put("optimum_reward", reward);
        values.put("optimum_log_z", logZ);
        values.put("optimum_effective_modes", effectiveModes);
        return values;
    }

    private static double mean(List<OptimumMetrics> problems, ToDoubleFunction<OptimumMetrics> figure) {
        return problems.stream().mapToDouble(figure).average().orElseThrow();
    }
}
