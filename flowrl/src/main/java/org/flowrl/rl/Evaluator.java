package org.flowrl.rl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.flowrl.autograd.Tape;
import org.flowrl.rl.objective.Advantages;
import org.flowrl.rl.objective.FlowRl;
import org.flowrl.rl.objective.FlowRlSettings;
import org.flowrl.rl.objective.Objective;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.Scope;
import org.flowrl.tensor.Tensor;

/// Measures a policy on a built-in task exactly: every well-formed answer to every training problem is scored.
public final class Evaluator {
    /// β of the optimum that objectives other than FlowRL with raw rewards are held against: the tasks' own preset.
    private static final double PRESET_BETA = 1;

    private final Scope scope;
    private final Objective objective;
    private final double temperature;
    private final long positions;
    /// The settings of a FlowRL whose optimum is known: the one with raw rewards.
    private final Optional<FlowRlSettings> closedForm;
    private final Task task;
    private final Policy reference;
    /// Made, and scored under the reference, when first needed.
    private List<Questionnaire> questionnaires;

    /// One problem with all its answers.
    private record Questionnaire(Problem problem, int[] prompt, List<Policy.Row> rows, double[] rewards,
            boolean[] correct, double[] referenceLogProbs) {
    }

    /// What was measured on one problem.
    ///
    /// @param problem the question
    /// @param exact its figures
    /// @param logZ the objective's estimate, nats per token; empty where it has none or its target is not known
    public record ProblemReport(Problem problem, ExactMetrics exact, OptionalDouble logZ) {
        /// |log Z − closed form|, or empty.
        public OptionalDouble logZError() {
            return logZ.isEmpty() ? logZ : OptionalDouble.of(Math.abs(logZ.getAsDouble() - exact.optimumLogZ()));
        }
    }

    /// What was measured.
    ///
    /// @param mean means over the problems
    /// @param problems each problem by itself
    /// @param metrics by their names in the log
    public record Report(ExactMetrics mean, List<ProblemReport> problems, Map<String, Double> metrics) {
    }

    /// A well-formed answer and how likely it is.
    ///
    /// @param text without special tokens
    /// @param logProb of the whole answer under the evaluated policy, in nats
    /// @param referenceLogProb the same under the reference
    public record Answer(String text, boolean correct, double reward, double logProb, double referenceLogProb) {
    }

    /// Every well-formed answer to a problem, in the task's order.
    public record AnswerSheet(Problem problem, List<Answer> answers) {
    }

    /// @param scope for working memory
    /// @param reference the policy before training; scored once
    /// @param temperature logits are divided by it
    /// @param positions computed at a time
    public Evaluator(Scope scope, Task task, Policy reference, Objective objective, double temperature,
            long positions) {
        this.scope = scope;
        this.objective = objective;
        this.temperature = temperature;
        this.positions = positions;
        this.closedForm = objective instanceof FlowRl flowRl && flowRl.settings().reward() == Advantages.RAW
                ? Optional.of(flowRl.settings()) : Optional.empty();
        this.task = task;
        this.reference = reference;
    }

    /// Scores every answer under `policy`.
    public Report evaluate(Policy policy) {
        List<Questionnaire> questionnaires = questionnaires();
        OptionalDouble[] logZ = logZ(policy);
        List<ProblemReport> reports = new ArrayList<>();
        for (int i = 0; i < questionnaires.size(); i++) {
            Questionnaire asked = questionnaires.get(i);
            ExactMetrics exact = ExactMetrics.of(new ExactMetrics.Answers(asked.rewards(), asked.correct(),
                    masses(policy, asked.rows()), asked.referenceLogProbs()), optimum(asked));
            reports.add(new ProblemReport(asked.problem(), exact, logZ[i]));
        }
        ExactMetrics mean = ExactMetrics.mean(reports.stream().map(ProblemReport::exact).toList());
        Map<String, Double> metrics = new TreeMap<>(mean.values());
        reports.stream().flatMap(report -> report.logZError().stream().boxed()).max(Double::compare)
                .ifPresent(worst -> metrics.put("exact/log_z_error_max", worst));
        return new Report(mean, List.copyOf(reports), metrics);
    }

    /// The whole answer distribution of `policy`, problem by problem.
    public List<AnswerSheet> answers(Policy policy) {
        return questionnaires().stream().map(asked -> {
            double[] masses = masses(policy, asked.rows());
            List<String> texts = task.wellFormedAnswers(asked.problem());
            return new AnswerSheet(asked.problem(), IntStream.range(0, masses.length).mapToObj(i ->
                    new Answer(texts.get(i), asked.correct()[i], asked.rewards()[i], masses[i],
                            asked.referenceLogProbs()[i])).toList());
        }).toList();
    }

    private List<Questionnaire> questionnaires() {
        if (questionnaires == null) {
            questionnaires = task.problems().stream().map(this::questionnaire).toList();
        }
        return questionnaires;
    }

    private Questionnaire questionnaire(Problem problem) {
        int[] prompt = task.tokenizer().encode(problem.prompt());
        int end = task.tokenizer().eosTokenId().orElseThrow();
        List<String> answers = task.wellFormedAnswers(problem);
        List<Policy.Row> rows = new ArrayList<>(answers.size());
        double[] rewards = new double[answers.size()];
        boolean[] correct = new boolean[answers.size()];
        for (int i = 0; i < answers.size(); i++) {
            int[] tokens = task.tokenizer().encode(answers.get(i));
            int[] response = Arrays.copyOf(tokens, tokens.length + 1);
            response[tokens.length] = end;
            rows.add(new Policy.Row(prompt, response));
            Verdict verdict = task.verifier().verify(problem, answers.get(i), true);
            rewards[i] = verdict.reward();
            correct[i] = verdict instanceof Verdict.Correct;
        }
        return new Questionnaire(problem, prompt, rows, rewards, correct, masses(reference, rows));
    }

    /// Log-probability of each whole answer.
    private double[] masses(Policy policy, List<Policy.Row> rows) {
        return policy.score(scope, rows, temperature, positions).stream().mapToDouble(logProbs -> {
            double sum = 0;
            for (float logProb : logProbs) {
                sum += logProb;
            }
            return sum;
        }).toArray();
    }

    private ExactMetrics.Optimum optimum(Questionnaire asked) {
        double tokens = asked.rows().stream().mapToInt(row -> row.response().length).average().orElseThrow();
        boolean isSummed = closedForm.isPresent() && !closedForm.get().lengthNormalised();
        return new ExactMetrics.Optimum(closedForm.map(FlowRlSettings::beta).orElse(PRESET_BETA),
                isSummed ? 1 : tokens, 0);
    }

    private OptionalDouble[] logZ(Policy policy) {
        OptionalDouble[] estimates = new OptionalDouble[questionnaires.size()];
        Arrays.fill(estimates, OptionalDouble.empty());
        if (closedForm.isPresent() && objective instanceof FlowRl flowRl && flowRl.net().isPresent()) {
            List<Policy.Row> rows = questionnaires.stream().map(asked -> asked.rows().getFirst()).toList();
            try (Tape tape = Tape.inference(policy.backend(), scope)) {
                Tensor means = policy.evaluate(tape, rows, temperature, objective.promptStates()).promptMean().value();
                double[] logZ = flowRl.net().get().estimate(policy.backend(), scope, means);
                Arrays.setAll(estimates, i -> OptionalDouble.of(logZ[i]));
            }
        }
        return estimates;
    }
}
