package org.flowrl.rl.objective;

import org.flowrl.autograd.Var;
import org.flowrl.autograd.ops.Pointwise;

/// Bounds on the flow gap, the part of FlowRL's residual that is known before the updates, in multiples of β:
/// ```
/// gap = log Z + ℓold − β · R − ℓref          δ = clamp(gap, low · β, high · β) + (ℓ − ℓold)
/// ```
/// A gap above 0 pushes a response down. Source: GFlowRL (arXiv 2607.13394), of which no text was at hand: that the
/// clip is asymmetric is known, its bounds are not.
///
/// @param low below 0; −∞ for none
/// @param high above 0; +∞ for none
public record GapClip(double low, double high) {
    /// No bounds.
    public static final GapClip OFF = new GapClip(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
    /// Bounds of the preset `gflowrl`, which are ours: a response is raised by at most what one whole reward asks for,
    /// and pushed down by at most half of it, since what is pushed down says little about where its mass should go.
    public static final GapClip ASYMMETRIC = new GapClip(-1, 0.5);

    public GapClip {
        if (!(low < 0 && high > 0)) {
            throw new IllegalArgumentException("flowrl: gapClip low " + low + " must be below 0 and high " + high
                    + " above 0");
        }
    }

    boolean isOff() {
        return equals(OFF);
    }

    Var apply(Var gap, double beta) {
        return Pointwise.clamp(gap, low * beta, high * beta);
    }
}
