package org.flowrl.rl.objective;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;
import org.flowrl.rl.ScoredRollout;
import org.flowrl.rl.Targets;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Tensor;

/// FlowRL (arXiv 2509.15207): matches the policy to the distribution of rewards by trajectory balance, so that every
/// good answer keeps its share, where policy gradients raise one.
///
/// For prompt x and the mini-batch's responses i = 1 … B of T_i tokens, in nats:
/// ```
/// n_i    = T_i + 1e-8
/// ℓ_i    = (Σ_t log π_θ(y_it)) / n_i        ℓref_i = (Σ_t log π_ref(y_it)) / n_i        R_i = (Σ_t A_it) / n_i
/// δ_i    = log Z(x) + ℓ_i − β · R_i − ℓref_i
/// W_i    = exp(Σ_t (log π_θ(y_it) − log π_old(y_it)))                                             no gradient
/// loss   = (1 / B) · Σ_i weight(W_i) · δ_i²
/// ```
/// so that ∂loss/∂log π_θ(y_it) = (2 / B) · weight_i · δ_i / n_i and ∂loss/∂log Z_i = (2 / B) · weight_i · δ_i. Each
/// symbol is a line of {@link #terms}. At δ = 0 the policy is π_ref · exp(T · (β · R − log Z)): with R the raw reward
/// and all answers of length T, the reference reweighted by exp(T · β · reward), and
/// ```
/// log Z = (1 / T) · ln E[exp(T · β · R(y))]  over y from π_ref
/// ```
/// β and log Z are thus nats *per token*, since only log-probabilities are divided by the length.
///
/// **Where the public versions disagree** ({@link FlowRlSettings} has each by name). The paper clips W to [1 − ε,
/// 1 + ε], with ε left open; the first public code computes that clip and multiplies by W itself; the verl recipe takes
/// min(W, 10). The paper feeds log Z the mean over all prompt tokens, both codes leave out the last one. All agree on a
/// W of sums over tokens beside a δ of means. R is read as the group-standardised reward in all; {@link Advantages#RAW}
/// gives the closed form above. The first code weighs micro-batches by a wrong constant, whatever their number of rows
/// ({@link Variations#equalMicroBatchWeight} does so too); here a mini-batch's loss is its mean over responses however
/// it is cut, as in the recipe. What later versions change is in {@link Variations}.
///
/// Departures: W is bounded at e^20 where the version does not bound it ({@link Weight.None}), and ℓ − ℓref is summed
/// as differences, so that it is exactly 0 where π_θ = π_ref.
public final class FlowRl implements Objective {
    /// The released code weighs a micro-batch by its number of metrics over the rows of the mini-batch, where the
    /// number of its rows is meant.
    private static final double RELEASED_METRICS = 9;

    private final FlowRlSettings settings;
    private final LogZ net;

    /// @param net null where `settings.logZ` is not learned
    FlowRl(FlowRlSettings settings, LogZ net) {
        this.settings = settings;
        this.net = net;
    }

    /// Every intermediate value of the loss of one batch, by the symbols of {@link FlowRl}. All `[B]` but the last, or
    /// `[R]` where residuals are of tokens.
    ///
    /// @param attained ℓ − ℓref: how far the policy has moved each response from the reference
    /// @param demanded β · R − log Z: how far the target would move it
    /// @param residual δ = attained − demanded
    /// @param logRatio log W; without a gradient
    /// @param weight of each squared residual; without a gradient
    /// @param loss this batch's part of the mini-batch's loss, [1]
    public record Terms(Var attained, Var demanded, Var residual, Var logRatio, Var weight, Var loss) {
    }

