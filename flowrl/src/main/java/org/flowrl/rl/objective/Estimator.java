package org.flowrl.rl.objective;

import org.flowrl.rl.Rollout;

/// Turns the rewards of a rollout into an advantage for every response token.
@FunctionalInterface
public interface Estimator {
    /// @return one array per response, one value per token
    double[][] advantages(Rollout rollout);
}
