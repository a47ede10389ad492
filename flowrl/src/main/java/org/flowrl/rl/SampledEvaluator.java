package org.flowrl.rl;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.flowrl.rl.task.Problem;
import org.flowrl.rl.task.Task;
import org.flowrl.rl.task.Verdict;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.generate.Completion;
import org.flowrl.transformer.generate.Generator;

/// Measures a policy from samples: as many as a training step takes, of evenly chosen problems to train on, and as many
/// of held-out ones. Problems and random numbers are the same at each call, so that policies are compared on equal
/// draws. The figures of {@link SampledMetrics} are logged under `evaluation/…` and `held_out/…`, and with them
/// `reward` and `accuracy`, the share of correct samples.
public final class SampledEvaluator implements Evaluator {
    private final Scope scope;
    private final Task task;
    private final Questions questions;
    private final TrainConfig.RolloutSettings settings;
    private final RandomKey key;

    /// @param scope for working memory
    /// @param questions how the task's problems are asked
    /// @param settings how many problems and samples, and the temperature
    /// @param key decides the draws
    public SampledEvaluator(Scope scope, Task task, Questions questions, TrainConfig.RolloutSettings settings,
            RandomKey key) {
        this.scope = scope;
        this.task = task;
        this.questions = questions;
        this.settings = settings;
        this.key = key;
    }

    @Override
    public SampledReport evaluate(Policy policy) {
        Map<String, Double> metrics = new TreeMap<>();
        List<SampledProblem> trained = sample(policy, task.problems(), "evaluation", metrics);
        List<SampledProblem> heldOut = sample(policy, task.heldOutProblems(), "held_out", metrics);
        return new SampledReport(trained, heldOut, metrics);
    }

    /// None: answers cannot be listed.
    @Override
    public List<AnswerSheet> answers(Policy policy) {
        return List.of();
    }

    private List<SampledProblem> sample(Policy policy, List<Problem> problems, String group,
            Map<String, Double> metrics) {
        int count = Math.min(settings.prompts(), problems.size());
        if (count == 0) {
            return List.of();
        }
        List<Problem> asked = IntStream.range(0, count)
                .mapToObj(i -> problems.get((int) ((long) i * problems.size() / count))).toList();
        Rollout rollout = sample(policy, asked, key.fold(group));
        List<SampledMetrics.Group> groups = SampledMetrics.groups(rollout,
                asked.stream().map(task::solutions).toList());
        SampledMetrics.values(groups).forEach((name, value) -> metrics.put(group + "/" + name, value));
        metrics.put(group + "/accuracy", (double) rollout.responses().stream()
                .filter(response -> response.verdict() instanceof Verdict.Correct).count() / rollout.responses()
                        .size());
        metrics.put(group + "/reward", rollout.responses().stream().mapToDouble(Response::reward).average()
                .orElseThrow());
        return IntStream.range(0, count).mapToObj(i -> new SampledProblem(asked.get(i),
                rollout.responses().stream().filter(response -> response.group() == i).toList(), groups.get(i)))
                .toList();
    }

    private Rollout sample(Policy policy, List<Problem> asked, RandomKey draws) {
        List<int[]> prompts = asked.stream().map(questions::prompt).toList();
        List<Completion> completions = new Generator(policy.model(), policy.backend(), scope).generate(prompts,
                settings.samples(), SamplingLaw.ofTemperature(settings.temperature()), questions.maxResponseTokens(),
                questions.endTokens(), draws);
        return new Rollout(completions.stream().map(completion -> questions.judge(asked.get(completion.prompt()),
                prompts.get(completion.prompt()), completion, 0)).toList(), asked.size());
    }
}