    /// The loss from log-probabilities and log Z, however these were made.
    ///
    /// @param logProbs log π_θ of each response token, `[R]`
    /// @param logZ `[B]`
    /// @param batch the responses; its advantages are A
    /// @throws IllegalArgumentException where the batch has no reference log-probabilities
    public static Terms terms(FlowRlSettings settings, Var logProbs, Var logZ, Batch batch) {
        Variations variations = settings.variations();
        Tape tape = logProbs.tape();
        Var stopped = tape.constant(logProbs.value());                                             // detach
        Var logOld = tape.constant(batch.oldLogProbs());                                           // log π_old [R]
        Var logRef = anchor(variations.anchor(), logProbs, batch);                                 // log π_ref [R]
        Var advantages = tape.constant(batch.advantages());                                        // A [R]
        if (variations.level() == Variations.Level.TOKEN) {
            return tokenTerms(settings, logProbs, logZ, batch);
        }
        TokenMask.Kept kept = variations.tokenMask().keep(logProbs, batch);                        // every t
        Var n = kept.counts(settings.countEpsilon(), logProbs);                                    // n [B]

        Var attained = mean(settings, kept.sum(Pointwise.subtract(logProbs, logRef)), n);          // ℓ − ℓref
        Var reward = Pointwise.divide(kept.sum(advantages), n);                                    // R
        Var demanded = Pointwise.subtract(Pointwise.scale(reward, settings.beta()), logZ);         // β · R − log Z
        Var residual = Pointwise.subtract(attained, demanded);                                     // δ
        if (!variations.gapClip().isOff() || !(variations.sequenceClip() instanceof SequenceClip.None)) {
            Var before = mean(settings, kept.sum(Pointwise.subtract(logOld, logRef)), n);          // ℓold − ℓref
            Var moved = mean(settings, kept.sum(Pointwise.subtract(logProbs, logOld)), n);         // ℓ − ℓold
            Var gap = variations.gapClip().apply(Pointwise.subtract(before, demanded), settings.beta());
            residual = Pointwise.add(gap, variations.sequenceClip().apply(moved, reward));
        }

        Var logRatio = kept.sum(Pointwise.subtract(stopped, logOld));                              // log W
        Var weight = settings.weight().apply(logRatio);
        if (variations.samplerCap() > 0) {
            Var mismatch = kept.sum(Pointwise.subtract(logOld, tape.constant(batch.scores().sampler())));
            weight = Pointwise.multiply(weight, new Weight.Max(variations.samplerCap()).apply(mismatch));
        }

        Var weighted = Pointwise.multiply(weight, Pointwise.square(residual));                     // weight · δ²
        double share = variations.equalMicroBatchWeight() ? RELEASED_METRICS / batch.rows() : 1;
        Var loss = Pointwise.scale(Reductions.sum(weighted), share / batch.miniBatchRows());
        if (variations.policyTerm() > 0) {
            loss = Pointwise.add(loss, policyTerm(settings, logProbs, residual, batch));
        }
        return new Terms(attained, demanded, residual, logRatio, weight, loss);
    }

    /// Residuals of tokens: ℓ, R and W are those of a token, and the mean is over tokens.
    private static Terms tokenTerms(FlowRlSettings settings, Var logProbs, Var logZ, Batch batch) {
        Tape tape = logProbs.tape();
        Var attained = Pointwise.subtract(logProbs, anchor(settings.variations().anchor(), logProbs, batch));
        Var ofTokens = Rows.segmentBroadcast(logZ, batch.starts(), logProbs.value().elements());
        Var demanded = Pointwise.subtract(Pointwise.scale(tape.constant(batch.advantages()), settings.beta()),
                ofTokens);
        Var residual = Pointwise.subtract(attained, demanded);
        Var logRatio = Pointwise.subtract(tape.constant(logProbs.value()), tape.constant(batch.oldLogProbs()));
        Var weight = settings.weight().apply(logRatio);
        Var loss = Aggregation.TOKEN_MEAN.apply(Pointwise.multiply(weight, Pointwise.square(residual)), batch);
        return new Terms(attained, demanded, residual, logRatio, weight, loss);
    }

    /// PPO's clipped loss with the residual as what an advantage is the opposite of, the mean over tokens:
    /// max(−d · ρ, −d · clamp(ρ, 1 − ε, 1 + ε)) with d = δ without its gradient. The sign is that of the released
    /// `compute_ppo_style_tb_loss`: it *raises* responses of positive δ, which the squared residual lowers.
    private static Var policyTerm(FlowRlSettings settings, Var logProbs, Var residual, Batch batch) {
        Tape tape = logProbs.tape();
        double epsilon = settings.variations().policyTerm();
        Var d = Rows.segmentBroadcast(tape.constant(residual.value()), batch.starts(), logProbs.value().elements());
        Var ratio = Pointwise.exp(Pointwise.subtract(logProbs, tape.constant(batch.oldLogProbs())));
        Var larger = PolicyLoss.Sides.of(ratio, Pointwise.negate(d), epsilon, epsilon).larger();
        return new Aggregation.TokenMean(settings.countEpsilon()).apply(larger, batch);
    }

    /// What log π_θ is compared with, [R].
    private static Var anchor(Variations.Anchor anchor, Var logProbs, Batch batch) {
        Tape tape = logProbs.tape();
        return switch (anchor) {
            case OLD -> tape.constant(batch.oldLogProbs());
            case NONE -> tape.constant(tape.scope().zeros(logProbs.value().dtype(), logProbs.shape()));
            case REFERENCE -> {
                if (batch.referenceLogProbs() == null) {
                    throw new IllegalArgumentException("flowrl: batch of " + batch.rows()
                            + " responses must have referenceLogProbs");
                }
                yield tape.constant(batch.referenceLogProbs());
            }
        };
    }

