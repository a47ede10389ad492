package org.flowrl.rl;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/// What a policy does on a problem whose well-formed answers y can all be enumerated, without sampling noise.
///
/// With p(y) the probabilities of whole answers, end of sequence included, under the policy; r(y) the reward; C the
/// correct answers, N of them; p_C the probabilities given that the answer is correct, p_W given that it is
/// well-formed:
/// ```
/// accuracy            p(C) = Σ_C p(y)                       what is missing to 1 is on wrong and malformed answers
/// entropy H           −Σ_C p_C(y) · ln p_C(y)
/// hNorm               H / ln N                              1 where N = 1
/// effectiveModes      e^H                                   of N
/// reward              Σ_y p(y) · r(y)                       malformed answers included
/// klToReference       Σ_W p_W(y) · (ln p_W(y) − ln ρ_W(y))  of whole answers, in nats, ρ being the reference
/// ```
/// All figures of {@link #mean} are means over problems, of the effective modes too. Distances to what an objective
/// aims at are {@link OptimumMetrics}.
///
/// @param modes N
/// @param wellFormedShare Σ p(y) over the well-formed answers
/// @param effectiveShare effectiveModes / modes
/// @param referenceAccuracy h = ρ(C), ρ being the reference
public record ExactMetrics(double accuracy, double wellFormedShare, double modes, double hNorm, double effectiveModes,
        double effectiveShare, double reward, double referenceAccuracy, double klToReference) {
    /// The metrics of one problem.
    ///
    /// @param malformedReward of every answer that is not well-formed
    /// @throws IllegalArgumentException where no answer is correct, or the policy or the reference gives the correct
    ///     ones no probability at all
    public static ExactMetrics of(ScoredAnswers answers, double malformedReward) {
        double[] policy = answers.policyLogProbs();
        int modes = count(answers.correct());
        double logAccuracy = answers.logMassOfCorrect("policy", policy);
        double logReferenceAccuracy = answers.logMassOfCorrect("reference", answers.referenceLogProbs());
        double logWellFormed = LogSums.logSumExp(policy);
        double logReferenceWellFormed = LogSums.logSumExp(answers.referenceLogProbs());

        double entropy = 0;
        double toReference = 0;
        double reward = answers.malformedShare() * malformedReward;
        for (int i = 0; i < policy.length; i++) {
            if (answers.correct()[i]) {
                entropy -= divergence(policy[i] - logAccuracy, 0);
            }
            reward += Math.exp(policy[i]) * answers.rewards()[i];
            toReference += divergence(policy[i] - logWellFormed,
                    answers.referenceLogProbs()[i] - logReferenceWellFormed);
        }
        return new ExactMetrics(Math.exp(logAccuracy), Math.exp(logWellFormed), modes,
                modes == 1 ? 1 : entropy / Math.log(modes), Math.exp(entropy), Math.exp(entropy) / modes, reward,
                Math.exp(logReferenceAccuracy), toReference);
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
                mean(problems, ExactMetrics::reward), mean(problems, ExactMetrics::referenceAccuracy),
                mean(problems, ExactMetrics::klToReference));
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
        values.put("reward", reward);
        values.put("reference_accuracy", referenceAccuracy);
        values.put("kl_to_reference", klToReference);
        return values;
    }

    private static double mean(List<ExactMetrics> problems, ToDoubleFunction<ExactMetrics> figure) {
        return problems.stream().mapToDouble(figure).average().orElseThrow();
    }

    /// One term p · (ln p − ln q) of a divergence; 0 where p is.
    static double divergence(double logP, double logQ) {
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
}
