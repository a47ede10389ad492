package org.flowrl.rl;

import java.util.Arrays;

/// What an objective makes of a whole rollout before it is cut into mini-batches, by response (and token).
///
/// @param advantages `[response][token]`
/// @param returns `[response][token]`, what the critic learns; null where there is none
/// @param logZ `[response]`, log Z in nats per token where the rollout gives it; null where it does not
public record Targets(double[][] advantages, double[][] returns, double[] logZ) {
    /// Advantages alone.
    public static Targets of(double[][] advantages) {
        return new Targets(advantages, null, null);
    }

    @Override
    public boolean equals(Object object) {
        return object instanceof Targets other && Arrays.deepEquals(parts(), other.parts());
    }

    @Override
    public int hashCode() {
        return Arrays.deepHashCode(parts());
    }

    /// Records compare arrays by identity; these are compared by their values.
    private Object[] parts() {
        return new Object[] {advantages, returns, logZ};
    }
}
