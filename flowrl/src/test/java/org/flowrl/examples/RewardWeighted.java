package org.flowrl.examples;

import java.nio.file.Path;
import java.util.Map;
import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;
import org.flowrl.rl.Batch;
import org.flowrl.rl.ConfigFile;
import org.flowrl.rl.MetricSums;
import org.flowrl.rl.PolicyOutput;
import org.flowrl.rl.Presets;
import org.flowrl.rl.ScoredRollout;
import org.flowrl.rl.Targets;
import org.flowrl.rl.TrainConfig;
import org.flowrl.rl.TrainingRun;
import org.flowrl.rl.objective.Advantages;
import org.flowrl.rl.objective.Aggregation;
import org.flowrl.rl.objective.Objective;
import org.flowrl.rl.objective.ObjectiveSettings;
import org.flowrl.tensor.Backend;
import org.flowrl.tensor.Backends;
import org.flowrl.tensor.RandomKey;

/// An algorithm of one's own, settings and objective in one record: maximum likelihood of the policy's own responses,
/// each weighed by how its reward compares with those of its group of n (Peters and Schaal 2007).
/// ```
/// w_i  = n · exp(r_i / temperature) / Σ over the group of exp(r_j / temperature)
/// loss = −(1 / tokens) · Σ over tokens of w_i · log π(token)
/// ```
///
/// @param temperature of the weights: near 0 the best response alone counts
public record RewardWeighted(double temperature) implements ObjectiveSettings, Objective {
    public String algorithm() { return "reward-weighted"; }
    public int minimumSamples() { return 2; }
    public Objective create(Context context) { return this; }

    public Targets targets(ScoredRollout scored, RandomKey key, MetricSums metrics) {
        double[] rewards = scored.rollout().rewards();
        int[] groups = scored.rollout().groupIndices();
        double[] weights = new double[rewards.length];
        for (int i = 0; i < weights.length; i++) {
            double others = 0;
            int n = 0;
            for (int j = 0; j < weights.length; j++) {
                if (groups[j] == groups[i]) {
                    others += Math.exp((rewards[j] - rewards[i]) / temperature);
                    n++;
                }
            }
            weights[i] = n / others;
            metrics.max("weight/max", weights[i]);
        }
        return Targets.of(Advantages.repeated(weights, scored.rollout().lengths()));
    }
    public Var loss(PolicyOutput output, Batch batch, MetricSums metrics) {
        Var weights = output.logProbs().tape().constant(batch.advantages());
        Var likelihood = Pointwise.multiply(weights, output.logProbs());
        return Pointwise.negate(Aggregation.TOKEN_MEAN.apply(likelihood, batch));
    }

    /// Trains by it on the lattice.
    ///
    /// @param arguments run folder and number of steps
    public static void main(String... arguments) {
        TrainConfig config = ConfigFile.with(Presets.config("lattice", "grpo").withObjective(new RewardWeighted(0.5)),
                Map.of("steps", arguments[1]));
        try (Backend backend = Backends.open("cpu", 1).backend();
             TrainingRun run = TrainingRun.start(backend, config, Path.of(arguments[0]), (step, _, metrics) ->
                     System.out.println("step " + step + " reward " + metrics.get("reward/mean")))) {
            run.run();
        }
    }
}
