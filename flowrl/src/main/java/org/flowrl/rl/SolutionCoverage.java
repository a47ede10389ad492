package org.flowrl.rl;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/// What some samples of a policy would find on a problem whose answers can all be enumerated: expected values, computed
/// from the policy's probabilities without sampling. With p(y) of correct answers, m(s) = Σ p(y) over the answers y
/// that are solution s, S of them, and accuracy a = Σ p(y):
/// ```
/// coverageAtK   (1 / S) · Σ_s (1 − (1 − m(s))^K)     share of the solutions that K samples hold
/// distinctAtK   Σ_y (1 − (1 − p(y))^K)               different correct answers among K samples
/// passAtK       1 − (1 − a)^K                        chance that one of K samples is correct
/// ```
///
/// @param solutions S
public record SolutionCoverage(int solutions, double coverageAt8, double coverageAt64, double distinctAt64,
        double passAt8) {
    private static final int FEW = 8;
    private static final int MANY = 64;

    /// @param names the solution that each answer is, see {@link org.flowrl.rl.task.Verdict.Correct#solution}; read
    ///     for correct ones only
    public static SolutionCoverage of(ScoredAnswers answers, String[] names) {
        Map<String, Double> masses = new LinkedHashMap<>();
        double distinct = 0;
        double accuracy = 0;
        for (int i = 0; i < answers.count(); i++) {
            if (answers.correct()[i]) {
                double mass = Math.exp(answers.policyLogProbs()[i]);
                masses.merge(names[i], mass, Double::sum);
                distinct += found(mass, MANY);
                accuracy += mass;
            }
        }
        return new SolutionCoverage(masses.size(), coverage(masses, FEW), coverage(masses, MANY), distinct,
                found(accuracy, FEW));
    }

    /// The figures by their names in the log, where `exact/` or `held_out/` stands before them.
    public Map<String, Double> values() {
        Map<String, Double> values = new TreeMap<>();
        values.put("solutions", (double) solutions);
        values.put("coverage@" + FEW, coverageAt8);
        values.put("coverage@" + MANY, coverageAt64);
        values.put("distinct@" + MANY, distinctAt64);
        values.put("pass@" + FEW, passAt8);
        return values;
    }

    private static double coverage(Map<String, Double> masses, int samples) {
        return masses.values().stream().mapToDouble(mass -> found(mass, samples)).average().orElse(0);
    }

    /// 1 − (1 − p)^K without cancellation for small p; rounding may have carried p above 1.
    private static double found(double probability, int samples) {
        return -Math.expm1(samples * Math.log1p(-Math.min(probability, 1)));
    }
}
