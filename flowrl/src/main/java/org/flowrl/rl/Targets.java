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

    /// These targets, where they have a value for each token, and of log Z for each response, of a rollout.
    ///
    /// @param algorithm whose targets these are, for the message
    /// @param lengths of the responses, in tokens
    /// @throws IllegalArgumentException where they have not
    Targets requireFor(String algorithm, int[] lengths) {
        require(algorithm, "advantages", advantages, lengths);
        require(algorithm, "returns", returns, lengths);
        if (logZ != null && logZ.length != lengths.length) {
            throw new IllegalArgumentException("targets: logZ of " + algorithm + " has " + logZ.length
                    + " values; it must have one for each of " + lengths.length + " responses");
        }
        return this;
    }

    private static void require(String algorithm, String name, double[][] values, int[] lengths) {
        if (values == null) {
            return;
        }
        if (values.length != lengths.length) {
            throw new IllegalArgumentException("targets: " + name + " of " + algorithm + " has " + values.length
                    + " rows; it must have one for each of " + lengths.length + " responses");
        }
        for (int i = 0; i < lengths.length; i++) {
            if (values[i].length != lengths[i]) {
                throw new IllegalArgumentException("targets: " + name + " of " + algorithm + ", response " + i
                        + ", has " + values[i].length + " values; it must have one for each of " + lengths[i]
                        + " tokens");
            }
        }
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
