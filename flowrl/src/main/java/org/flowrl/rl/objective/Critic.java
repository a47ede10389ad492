package org.flowrl.rl.objective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.flowrl.autograd.Initializer;
import org.flowrl.autograd.Parameter;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.autograd.Parameters;
import org.flowrl.autograd.Tape;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.autograd.ops.Products;
import org.flowrl.autograd.ops.Rows;
import org.flowrl.autograd.optim.AdamW;
import org.flowrl.rl.Batch;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.Policy;
import org.flowrl.tensor.Scope;
import org.flowrl.transformer.Qwen;
import org.flowrl.transformer.Qwen.Activations;
import org.flowrl.transformer.QwenConfig;

/// PPO's value function: a model of the policy's shape with weights of its own, which start as the policy's, and a
/// linear head. The value before a response token is read where the policy emits that token.
///
/// ```
/// V = w · hidden + b                                                       w [1, D], normal; b = 0 at the start
/// loss = factor · aggregate(max((V − R)², (clamp(V, V_old ± valueClip) − R)²))
/// ```
/// R are the returns and V_old the values before the updates. Its gradients are clipped and its updates counted apart
/// from the policy's. Source: verl `core_algos.py`, `compute_value_loss` @ b178a3cd.
public final class Critic {
    private final CriticSettings settings;
    private final Aggregation aggregation;
    private final Policy backbone;
    private final Parameter weight;
    private final Parameter bias;

    private Critic(CriticSettings settings, Aggregation aggregation, Policy backbone, Parameter weight,
            Parameter bias) {
        this.settings = settings;
        this.aggregation = aggregation;
        this.backbone = backbone;
        this.weight = weight;
        this.bias = bias;
    }

    /// A critic that starts from a policy.
    ///
    /// @param aggregation of tokens' losses
    /// @throws IllegalArgumentException where the context has no policy
    public static Critic create(CriticSettings settings, Aggregation aggregation, ObjectiveSettings.Context context) {
        Policy start = context.start().orElseThrow(() -> new IllegalArgumentException(
                "critic: the context must have a policy to start from"));
        QwenConfig config = start.model().config();
        ParameterStore store = context.newStore();
        Qwen model = Qwen.declare(store.root(), config);
        store.allocate();
        store.copyFrom(start.model().store());
        ParameterStore headStore = context.newStore();
        Parameters head = headStore.root().at("score");
        Parameter weight = head.matrix("weight", Initializer.normal(config.initializerRange()), 1,
                config.hiddenSize());
        Parameter bias = head.declare("bias", Initializer.zeros(), 1);
        headStore.allocate();
        headStore.initialize(context.key().fold("critic"));
        return new Critic(settings, aggregation, new Policy(context.backend(), model, store), weight, bias);
    }

    /// The settings.
    public CriticSettings settings() {
        return settings;
    }

    /// The critic's parameters: model, then head.
    public List<AdamW.Group> modules() {
        return List.of(new AdamW.Group(backbone.parameters(), settings.learningRateFactor()),
                new AdamW.Group(weight.store(), settings.learningRateFactor()));
    }

    /// The value before each of the rows' response tokens, in row order, `[R]`.
    public Var values(Tape tape, List<Policy.Row> rows, Activations activations) {
        Var states = backbone.responseStates(tape, rows, activations);                             // [R, D]
        return Rows.reshape(Products.linear(states, weight, bias), states.dim(0));                 // [R, 1] as [R]
    }

    /// The value before each of a row's response tokens, without a gradient.
    ///
    /// @param scope for working memory, which is freed before returning
    /// @param maxPositions positions computed at a time
    public List<float[]> score(Scope scope, List<Policy.Row> rows, long maxPositions) {
        List<float[]> scores = new ArrayList<>(rows.size());
        for (List<Policy.Row> part : Policy.split(rows, maxPositions)) {
            try (Tape tape = Tape.inference(backbone.backend(), scope)) {
                float[] values = values(tape, part, Activations.KEPT).value().toFloats();
                int at = 0;
                for (Policy.Row row : part) {
                    scores.add(Arrays.copyOfRange(values, at, at += row.response().length));
                }
            }
        }
        return scores;
    }

    /// The part of the mini-batch's loss that comes from `batch`, [1].
    ///
    /// @param values of {@link #values} for the batch's responses, `[R]`
    /// @param metrics receives `value/clip_share` and `value/mean`
    public Var loss(Var values, Batch batch, MetricSums metrics) {
        return loss(settings, aggregation, values, batch, metrics);
    }

    static Var loss(CriticSettings settings, Aggregation aggregation, Var values, Batch batch, MetricSums metrics) {
        Tape tape = values.tape();
        Var returns = tape.constant(batch.aims().returns());                                       // R [R]
        Var old = tape.constant(batch.scores().values());                                          // V_old [R]
        Var moved = Pointwise.clamp(Pointwise.subtract(values, old), -settings.valueClip(), settings.valueClip());
        Var free = Pointwise.square(Pointwise.subtract(values, returns));
        Var clipped = Pointwise.square(Pointwise.subtract(Pointwise.add(old, moved), returns));
        LossMetrics.clipShare("value/clip_share", free.value(), clipped.value(), metrics);
        metrics.mean("value/mean", values.value().sum(), values.value().elements());
        return Pointwise.scale(aggregation.apply(Pointwise.maximum(free, clipped), batch), settings.factor());
    }
}
