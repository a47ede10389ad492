package org.flowrl.rl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.flowrl.autograd.Gradients;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.objective.Critic;
import org.flowrl.rl.objective.Objective;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen.Activations;

/// One step of reinforcement learning at a time: sample, judge, score, update. Names no algorithm; the
/// {@link Objective} says what it needs and what is minimised.
///
/// Log-probabilities of the sampler are trained on as they are where the backend is row-invariant, because sampler and
/// trainer then give the same bits; elsewhere they are computed again before the updates, and the difference is logged.
///
/// On a card they are computed again. There the sampler goes token by token through pages of the cache and the trainer
/// through packed sequences, so that attention adds in another order, and cuBLAS does as it likes with other numbers of
/// rows. The old policy's log-probabilities are then those of one more forward pass of the trainer's, before the first
/// update; importance weights are measured against them. None is taken to be 1: where the parts of an update have other
/// numbers of rows than those of that pass, the first weights differ from 1 by rounding. Of the sampler's own remain
/// the metric `ratio/sampler_mismatch_nats`, the largest difference of a token, and the weight of objectives that
/// correct for it.
public final class Trainer {
    private final Backend backend;
    private final Scope run;
    private final Policy policy;
    private final Policy reference;
    private final Objective objective;
    private final TrainConfig config;
    private final OptionalInt maxResponseTokens;
    private final Optional<Sampler> sampler;
    private final RandomKey key;
    private final Learner policyLearner;
    private final Optional<Learner> criticLearner;
    private final long microBatchPositions;
    private final Activations activations;

    /// Parameters that are optimised together: their gradients are clipped by one norm and their updates counted as
    /// one.
    ///
    /// @param optimizer whose moments a checkpoint holds
    /// @param gradients of all of them
    public record Learner(AdamW optimizer, Gradients gradients) {
        static Learner of(List<AdamW.Group> groups, AdamW.Settings settings, Scope run, RandomKey key) {
            return new Learner(new AdamW(settings, groups, run, key),
                    new Gradients(run, groups.stream().map(AdamW.Group::store).toList()));
        }

        /// The stores of the parameters.
        public List<ParameterStore> stores() {
            return gradients.stores();
        }
    }

    /// @param run scope that outlives the trainer
    /// @param policy trained
    /// @param reference frozen; null where the objective needs none
    /// @param questions what is asked
    public Trainer(Scope run, Policy policy, Policy reference, Objective objective, Questions questions,
            TrainConfig config) {
        this(run, policy, reference, objective, Optional.of(questions), config);
    }

    /// A trainer on rollouts that it is given, see {@link #score} and {@link #update}.
    static Trainer onRollouts(Scope run, Policy policy, Policy reference, Objective objective, TrainConfig config) {
        return new Trainer(run, policy, reference, objective, Optional.empty(), config);
    }

    private Trainer(Scope run, Policy policy, Policy reference, Objective objective, Optional<Questions> questions,
            TrainConfig config) {
        if (objective.needsReference() && reference == null) {
            throw new IllegalArgumentException("trainer: objective " + config.objective().algorithm()
                    + " needs a reference policy");
        }
        this.backend = policy.backend();
        this.run = run;
        this.policy = policy;
        this.reference = reference;
        this.objective = objective;
        this.config = config;
        this.key = RandomKey.of(config.seed()).fold("training");
        this.maxResponseTokens = questions.stream().mapToInt(Questions::maxResponseTokens).findFirst();
        this.sampler = questions.map(asked -> new Sampler(run, policy, asked, config.rollout(), key));
        List<AdamW.Group> groups = new ArrayList<>();
        groups.add(new AdamW.Group(policy.parameters(), 1));
        groups.addAll(objective.modules());
        AdamW.Settings adam = config.update().optimizer().adam();
        this.policyLearner = Learner.of(groups, adam, run, key.fold("policy"));
        this.criticLearner = objective.critic()
                .map(critic -> Learner.of(critic.modules(), adam, run, key.fold("critic")));
        this.microBatchPositions = Math.max(1, config.update().microBatchMebibytes() * (1L << 20)
                / policy.activationBytesPerPosition());
        this.activations = config.update().recomputeActivations() ? Activations.RECOMPUTED : Activations.KEPT;
    }

