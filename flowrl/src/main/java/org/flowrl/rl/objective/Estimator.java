package org.flowrl.rl.objective;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import org.flowrl.rl.Targets;

/// Turns the rewards of a rollout into an advantage for every response token. All sums in F64.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Estimator.Outcome.class, name = "outcome"),
    @JsonSubTypes.Type(value = Estimator.ReturnsToGo.class, name = "returns_to_go"),
    @JsonSubTypes.Type(value = Estimator.Gae.class, name = "gae")
})
public sealed interface Estimator {
    /// The advantages, and the returns where a critic learns them.
    ///
    /// @param rewards `[response][token]`, what each token earned: the response's reward at its last token, less what a
    ///     penalty in the reward takes
    /// @param groups each response's group
    /// @param values `[response][token]` of the critic; null without one
    Targets estimate(double[][] rewards, int[] groups, double[][] values);

    /// Responses that every prompt must have at the least.
    default int minimumSamples() {
        return 1;
    }

    /// What the critic is made with; empty where there is none.
    default Optional<CriticSettings> criticSettings() {
        return Optional.empty();
    }

    /// One advantage for all tokens of a response, from the sum of its rewards within its group.
    ///
    /// @param advantages how rewards compare with those of the group
    /// @param whitened true where all tokens of the rollout are then whitened, as REINFORCE++-baseline does
    record Outcome(Advantages advantages, boolean whitened) implements Estimator {
        public Outcome {
            Objects.requireNonNull(advantages, "advantages");
        }

        @Override
        public Targets estimate(double[][] rewards, int[] groups, double[][] values) {
            double[] sums = Arrays.stream(rewards).mapToDouble(row -> Arrays.stream(row).sum()).toArray();
            double[][] perToken = Advantages.repeated(advantages.perResponse(sums, groups),
                    Arrays.stream(rewards).mapToInt(row -> row.length).toArray());
            return Targets.of(whitened ? Whitening.apply(perToken) : perToken);
        }

        @Override
        public int minimumSamples() {
            return advantages.minimumSamples();
        }
    }

    /// REINFORCE++ (arXiv 2501.03262): what a token and all later ones of its response earn, whitened over the rollout.
    /// ```
    /// G_t = r_t + γ · G_{t+1}          A = whiten(G)
    /// ```
    /// Source: verl `core_algos.py`, `compute_reinforce_plus_plus_outcome_advantage`.
    ///
    /// @param gamma γ, in (0, 1]
    /// @param whitened false for plain REINFORCE
    record ReturnsToGo(double gamma, boolean whitened) implements Estimator {
        public ReturnsToGo {
            requireDiscount("returns_to_go: gamma", gamma);
        }

        @Override
        public Targets estimate(double[][] rewards, int[] groups, double[][] values) {
            double[][] returns = returns(rewards);
            return Targets.of(whitened ? Whitening.apply(returns) : returns);
        }

        /// G of each token.
        double[][] returns(double[][] rewards) {
            double[][] returns = new double[rewards.length][];
            for (int i = 0; i < rewards.length; i++) {
                returns[i] = new double[rewards[i].length];
                double later = 0;
                for (int t = rewards[i].length - 1; t >= 0; t--) {
                    later = rewards[i][t] + gamma * later;
                    returns[i][t] = later;
                }
            }
            return returns;
        }
    }

    /// Generalised advantage estimation (Schulman et al. 2016, Eq. 16) with a critic's values V, which are 0 after a
    /// response's end.
    /// ```
    /// δ_t = r_t + γ · V_{t+1} − V_t          A_t = δ_t + γ · λ · A_{t+1}          R_t = A_t + V_t
    /// ```
    /// Returns R are made before advantages are whitened. Departure from the code of FlowRL's first release, which
    /// keeps the value of the position after the end: it cancels at γ = λ = 1. Source: verl `core_algos.py`,
    /// `compute_gae_advantage_return`.
    ///
    /// @param gamma γ, in (0, 1]
    /// @param lambda λ, in [0, 1]
    /// @param whitened true where all advantages of the rollout are whitened
    /// @param critic what gives V
    record Gae(double gamma, double lambda, boolean whitened, CriticSettings critic) implements Estimator {
        public Gae {
            requireDiscount("gae: gamma", gamma);
            if (!(lambda >= 0 && lambda <= 1)) {
                throw new IllegalArgumentException("gae: lambda " + lambda + " must be in [0, 1]");
            }
            if (critic == null) {
                throw new IllegalArgumentException("gae: there must be a critic, whose values advantages are made of");
            }
        }

        @Override
        public Targets estimate(double[][] rewards, int[] groups, double[][] values) {
            double[][] advantages = new double[rewards.length][];
            double[][] returns = new double[rewards.length][];
            for (int i = 0; i < rewards.length; i++) {
                int length = rewards[i].length;
                advantages[i] = new double[length];
                returns[i] = new double[length];
                double nextValue = 0;
                double later = 0;
                for (int t = length - 1; t >= 0; t--) {
                    double delta = rewards[i][t] + gamma * nextValue - values[i][t];
                    later = delta + gamma * lambda * later;
                    advantages[i][t] = later;
                    returns[i][t] = later + values[i][t];
                    nextValue = values[i][t];
                }
            }
            return new Targets(whitened ? Whitening.apply(advantages) : advantages, returns, null);
        }

        @Override
        public Optional<CriticSettings> criticSettings() {
            return Optional.of(critic);
        }
    }

    private static void requireDiscount(String name, double gamma) {
        if (!(gamma > 0 && gamma <= 1)) {
            throw new IllegalArgumentException(name + " " + gamma + " must be in (0, 1]");
        }
    }
}
