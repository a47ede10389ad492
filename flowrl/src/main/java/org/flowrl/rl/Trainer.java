package org.flowrl.rl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.objective.Objective;
import org.flowrl.rl.task.Problem;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.SamplingLaw;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen.Activations;
import org.flowrl.transformer.generate.Completion;
import org.flowrl.transformer.generate.Generator;

/// One step of reinforcement learning at a time: sample, judge, score, update. Names no algorithm; the
/// {@link Objective} says what it needs and what is minimised.
///
/// Log-probabilities of the sampler are trained on as they are where the backend is row-invariant, because sampler and
/// trainer then give the same bits; elsewhere they are computed again before the updates, and the difference is logged.
public final class Trainer {
    private final Backend backend;
    private final Scope run;
    private final Policy policy;
    private final Policy reference;
    private final Objective objective;
    private final Questions questions;
    private final TrainConfig config;
    private final RandomKey key;
    private final AdamW optimizer;
    private final Gradients gradients;
    private final long microBatchPositions;
    private final Activations activations;

    /// @param run scope that outlives the trainer
    /// @param policy trained
    /// @param reference frozen; null where the objective needs none
    /// @param questions what is asked; null where {@link #step} is not called
    public Trainer(Scope run, Policy policy, Policy reference, Objective objective, Questions questions,
            TrainConfig config) {
        if (objective.needsReference() && reference == null) {
            throw new IllegalArgumentException("trainer: objective " + objective.name() + " needs a reference policy");
        }
        this.backend = policy.backend();
        this.run = run;
        this.policy = policy;
        this.reference = reference;
        this.objective = objective;
        this.questions = questions;
        this.config = config;
        this.key = RandomKey.of(config.seed()).fold("training");
        List<ParameterStore> stores = new ArrayList<>();
        stores.add(policy.parameters());
        stores.addAll(objective.stores());
        this.optimizer = new AdamW(config.update().optimizer().adam(),
                stores.stream().map(store -> new AdamW.Group(store, 1)).toList(), run);
        this.gradients = new Gradients(run, stores);
        this.microBatchPositions = Math.max(1, config.update().microBatchMebibytes() * (1L << 20)
                / policy.activationBytesPerPosition());
        this.activations = config.update().recomputeActivations() ? Activations.RECOMPUTED : Activations.KEPT;
    }

    /// The optimizer, whose moments a checkpoint holds.
    public AdamW optimizer() {
        return optimizer;
    }

    /// The stores that are trained: the policy's, then the objective's.
    public List<ParameterStore> stores() {
        return gradients.stores();
    }

    /// Positions that one backward pass computes at the most.
    public long microBatchPositions() {
        return microBatchPositions;
    }

    /// What a step did.
    ///
    /// @param rollout the responses it learned from
    /// @param metrics by name; see the table in the README
    public record StepResult(Rollout rollout, Map<String, Double> metrics) {
    }

    /// Runs step `step`, counted from 0.
    ///
    /// @throws DivergedException where the loss is not a number
    public StepResult step(long step) {
        MetricSums metrics = new MetricSums();
        long started = System.nanoTime();
        Rollout rollout = sample(step, metrics);
        long sampled = System.nanoTime();
        Scores scores = score(rollout, metrics);
        long scored = System.nanoTime();
        update(step, scores, metrics);
        long updated = System.nanoTime();
        metrics.mean("time/rollout_seconds", (sampled - started) * 1e-9, 1);
        metrics.mean("time/score_seconds", (scored - sampled) * 1e-9, 1);
        metrics.mean("time/update_seconds", (updated - scored) * 1e-9, 1);
        metrics.mean("throughput/response_tokens_per_second", rollout.tokens() / ((updated - started) * 1e-9), 1);
        metrics.mean("memory/high_water_bytes", backend.memory().highWaterBytes(), 1);
        return new StepResult(rollout, metrics.values());
    }

    /// What is known of each response before the updates, by its index in the rollout.
    record Scores(List<Policy.Row> rows, List<float[]> old, List<float[]> reference, double[][] advantages) {
    }

    private Rollout sample(long step, MetricSums metrics) {
        int count = config.rollout().prompts();
        List<Problem> asked = questions.problems().draw(key.fold("order"), step * count, count);
        List<int[]> prompts = asked.stream().map(questions::prompt).toList();
        List<Completion> completions;
        try (Scope scope = run.child("rollout")) {
            completions = new Generator(policy.model(), backend, scope).generate(prompts, config.rollout().samples(),
                    SamplingLaw.ofTemperature(config.rollout().temperature()), questions.maxResponseTokens(),
                    questions.endTokens(), key.fold("sampling").fold(step));
        }
        Rollout rollout = questions.judge(asked, prompts, completions);
        describe(rollout, metrics);
        SampledMetrics.values(SampledMetrics.groups(rollout, asked, questions.verifier(), _ -> OptionalInt.empty()))
                .forEach((name, value) -> metrics.mean("sampled/" + name, value, 1));
        return rollout;
    }

    /// Looks at a rollout with the reference and the estimator.
    Scores score(Rollout rollout, MetricSums metrics) {
        List<Policy.Row> rows = rollout.responses().stream()
                .map(response -> new Policy.Row(response.prompt(), response.tokens())).toList();
        return new Scores(rows, oldLogProbs(rollout, rows, metrics),
                objective.needsReference() ? score(reference, rows) : null, objective.estimator().advantages(rollout));
    }

