package org.flowrl.rl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.flowrl.rl.task.InOrder;
import org.flowrl.rl.task.Problem;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.generate.Completion;
import org.flowrl.transformer.generate.Generator;

/// Draws the rollout of a step: asks prompts, samples groups of responses, has them judged.
///
/// With more than one generation allowed, groups of equal rewards are put aside and further prompts are drawn, until
/// there are enough groups of different rewards (DAPO's dynamic sampling, arXiv 2503.14476, section 3.2). Departure:
/// where verl stops a run that has not enough of them, here the latest of those put aside fill the step, and the log
/// counts them.
final class Sampler {
    private static final List<String> VERDICTS = List.of("correct", "wrong", "unparsable", "timed_out", "failed");

    private final Scope run;
    private final Policy policy;
    private final Questions questions;
    private final TrainConfig.RolloutSettings settings;
    private final RandomKey key;

    /// @param run for working memory
    /// @param policy that is sampled
    /// @param key of the training run
    Sampler(Scope run, Policy policy, Questions questions, TrainConfig.RolloutSettings settings, RandomKey key) {
        this.run = run;
        this.policy = policy;
        this.questions = questions;
        this.settings = settings;
        this.key = key;
    }

    /// The rollout of step `step`, a function of the policy and the step alone.
    Rollout sample(long step, MetricSums metrics) {
        int wanted = settings.prompts();
        boolean choosy = settings.maxGenerations() > 1;
        List<List<Response>> kept = new ArrayList<>();
        List<List<Response>> aside = new ArrayList<>();
        int generations = 0;
        do {
            for (List<Response> group : generate(step, generations)) {
                (choosy && !hasDifferentRewards(group) ? aside : kept).add(group);
            }
            generations++;
        } while (kept.size() < wanted && generations < settings.maxGenerations());
        int missing = Math.max(0, wanted - kept.size());
        if (choosy) {
            metrics.mean("rollout/generations", generations, 1);
            metrics.mean("rollout/dropped_groups", aside.size() - missing, 1);
            metrics.mean("rollout/filled_groups_share", missing, wanted);
        }
        kept.addAll(aside.subList(aside.size() - missing, aside.size()));
        List<Response> responses = new ArrayList<>(wanted * settings.samples());
        for (int group = 0; group < wanted; group++) {
            for (Response response : kept.get(group)) {
                responses.add(response.inGroup(group));
            }
        }
        Rollout rollout = new Rollout(responses, wanted);
        describe(rollout, metrics);
        return rollout;
    }

    private List<List<Response>> generate(long step, int generation) {
        RandomKey order = key.fold("order");
        RandomKey sampling = key.fold("sampling").fold(step);
        int count = settings.prompts();
        List<Problem> asked = questions.problems().draw(generation == 0 ? order : order.fold("again").fold(generation),
                step * count, count);
        List<int[]> prompts = asked.stream().map(questions::prompt).toList();
        List<Completion> completions;
        try (Scope scope = run.child("rollout")) {
            completions = new Generator(policy.model(), policy.backend(), scope).generate(prompts, settings.samples(),
                    SamplingLaw.ofTemperature(settings.temperature()), questions.maxResponseTokens(),
                    questions.endTokens(), generation == 0 ? sampling : sampling.fold("again").fold(generation));
        }
        List<List<Response>> groups = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            groups.add(new ArrayList<>());
        }
        try (InOrder<Response> judged = new InOrder<>(questions.verifier().parallelism(), response ->
                groups.get(response.group()).add(response))) {
            for (Completion completion : completions) {
                judged.add(() -> questions.judge(asked.get(completion.prompt()), prompts.get(completion.prompt()),
                        completion, settings.overlong().penalty(completion.tokens().length,
                                questions.maxResponseTokens())));
            }
        }
        return groups;
    }

    /// Whether the verifier tells the responses of a group apart; penalties for length do not count.
    private static boolean hasDifferentRewards(List<Response> group) {
        return group.stream().mapToDouble(response -> response.verdict().reward()).distinct().count() > 1;
    }

    /// The rewards, lengths and verdicts of a rollout.
    private void describe(Rollout rollout, MetricSums metrics) {
        double[] rewards = rollout.rewards();
        double mean = Arrays.stream(rewards).average().orElseThrow();
        double variance = Arrays.stream(rewards).map(reward -> (reward - mean) * (reward - mean)).average()
                .orElseThrow();
        metrics.mean("reward/mean", mean, 1);
        metrics.mean("reward/std", Math.sqrt(variance), 1);
        if (settings.overlong().factor() > 0) {
            metrics.mean("reward/length_penalty",
                    rollout.responses().stream().mapToDouble(Response::lengthPenalty).sum(), rewards.length);
        }
        Map<String, Integer> verdicts = new TreeMap<>();
        long unfinished = 0;
        for (Response response : rollout.responses()) {
            unfinished += response.finished() ? 0 : 1;
            verdicts.merge(response.verdict().kind(), 1, Integer::sum);
        }
        int mixed = mixedGroups(rollout);
        int count = rollout.responses().size();
        metrics.mean("response/length_mean", rollout.tokens(), count);
        metrics.mean("response/truncated_share", unfinished, count);
        for (String kind : VERDICTS) {
            metrics.mean("verdict/" + kind + "_share", verdicts.getOrDefault(kind, 0), count);
        }
        metrics.mean("groups/mixed_share", mixed, rollout.groups());
        metrics.mean("groups/zero_variance_share", rollout.groups() - mixed, rollout.groups());
        SampledMetrics.values(SampledMetrics.groups(rollout)).forEach((name, value) ->
                metrics.mean("sampled/" + name, value, 1));
    }

    /// Groups whose responses earned differently.
    private static int mixedGroups(Rollout rollout) {
        boolean[] isMixed = new boolean[rollout.groups()];
        List<Response> responses = rollout.responses();
        int mixed = 0;
        for (int i = 1; i < responses.size(); i++) {
            int group = responses.get(i).group();
            boolean differs = responses.get(i - 1).group() == group
                    && responses.get(i - 1).reward() != responses.get(i).reward();
            mixed += differs && !isMixed[group] ? 1 : 0;
            isMixed[group] |= differs;
        }
        return mixed;
    }
}
