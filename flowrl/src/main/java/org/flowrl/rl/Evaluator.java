package org.flowrl.rl;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.flowrl.rl.task.Problem;

/// Measures a policy on a task: exactly where all answers can be listed ({@link ExactEvaluator}), from samples
/// elsewhere ({@link SampledEvaluator}).
public sealed interface Evaluator permits ExactEvaluator, SampledEvaluator {
    /// Measures `policy`. Equal policies have equal reports.
    Report evaluate(Policy policy);

    /// The whole answer distribution of `policy` on the problems to train on, problem by problem; empty where answers
    /// cannot be listed.
    List<AnswerSheet> answers(Policy policy);

    /// What was measured.
    sealed interface Report {
        /// Means over the problems and other figures of all of them, by their names in the log.
        Map<String, Double> metrics();
    }

    /// What was measured exactly.
    ///
    /// @param mean means over the problems to train on
    /// @param optimum means over them of the distances to what the objective aims at; empty where that is not known
    /// @param problems each of these problems by itself
    /// @param heldOut the problems that are never trained on
    record ExactReport(ExactMetrics mean, Optional<OptimumMetrics> optimum, List<ProblemReport> problems,
            List<ProblemReport> heldOut, Map<String, Double> metrics) implements Report {
    }

    /// What was measured exactly on one problem.
    ///
    /// @param problem the question
    /// @param exact its figures
    /// @param optimum distances to what the objective aims at; empty where that is not known
    /// @param coverage of its solutions
    /// @param regions sets of answers that the task asks to report
    /// @param logZ the objective's estimate, nats per token; empty where it has none or its target is not known
    record ProblemReport(Problem problem, ExactMetrics exact, Optional<OptimumMetrics> optimum,
            SolutionCoverage coverage, List<RegionMass> regions, OptionalDouble logZ) {
        /// |log Z − closed form|, or empty.
        public OptionalDouble logZError() {
            return logZ.isEmpty() || optimum.isEmpty() ? OptionalDouble.empty()
                    : OptionalDouble.of(Math.abs(logZ.getAsDouble() - optimum.get().logZ()));
        }
    }

    /// The probability of a set of answers.
    ///
    /// @param group what kind of set it is
    /// @param rank its number in the group, from 1
    /// @param mass its probability under the policy
    /// @param optimumMass its probability under the optimum; empty where that is not known
    record RegionMass(String group, int rank, double mass, OptionalDouble optimumMass) {
        /// A set with less than this share of its probability under the optimum is missed.
        private static final double MISSED_SHARE = 0.1;

        /// True where the policy has lost what the optimum keeps.
        public boolean isMissed() {
            return optimumMass.isPresent() && mass < MISSED_SHARE * optimumMass.getAsDouble();
        }
    }

    /// What was sampled.
    ///
    /// @param problems some of the problems to train on
    /// @param heldOut some of the problems that are never trained on
    record SampledReport(List<SampledProblem> problems, List<SampledProblem> heldOut, Map<String, Double> metrics)
            implements Report {
    }

    /// What was sampled on one problem.
    ///
    /// @param problem the question
    /// @param responses samples, correct ones and others
    /// @param group what is counted of them
    record SampledProblem(Problem problem, List<Response> responses, SampledMetrics.Group group) {
    }

    /// A well-formed answer and how likely it is.
    ///
    /// @param text without special tokens
    /// @param logProb of the whole answer under the evaluated policy, in nats
    /// @param referenceLogProb the same under the reference
    record Answer(String text, boolean correct, double reward, double logProb, double referenceLogProb) {
    }

    /// Every well-formed answer to a problem, in the task's order.
    record AnswerSheet(Problem problem, List<Answer> answers) {
    }
}