    private List<float[]> oldLogProbs(Rollout rollout, List<Policy.Row> rows, MetricSums metrics) {
        List<float[]> sampled = rollout.responses().stream().map(Response::logProbs).toList();
        if (backend.guarantees().rowInvariant()) {
            return sampled;
        }
        List<float[]> scored = score(policy, rows);
        for (int i = 0; i < scored.size(); i++) {
            for (int t = 0; t < scored.get(i).length; t++) {
                metrics.max("ratio/sampler_mismatch_nats", Math.abs(scored.get(i)[t] - sampled.get(i)[t]));
            }
        }
        return scored;
    }

    private List<float[]> score(Policy scorer, List<Policy.Row> rows) {
        return scorer.score(run, rows, config.rollout().temperature(), microBatchPositions);
    }

    /// One pass over the responses in random equal parts, an optimizer step each.
    void update(long step, Scores scores, MetricSums metrics) {
        int[] order = key.fold("minibatches").fold(step).permutation(scores.rows().size());
        int parts = config.update().miniBatches();
        int size = scores.rows().size() / parts;
        for (int part = 0; part < parts; part++) {
            // Rollout order within a part keeps prompts together and makes the batches' boundaries easy to follow.
            int[] members = Arrays.copyOfRange(order, part * size, (part + 1) * size);
            Arrays.sort(members);
            double loss = accumulate("step " + (step + 1) + ", mini-batch " + (part + 1), members, scores,
                    key.fold("update").fold(step).fold(part), metrics);
            AdamW.Result result = optimizer.step(gradients, config.update().optimizer().rate(step));
            metrics.mean("loss", loss, 1);
            metrics.mean("policy/grad_norm", result.gradientNorm(), 1);
            metrics.mean("policy/skipped_updates_share", result.applied() ? 0 : 1, 1);
        }
        metrics.mean("policy/learning_rate", config.update().optimizer().rate(step), 1);
    }

    /// Adds the gradients of a mini-batch's loss and returns the loss.
    private double accumulate(String place, int[] members, Scores scores, RandomKey updateKey, MetricSums metrics) {
        List<Policy.Row> chosen = Arrays.stream(members).mapToObj(scores.rows()::get).toList();
        long tokens = chosen.stream().mapToLong(row -> row.response().length).sum();
        double loss = 0;
        int from = 0;
        for (List<Policy.Row> part : Policy.split(chosen, microBatchPositions)) {
            int[] ids = Arrays.copyOfRange(members, from, from += part.size());
            try (Tape tape = Tape.recording(backend, run)) {
                Batch batch = pack(tape.scope(), ids, part, scores, members.length, tokens, updateKey);
                PolicyOutput output = policy.evaluate(tape, part, config.rollout().temperature(),
                        objective.promptStates(), activations);
                Var partLoss = objective.loss(output, batch, metrics);
                double value = partLoss.value().item();
                metrics.mean("policy/entropy", output.entropies().value().sum(), output.entropies().value().elements());
                if (Double.isNaN(value)) {
                    throw new DivergedException(place, tape);
                }
                loss += value;
                tape.backward(partLoss, gradients);
            }
        }
        return loss;
    }

    private Batch pack(Scope scope, int[] ids, List<Policy.Row> part, Scores scores, long miniBatchRows,
            long miniBatchTokens, RandomKey updateKey) {
        int[] lengths = part.stream().mapToInt(row -> row.response().length).toArray();
        int[] starts = new int[lengths.length + 1];
        for (int i = 0; i < lengths.length; i++) {
            starts[i + 1] = starts[i] + lengths[i];
        }
        int count = starts[lengths.length];
        float[] old = new float[count];
        float[] reference = new float[count];
        float[] advantages = new float[count];
        for (int i = 0; i < ids.length; i++) {
            System.arraycopy(scores.old().get(ids[i]), 0, old, starts[i], lengths[i]);
            if (scores.reference() != null) {
                System.arraycopy(scores.reference().get(ids[i]), 0, reference, starts[i], lengths[i]);
            }
            for (int t = 0; t < lengths[i]; t++) {
                advantages[starts[i] + t] = (float) scores.advantages()[ids[i]][t];
            }
        }
        return new Batch(scope.of(starts, starts.length), lengths, ids, scope.of(old, count),
                scores.reference() == null ? null : scope.of(reference, count), scope.of(advantages, count),
                miniBatchRows, miniBatchTokens, updateKey);
    }

    /// The rewards, lengths and verdicts of a rollout.
    private static void describe(Rollout rollout, MetricSums metrics) {
        double[] rewards = rollout.rewards();
        double mean = Arrays.stream(rewards).average().orElseThrow();
        double variance = Arrays.stream(rewards).map(reward -> (reward - mean) * (reward - mean)).average().orElseThrow();
        metrics.mean("reward/mean", mean, 1);
        metrics.mean("reward/std", Math.sqrt(variance), 1);
        Set<Integer> mixed = new HashSet<>();
        Map<String, Integer> verdicts = new HashMap<>();
        long unfinished = 0;
        double[] first = new double[rollout.groups()];
        Arrays.fill(first, Double.NaN);
        for (Response response : rollout.responses()) {
            unfinished += response.finished() ? 0 : 1;
            verdicts.merge(response.verdict().kind(), 1, Integer::sum);
            if (Double.isNaN(first[response.group()])) {
                first[response.group()] = response.reward();
            } else if (first[response.group()] != response.reward()) {
                mixed.add(response.group());
            }
        }
        int count = rollout.responses().size();
        metrics.mean("response/length_mean", rollout.tokens(), count);
        metrics.mean("response/truncated_share", unfinished, count);
        for (String kind : List.of("correct", "wrong", "unparsable", "timed_out", "failed")) {
            metrics.mean("verdict/" + kind + "_share", verdicts.getOrDefault(kind, 0), count);
        }
        metrics.mean("groups/zero_variance_share", rollout.groups() - mixed.size(), rollout.groups());
    }
}
