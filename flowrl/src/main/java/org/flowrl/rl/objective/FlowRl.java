package org.flowrl.rl.objective;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Reductions;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;
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
/// gives the closed form above. The first code weighs micro-batches by a wrong constant, whatever their number of rows;
/// here a mini-batch's loss is its mean over responses however it is cut, as in the recipe.
///
/// Departures: W is bounded at e^20 where the version does not bound it ({@link Weight.None}), and ℓ − ℓref is summed
/// as differences, so that it is exactly 0 where π_θ = π_ref.
public final class FlowRl implements Objective {
    private final FlowRlSettings settings;
    private final LogZ net;

    /// @param net null where `settings.logZ` is not learned
    FlowRl(FlowRlSettings settings, LogZ net) {
        this.settings = settings;
        this.net = net;
    }

    /// Every intermediate value of the loss of one batch, by the symbols of {@link FlowRl}. All [B] but the last.
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
    /// @param logProbs log π_θ of each response token, [R]
    /// @param logZ [B]
    /// @param batch the responses; its advantages are A
    /// @throws IllegalArgumentException where the batch has no reference log-probabilities
    public static Terms terms(FlowRlSettings settings, Var logProbs, Var logZ, Batch batch) {
        if (batch.referenceLogProbs() == null) {
            throw new IllegalArgumentException("flowrl: batch of " + batch.rows()
                    + " responses must have referenceLogProbs");
        }
        Tape tape = logProbs.tape();
        Tensor starts = batch.starts();
        Var logRef = tape.constant(batch.referenceLogProbs());                                     // log π_ref [R]
        Var logOld = tape.constant(batch.oldLogProbs());                                           // log π_old [R]
        Var advantages = tape.constant(batch.advantages());                                        // A [R]
        Var n = counts(settings.countEpsilon(), logProbs, batch);                                  // n [B]

        Var difference = Rows.segmentSum(Pointwise.subtract(logProbs, logRef), starts);
        Var attained = settings.lengthNormalised() ? Pointwise.divide(difference, n) : difference; // ℓ − ℓref
        Var reward = Pointwise.divide(Rows.segmentSum(advantages, starts), n);                     // R
        Var demanded = Pointwise.subtract(Pointwise.scale(reward, settings.beta()), logZ);         // β · R − log Z
        Var residual = Pointwise.subtract(attained, demanded);                                     // δ

        Var stopped = tape.constant(logProbs.value());                                             // detach
        Var logRatio = Rows.segmentSum(Pointwise.subtract(stopped, logOld), starts);               // log W
        Var weight = settings.weight().apply(logRatio);

        Var weighted = Pointwise.multiply(weight, Pointwise.square(residual));                     // weight · δ²
        Var loss = Pointwise.scale(Reductions.sum(weighted), 1.0 / batch.miniBatchRows());
        return new Terms(attained, demanded, residual, logRatio, weight, loss);
    }

    @Override
    public String name() {
        return "flowrl";
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
        return true;
    }

    @Override
    public PromptStates promptStates() {
        return settings.logZ().promptStates();
    }

    @Override
    public Estimator estimator() {
        return settings.reward();
    }

    @Override
    public List<ParameterStore> stores() {
        return net().map(LogZ::store).stream().toList();
    }

    @Override
    public Var loss(PolicyOutput output, Batch batch, MetricSums metrics) {
        Var logZ = logZ(output, batch);
        Terms terms = terms(settings, output.logProbs(), logZ, batch);
        report(terms, logZ.value(), batch, metrics);
        LossMetrics.klToReference(output.logProbs().value(), batch, metrics);
        return terms.loss();
    }

    private void report(Terms terms, Tensor logZ, Batch batch, MetricSums metrics) {
        LossMetrics.meanAndDeviation("flowrl/log_z", "flowrl/log_z_std", logZ.toDoubles(), metrics);
        double[] residuals = terms.residual().value().toDoubles();
        LossMetrics.meanAndDeviation("flowrl/residual_mean", "flowrl/residual_std", residuals, metrics);
        Weight weight = settings.weight();
        LossMetrics.ratios(terms.logRatio().value().toDoubles(), weight.logLow(), weight.logHigh(), metrics);
        metrics.mean("flowrl/attained_log_ratio", magnitudePerToken(terms.attained(), batch), batch.rows());
        metrics.mean("flowrl/demanded_log_ratio", magnitudePerToken(terms.demanded(), batch), batch.rows());
    }

    /// Σ |x_i| over responses, x_i being in nats per token.
    private double magnitudePerToken(Var x, Batch batch) {
        double[] values = x.value().toDoubles();
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += Math.abs(values[i]) / (settings.lengthNormalised() ? 1 : batch.lengths()[i]);
        }
        return sum;
    }

    private Var logZ(PolicyOutput output, Batch batch) {
        Tape tape = output.logProbs().tape();
        return switch (settings.logZ()) {
            case LogZSettings.Constant constant -> {
                Tensor values = tape.allocate(output.logProbs().value().dtype(), batch.rows());
                tape.backend().elementwise().fill(values, constant.value());
                yield tape.constant(values);
            }
            case LogZSettings.Learned learned -> {
                Var states = learned.detached() ? tape.constant(output.promptMean().value()) : output.promptMean();
                yield net.forward(states, Optional.of(new LogZ.Dropout(batch.key(), batch.rowIds())));
            }
        };
    }

    /// Tokens of each response as the loss counts them, T + countEpsilon, [B].
    private static Var counts(double epsilon, Var logProbs, Batch batch) {
        Tape tape = logProbs.tape();
        double[] counts = Arrays.stream(batch.lengths()).mapToDouble(length -> length + epsilon).toArray();
        Tensor values = tape.allocate(logProbs.value().dtype(), counts.length);
        tape.backend().elementwise().convert(tape.scope().of(counts, counts.length), values);
        return tape.constant(values);
    }
}