    /// Sums over tokens as the settings count log-probabilities: over n, or as they are.
    private static Var mean(FlowRlSettings settings, Var sums, Var n) {
        return settings.lengthNormalised() ? Pointwise.divide(sums, n) : sums;
    }

    /// The settings.
    public FlowRlSettings settings() {
        return settings;
    }

    /// The net that learns log Z; empty where log Z is not learned.
    public Optional<LogZ> net() {
        return Optional.ofNullable(net);
    }

    @Override
    public boolean needsReference() {
        return settings.variations().anchor() == Variations.Anchor.REFERENCE;
    }

    @Override
    public PromptStates promptStates() {
        return settings.logZ().promptStates();
    }

    @Override
    public Targets targets(ScoredRollout scored, RandomKey key, MetricSums metrics) {
        double[] rewards = settings.reward().perResponse(scored.rollout().rewards(), scored.rollout().groupIndices());
        new FlowDemand(settings).describe(rewards, scored.rollout(), metrics);
        double[] logZ = switch (settings.logZ()) {
            case LogZSettings.GroupMean _ -> FlowDemand.groupMean(settings, rewards, scored);
            case LogZSettings.Noise noise -> Arrays.stream(scored.rollout().groupIndices())
                    .mapToDouble(group -> noise.mean() + noise.deviation() * key.fold("logZ").normal(group)).toArray();
            case LogZSettings.Learned _, LogZSettings.Zero _, LogZSettings.Constant _ -> null;
        };
        return new Targets(Advantages.repeated(rewards, scored.rollout().lengths()), null, logZ);
    }

    @Override
    public List<AdamW.Group> modules() {
        return settings.logZ() instanceof LogZSettings.Learned learned
                ? List.of(new AdamW.Group(net.store(), learned.learningRateFactor())) : List.of();
    }

    @Override
    public Var loss(PolicyOutput output, Batch batch, MetricSums metrics) {
        Var logZ = logZ(output, batch);
        Terms terms = terms(settings, output.logProbs(), logZ, batch);
        report(terms, logZ.value(), batch, metrics);
        LossMetrics.klToReference(output.logProbs().value(), batch, metrics);
        LossMetrics.klToOld(output.logProbs().value(), batch, metrics);
        return terms.loss();
    }

    private void report(Terms terms, Tensor logZ, Batch batch, MetricSums metrics) {
        LossMetrics.meanAndDeviation("flowrl/log_z", "flowrl/log_z_std", logZ.toDoubles(), metrics);
        double[] residuals = terms.residual().value().toDoubles();
        LossMetrics.meanAndDeviation("flowrl/residual_mean", "flowrl/residual_std", residuals, metrics);
        Weight weight = settings.weight();
        LossMetrics.ratios(terms.logRatio().value().toDoubles(), weight.logLow(), weight.logHigh(), metrics);
        metrics.mean("flowrl/attained_log_ratio", magnitudePerToken(terms.attained(), batch), residuals.length);
        metrics.mean("flowrl/demanded_log_ratio", magnitudePerToken(terms.demanded(), batch), residuals.length);
    }

    /// Σ |x_i| over responses or tokens, x_i being in nats per token.
    private double magnitudePerToken(Var x, Batch batch) {
        double[] values = x.value().toDoubles();
        boolean isPerToken = settings.lengthNormalised() || settings.variations().level() == Variations.Level.TOKEN;
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += Math.abs(values[i]) / (isPerToken ? 1 : batch.lengths()[i]);
        }
        return sum;
    }

    private Var logZ(PolicyOutput output, Batch batch) {
        return switch (settings.logZ()) {
            case LogZSettings.Zero _ -> constant(output, batch, 0);
            case LogZSettings.Constant constant -> constant(output, batch, constant.value());
            case LogZSettings.GroupMean _, LogZSettings.Noise _ ->
                    output.logProbs().tape().constant(batch.aims().logZ());
            case LogZSettings.Learned learned -> {
                Tape tape = output.logProbs().tape();
                Var states = learned.detached() ? tape.constant(output.promptMean().value()) : output.promptMean();
                yield net.forward(states, Optional.of(new LogZ.Dropout(batch.key(), batch.rowIds())));
            }
        };
    }

    private static Var constant(PolicyOutput output, Batch batch, double value) {
        Tape tape = output.logProbs().tape();
        Tensor values = tape.allocate(output.logProbs().value().dtype(), batch.rows());
        tape.backend().elementwise().fill(values, value);
        return tape.constant(values);
    }

    @Override
    public Optional<String> warning(Map<String, Double> metrics) {
        return new FlowDemand(settings).warning(metrics);
    }
}