    /// What is trained, in the order of a checkpoint: policy and the objective's modules, then the critic where there
    /// is one.
    public List<Learner> learners() {
        return Stream.concat(Stream.of(policyLearner), criticLearner.stream()).toList();
    }

    /// What is minimised; its state is part of a checkpoint.
    public Objective objective() {
        return objective;
    }

    /// What a step did.
    ///
    /// @param rollout the responses it learned from
    /// @param metrics by name; see `flowrl/docs/metrics.md`
    /// @param warning what the objective's settings ask for in vain, and what to change; empty where all is well
    public record StepResult(Rollout rollout, Map<String, Double> metrics, Optional<String> warning) {
    }

    /// Runs step `step`, counted from 0.
    ///
    /// @throws DivergedException where the loss is not a number
    public StepResult step(long step) {
        MetricSums metrics = new MetricSums();
        long started = System.nanoTime();
        Rollout rollout = sampler.orElseThrow().sample(step, metrics);
        long sampled = System.nanoTime();
        Scores scores = score(step, rollout, metrics);
        long scored = System.nanoTime();
        update(step, scores, metrics);
        long updated = System.nanoTime();
        metrics.mean("time/rollout_seconds", (sampled - started) * 1e-9, 1);
        metrics.mean("time/score_seconds", (scored - sampled) * 1e-9, 1);
        metrics.mean("time/update_seconds", (updated - scored) * 1e-9, 1);
        metrics.mean("throughput/response_tokens_per_second", rollout.tokens() / ((updated - started) * 1e-9), 1);
        metrics.mean("memory/high_water_bytes", backend.memory().highWaterBytes(), 1);
        Map<String, Double> values = metrics.values();
        return new StepResult(rollout, values, objective.warning(values));
    }

    /// A rollout as it is learned from: looked at with the reference and the critic, and what the objective makes of
    /// it.
    record Scores(ScoredRollout scored, Targets targets) {
        List<Policy.Row> rows() {
            return scored.rows();
        }
    }

    /// Looks at the rollout of step `step` with the reference, the critic and the objective.
    Scores score(long step, Rollout rollout, MetricSums metrics) {
        List<Policy.Row> rows = rollout.responses().stream()
                .map(response -> new Policy.Row(response.prompt(), response.tokens())).toList();
        List<float[]> sampled = rollout.responses().stream().map(Response::logProbs).toList();
        ScoredRollout scored = new ScoredRollout(rollout, rows, sampled, oldLogProbs(sampled, rows, metrics),
                objective.needsReference() ? score(reference, rows) : null,
                objective.critic().map(critic -> critic.score(run, rows, microBatchPositions)).orElse(null));
        return new Scores(scored, objective.targets(scored, key.fold("targets").fold(step), metrics)
                .requireFor(config.objective().algorithm(), rollout.lengths()));
    }

