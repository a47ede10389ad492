package org.flowrl.rl;

/// What an objective makes of a whole rollout before it is cut into mini-batches, by response (and token).
///
/// @param advantages [response][token]
/// @param returns [response][token], what the critic learns; null where there is none
/// @param logZ [response], log Z in nats per token where the rollout gives it; null where it does not
public record Targets(double[][] advantages, double[][] returns, double[] logZ) {
    /// Advantages alone.
    public static Targets of(double[][] advantages) {
        return new Targets(advantages, null, null);
    }
}
