package org.flowrl.rl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.flowrl.autograd.Tape;
import org.flowrl.rl.objective.Advantages;
import org.flowrl.rl.objective.FlowRl;
import org.flowrl.rl.objective.FlowRlSettings;
import org.flowrl.rl.objective.Objective;
import org.flowrl.rl.task.Enumeration;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Measures a policy without sampling noise: every well-formed answer to every measured problem is scored.
///
/// Objectives are held against an {@link Optimum}, whose figures are {@link OptimumMetrics}: FlowRL with raw rewards
/// against its own; FlowRL with other rewards, and every baseline, against that of FlowRL's preset of the task, so that
/// they can be compared. A version of FlowRL whose residual is not taken from the reference, or is one of tokens, aims
/// at no distribution that is known ({@link FlowRlSettings#hasOptimum}): its log has none of the figures marked with *,
/// nor those of {@link OptimumMetrics}.
///
/// Beside the figures of {@link ExactMetrics} and {@link SolutionCoverage} the log has, over the problems to train on
/// under `exact/…` and over held-out ones under `held_out/…`:
///
/// | name | meaning |
/// |---|---|
/// | `multi_coverage@64` | `coverage@64` of the problems with at least two solutions |
/// | `lost_share` | share of problems with accuracy below 2 % |
/// | `kl_optimum_to_policy_max`* | on the worst problem |
/// | `log_z_error_max`*, `log_z_error_mean`* | distance of log Z from its closed form |
/// | `GROUP_RANK_mass`, `GROUP_RANK_optimum`* | probability of a {@link Enumeration.Region}, such as `ball_1_mass` |
/// | `GROUP_missed`* | number of such sets in all with less than a tenth of their probability under the optimum |
public final class ExactEvaluator implements Evaluator {
    /// Problems of a kind that are measured; where there are more, every n-th.
    static final int MOST_PROBLEMS = 100;

    private static final double LOST_ACCURACY = 0.02;
    /// Of answers that are not well-formed, in every task that lists its answers.
    private static final double MALFORMED_REWARD = 0;

    private final Scope scope;
    private final Task task;
    private final Enumeration enumeration;
    private final Questions questions;
    private final Policy reference;
    private final Objective objective;
    private final double temperature;
    private final long positions;
    /// The settings of a FlowRL whose optimum is known: the one with raw rewards.
    private final Optional<FlowRlSettings> closedForm;
    /// What policies are held against; empty for an objective that aims at no known distribution.
    private final Optional<Optimum> optimum;
    /// Made, and scored under the reference, when first needed: problems to train on, then held-out ones.
    private List<Questionnaire> trained;
    private List<Questionnaire> heldOut;

    /// @param scope for working memory
    /// @param task that lists its answers
    /// @param questions how its problems are asked
    /// @param reference the policy before training; scored once
    /// @param temperature logits are divided by it
    /// @param positions computed at a time
    /// @param presetBeta β of the optimum that objectives other than FlowRL with raw rewards are held against
    public ExactEvaluator(Scope scope, Task task, Questions questions, Policy reference, Objective objective,
            double temperature, long positions, double presetBeta) {
        this.scope = scope;
        this.task = task;
        this.enumeration = task.enumeration().orElseThrow(() -> new IllegalArgumentException(
                "exact evaluation: task " + task.name() + " does not list its answers"));
        this.questions = questions;
        this.reference = reference;
        this.objective = objective;
        this.temperature = temperature;
        this.positions = positions;
        Optional<FlowRlSettings> flowRl = objective instanceof FlowRl own ? Optional.of(own.settings())
                : Optional.empty();
        this.closedForm = flowRl.filter(settings -> settings.hasOptimum() && settings.reward() == Advantages.RAW);
        this.optimum = flowRl.isPresent() && !flowRl.get().hasOptimum() ? Optional.empty()
                : Optional.of(new Optimum(closedForm.map(FlowRlSettings::beta).orElse(presetBeta),
                        closedForm.map(FlowRlSettings::lengthNormalised).orElse(true), MALFORMED_REWARD));
    }

    @Override
    public ExactReport evaluate(Policy policy) {
        prepare();
        List<ProblemReport> reports = reports(policy, trained);
        List<ProblemReport> heldOutReports = reports(policy, heldOut);
        Map<String, Double> metrics = new TreeMap<>();
        metrics(reports).forEach((name, value) -> metrics.put("exact/" + name, value));
        if (!heldOutReports.isEmpty()) {
            metrics(heldOutReports).forEach((name, value) -> metrics.put("held_out/" + name, value));
        }
        return new ExactReport(ExactMetrics.mean(reports.stream().map(ProblemReport::exact).toList()),
                meanToOptimum(reports), reports, heldOutReports, metrics);
    }

    @Override
    public List<AnswerSheet> answers(Policy policy) {
        prepare();
        return trained.stream().map(asked -> {
            double[] logProbs = logProbs(policy, asked.rows());
            return new AnswerSheet(asked.problem(), IntStream.range(0, logProbs.length).mapToObj(i ->
                    new Answer(asked.answers().get(i), asked.correct()[i], asked.rewards()[i], logProbs[i],
                            asked.referenceLogProbs()[i])).toList());
        }).toList();
    }

    private void prepare() {
        if (trained == null) {
            trained = questionnaires(task.problems());
            heldOut = questionnaires(task.heldOutProblems());
        }
    }

    private List<Questionnaire> questionnaires(List<Problem> problems) {
        int count = Math.min(MOST_PROBLEMS, problems.size());
        return IntStream.range(0, count)
                .mapToObj(i -> questionnaire(problems.get((int) ((long) i * problems.size() / count)))).toList();
    }

