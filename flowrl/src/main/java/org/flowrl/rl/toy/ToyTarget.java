package org.flowrl.rl.toy;

import java.util.Arrays;

/// Rewards of the states 1 … 100, three peaks:
/// ```
/// f(x) = ½ · e^(−(x − 20)² / 10) + e^(−(x − 50)² / 10) + ½ · e^(−(x − 80)² / 10)
/// ```
/// which is the curve drawn in the paper's Figure 1, recovered from the figure's vector paths. Σ f = 11.20998, of which
/// the peaks hold a quarter, a half and a quarter; ln Σ f = 2.41680; the state 50 has probability 0.08921.
public final class ToyTarget {
    /// Number of states.
    public static final int STATES = 100;
    /// Last states of the three peaks' ranges: midway between the centres.
    private static final int[] LAST = {35, 65, STATES};
    private static final double[] CENTRES = {20, 50, 80};
    private static final double[] HEIGHTS = {0.5, 1, 0.5};
    /// 2 σ², σ² = 5.
    private static final double WIDTH = 10;

    private ToyTarget() {
    }

    /// f of each state; place i is state i + 1.
    public static double[] rewards() {
        double[] rewards = new double[STATES];
        for (int i = 0; i < STATES; i++) {
            for (int peak = 0; peak < CENTRES.length; peak++) {
                double distance = i + 1 - CENTRES[peak];
                rewards[i] += HEIGHTS[peak] * Math.exp(-distance * distance / WIDTH);
            }
        }
        return rewards;
    }

    /// f / Σ f of each state.
    public static double[] probabilities() {
        double[] rewards = rewards();
        double sum = Arrays.stream(rewards).sum();
        return Arrays.stream(rewards).map(reward -> reward / sum).toArray();
    }

    /// ln Σ f.
    public static double logZ() {
        return Math.log(Arrays.stream(rewards()).sum());
    }

    /// The probability that `policy` gives to the range of each peak.
    public static double[] peakMasses(double[] policy) {
        double[] masses = new double[LAST.length];
        int from = 0;
        for (int peak = 0; peak < LAST.length; peak++) {
            masses[peak] = Arrays.stream(policy, from, LAST[peak]).sum();
            from = LAST[peak];
        }
        return masses;
    }

    /// KL(p‖q) = Σ p · ln (p / q) in nats; states of p = 0 count 0.
    public static double divergence(double[] p, double[] q) {
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            sum += p[i] == 0 ? 0 : p[i] * Math.log(p[i] / q[i]);
        }
        return sum;
    }
}
