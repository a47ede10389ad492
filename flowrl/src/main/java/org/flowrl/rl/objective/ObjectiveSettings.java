package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.annotation.JsonTypeIdResolver;
import java.util.Optional;
import org.flowrl.autograd.ParameterStore;
import org.flowrl.rl.Policy;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.DType;
import org.flowrl.tensor.RandomKey;
import org.flowrl.tensor.Scope;

/// The settings of one objective, as `objective:` has them in `config.yaml`; the key `algo` says whose they are: a
/// family's, or the class of one's own.
///
/// An algorithm of one's own is a record of its settings and an {@link Objective} of it, which may be the same record.
/// It needs no entry anywhere: a run folder holds the settings and the record's name, so that a run is resumed by any
/// program that has the class. Components are whatever Jackson writes and reads back.
/// ```java
/// record Reinforce(double strength) implements ObjectiveSettings, Objective {
///     public String algorithm() { return "reinforce"; }
///     public Objective create(Context context) { return this; }
///     public Targets targets(ScoredRollout scored, RandomKey key, MetricSums metrics) {
///         return Targets.of(Advantages.repeated(scored.rollout().rewards(), scored.rollout().lengths()));
///     }
///     public Var loss(PolicyOutput output, Batch batch, MetricSums metrics) {
///         Var rewards = output.logProbs().tape().constant(batch.advantages());
///         return Pointwise.scale(Aggregation.TOKEN_MEAN.apply(Pointwise.multiply(rewards, output.logProbs()), batch),
///                 -strength);
///     }
/// }
/// TrainConfig config = Presets.config("lattice", "grpo").withObjective(new Reinforce(1));
/// ```
@JsonTypeInfo(use = JsonTypeInfo.Id.CUSTOM, property = "algo")
@JsonTypeIdResolver(ObjectiveNames.class)
public interface ObjectiveSettings {
    /// The name of the algorithm, for folders and tables.
    String algorithm();

    /// Responses that every prompt must have at the least: 2 where they are compared with each other.
    default int minimumSamples() {
        return 1;
    }

    /// Whether the objective has a {@link Objective#critic}, which is known before it is created.
    default boolean hasCritic() {
        return false;
    }

    /// The objective with these settings, its modules' parameters allocated in `context` and initialised.
    Objective create(Context context);

    /// Where an objective's own modules live.
    ///
    /// @param backend computes
    /// @param scope holds the modules' parameters
    /// @param dtype of the parameters
    /// @param hiddenSize D, width of the policy's hidden states
    /// @param key for the first values of the parameters
    /// @param start the policy before training, which a critic starts from
    record Context(Backend backend, Scope scope, DType dtype, int hiddenSize, RandomKey key, Optional<Policy> start) {
        /// A context for objectives without a critic.
        public Context(Backend backend, Scope scope, DType dtype, int hiddenSize, RandomKey key) {
            this(backend, scope, dtype, hiddenSize, key, Optional.empty());
        }

        /// The context of the policy that is trained, before its first step.
        public static Context of(Policy start, Scope scope, RandomKey key) {
            return new Context(start.backend(), scope, start.parameters().dtype(),
                    start.model().config().hiddenSize(), key, Optional.of(start));
        }

        /// An empty store for a module's parameters.
        public ParameterStore newStore() {
            return new ParameterStore(backend, scope, dtype);
        }
    }
}