    private Questionnaire questionnaire(Problem problem) {
        return Questionnaire.of(problem, enumeration.answers(problem), questions, rows -> logProbs(reference, rows));
    }

    /// Log-probability of each whole answer.
    private double[] logProbs(Policy policy, List<Policy.Row> rows) {
        return policy.score(scope, rows, temperature, positions).stream().mapToDouble(tokens -> {
            double sum = 0;
            for (float logProb : tokens) {
                sum += logProb;
            }
            return sum;
        }).toArray();
    }

    private List<ProblemReport> reports(Policy policy, List<Questionnaire> questionnaires) {
        OptionalDouble[] logZ = logZ(policy, questionnaires);
        List<ProblemReport> reports = new ArrayList<>();
        for (int i = 0; i < questionnaires.size(); i++) {
            Questionnaire asked = questionnaires.get(i);
            ScoredAnswers scored = asked.scored(logProbs(policy, asked.rows()));
            Optional<Optimum.Target> target = optimum.map(aim -> aim.on(scored));
            reports.add(new ProblemReport(asked.problem(), ExactMetrics.of(scored, MALFORMED_REWARD),
                    target.map(aim -> OptimumMetrics.of(scored, aim)), SolutionCoverage.of(scored, asked.solutions()),
                    regions(asked, scored, target), logZ[i]));
        }
        return List.copyOf(reports);
    }

    private List<RegionMass> regions(Questionnaire asked, ScoredAnswers scored, Optional<Optimum.Target> target) {
        return enumeration.regions(asked.problem()).stream().map(region -> {
            boolean[] inside = new boolean[scored.count()];
            for (int i = 0; i < inside.length; i++) {
                inside[i] = region.contains().test(asked.answers().get(i));
            }
            return new RegionMass(region.group(), region.rank(), mass(scored.policyLogProbs(), inside),
                    target.map(aim -> OptionalDouble.of(mass(aim.logProbs(), inside)))
                            .orElse(OptionalDouble.empty()));
        }).toList();
    }

    private static double mass(double[] logProbs, boolean[] inside) {
        double mass = 0;
        for (int i = 0; i < inside.length; i++) {
            mass += inside[i] ? Math.exp(logProbs[i]) : 0;
        }
        return mass;
    }

    private static Optional<OptimumMetrics> meanToOptimum(List<ProblemReport> reports) {
        return OptimumMetrics.mean(reports.stream().flatMap(report -> report.optimum().stream()).toList());
    }

    private OptionalDouble[] logZ(Policy policy, List<Questionnaire> questionnaires) {
        OptionalDouble[] estimates = new OptionalDouble[questionnaires.size()];
        Arrays.fill(estimates, OptionalDouble.empty());
        // The net learns log Z from the trained policy's states; of the reference's it knows nothing.
        if (policy != reference && estimates.length > 0 && closedForm.isPresent()
                && objective instanceof FlowRl flowRl && flowRl.net().isPresent()) {
            List<Policy.Row> rows = questionnaires.stream().map(asked -> asked.rows().getFirst()).toList();
            try (Tape tape = Tape.inference(policy.backend(), scope)) {
                Tensor means = policy.evaluate(tape, rows, temperature, objective.promptStates()).promptMean().value();
                double[] logZ = flowRl.net().get().estimate(policy.backend(), scope, means);
                Arrays.setAll(estimates, i -> OptionalDouble.of(logZ[i]));
            }
        }
        return estimates;
    }

    private static Map<String, Double> metrics(List<ProblemReport> reports) {
        Map<String, Double> metrics = new TreeMap<>(
                ExactMetrics.mean(reports.stream().map(ProblemReport::exact).toList()).values());
        meanToOptimum(reports).ifPresent(mean -> metrics.putAll(mean.values()));
        means(reports, report -> report.coverage().values(), metrics);
        means(reports, ExactEvaluator::regionMasses, metrics);
        reports.stream().filter(report -> report.coverage().solutions() > 1)
                .mapToDouble(report -> report.coverage().coverageAt64()).average()
                .ifPresent(mean -> metrics.put("multi_coverage@64", mean));
        metrics.put("lost_share", reports.stream().mapToDouble(
                report -> report.exact().accuracy() < LOST_ACCURACY ? 1 : 0).average().orElseThrow());
        reports.stream().flatMap(report -> report.optimum().stream()).mapToDouble(OptimumMetrics::klOptimumToPolicy)
                .max().ifPresent(worst -> metrics.put("kl_optimum_to_policy_max", worst));
        double[] errors = reports.stream().flatMapToDouble(report -> report.logZError().stream()).toArray();
        Arrays.stream(errors).max().ifPresent(worst -> metrics.put("log_z_error_max", worst));
        Arrays.stream(errors).average().ifPresent(mean -> metrics.put("log_z_error_mean", mean));
        reports.stream().flatMap(report -> report.regions().stream())
                .filter(region -> region.optimumMass().isPresent()).forEach(region ->
                metrics.merge(region.group() + "_missed", region.isMissed() ? 1.0 : 0.0, Double::sum));
        return metrics;
    }

    private static Map<String, Double> regionMasses(ProblemReport report) {
        Map<String, Double> masses = new TreeMap<>();
        for (RegionMass region : report.regions()) {
            String name = region.group() + "_" + region.rank();
            masses.put(name + "_mass", region.mass());
            region.optimumMass().ifPresent(mass -> masses.put(name + "_optimum", mass));
        }
        return masses;
    }

    /// Adds the mean of each figure over the reports.
    private static void means(List<ProblemReport> reports, Function<ProblemReport, Map<String, Double>> figures,
            Map<String, Double> metrics) {
        reports.forEach(report -> figures.apply(report)
                .forEach((name, value) -> metrics.merge(name, value / reports.size(), Double::sum)));
    }
}