    private List<float[]> oldLogProbs(List<float[]> sampled, List<Policy.Row> rows, MetricSums metrics) {
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

    /// Passes over the responses, each in random equal parts, an optimizer step each. While a critic warms up, it alone
    /// is trained, and the log has nothing that is measured of the policy's updates.
    void update(long step, Scores scores, MetricSums metrics) {
        boolean policyLearns = objective.critic().map(critic -> step >= critic.settings().warmUpSteps()).orElse(true);
        for (MiniBatch miniBatch : miniBatches(step, scores)) {
            if (criticLearner.isPresent()) {
                Critic critic = objective.critic().orElseThrow();
                learn(step, miniBatch, criticLearner.get(), "value/", "value/loss", metrics,
                        (tape, rows, batch) -> critic.loss(critic.values(tape, rows, activations), batch, metrics));
            }
            if (policyLearns) {
                learn(step, miniBatch, policyLearner, "policy/", "loss", metrics,
                        (tape, rows, batch) -> policyLoss(tape, rows, batch, metrics));
            }
        }
        metrics.mean("policy/learning_rate", policyLearns ? config.update().optimizer().rate(step) : 0, 1);
    }

    /// The optimizer steps of step `step`, in their order. Rollout order within each keeps prompts together and makes
    /// the batches' boundaries easy to follow.
    private List<MiniBatch> miniBatches(long step, Scores scores) {
        int parts = config.update().miniBatches();
        int epochs = config.update().epochs();
        int size = scores.rows().size() / parts;
        RandomKey updates = key.fold("update").fold(step);
        List<MiniBatch> all = new ArrayList<>();
        for (int epoch = 0; epoch < epochs; epoch++) {
            int[] order = order(step, epoch, scores.rows().size());
            for (int part = 0; part < parts; part++) {
                int[] members = Arrays.copyOfRange(order, part * size, (part + 1) * size);
                Arrays.sort(members);
                String place = "step " + (step + 1) + (epochs == 1 ? "" : ", epoch " + (epoch + 1)) + ", mini-batch "
                        + (part + 1);
                all.add(new MiniBatch(place, members, scores, updates.fold((long) epoch * parts + part)));
            }
        }
        return all;
    }

    /// The order in which pass `epoch` of step `step` goes through `rows` responses.
    int[] order(long step, int epoch, int rows) {
        RandomKey shuffle = key.fold("minibatches").fold(step);
        return (epoch == 0 ? shuffle : shuffle.fold(epoch)).permutation(rows);
    }

    /// A loss of some rows, whose parts add up to the mini-batch's.
    @FunctionalInterface
    private interface PartLoss {
        Var of(Tape tape, List<Policy.Row> rows, Batch batch);
    }

    private Var policyLoss(Tape tape, List<Policy.Row> rows, Batch batch, MetricSums metrics) {
        PolicyOutput output = policy.evaluate(tape, rows, config.rollout().temperature(), objective.promptStates(),
                activations);
        metrics.mean("policy/entropy", output.entropies().value().sum(), output.entropies().value().elements());
        Var loss = objective.loss(output, batch, metrics);
        if (loss.value().elements() != 1) {
            throw new IllegalArgumentException("trainer: the loss of " + config.objective().algorithm() + " is " + loss
                    + "; it must have one element, see Aggregation");
        }
        return loss;
    }

    private void learn(long step, MiniBatch miniBatch, Learner learner, String prefix, String lossName,
            MetricSums metrics, PartLoss partLoss) {
        double loss = accumulate(miniBatch, learner.gradients(), partLoss);
        AdamW.Result result = learner.optimizer().step(learner.gradients(), config.update().optimizer().rate(step));
        metrics.mean(lossName, loss, 1);
        metrics.mean(prefix + "grad_norm", result.gradientNorm(), 1);
        metrics.mean(prefix + "skipped_updates_share", result.applied() ? 0 : 1, 1);
    }

    /// Adds the gradients of a mini-batch's loss and returns the loss.
    private double accumulate(MiniBatch miniBatch, Gradients gradients, PartLoss partLoss) {
        int[] members = miniBatch.members();
        List<Policy.Row> chosen = miniBatch.rows();
        double loss = 0;
        int from = 0;
        for (List<Policy.Row> part : Policy.split(chosen, microBatchPositions)) {
            int[] ids = Arrays.copyOfRange(members, from, from += part.size());
            try (Tape tape = Tape.recording(backend, run)) {
                Batch batch = miniBatch.pack(tape.scope(), ids, maxResponseTokens);
                Var own = partLoss.of(tape, part, batch);
                double value = own.value().item();
                if (Double.isNaN(value)) {
                    throw new DivergedException(miniBatch.place(), tape);
                }
                loss += value;
                tape.backward(own, gradients);
            }
        }
        return loss;
    }
}
