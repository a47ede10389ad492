package org.flowrl.rl.compare;

import java.util.List;

/// A part of FlowRL and the algorithms that differ in it alone; the first is FlowRL as it is.
public enum Ablation {
    /// The importance weight of a response.
    WEIGHT("flowrl-weight-max", "flowrl-weight-clip", "flowrl-weight-unbounded", "flowrl-unweighted"),
    /// Log-probabilities divided by the length of the response.
    LENGTH("flowrl", "flowrl-no-length-norm"),
    /// β, as multiples of 1/15 of the task's.
    BETA("flowrl-beta-15", "flowrl-beta-5", "flowrl-beta-10", "flowrl-beta-30"),
    /// Where log Z comes from.
    LOGZ("flowrl-z-learned", "flowrl-z-group-mean", "flowrl-z-zero", "flowrl-z-constant", "flowrl-z-noise",
            "flowrl-detached", "flowrl-dropout");

    private final List<String> algorithms;

    Ablation(String... algorithms) {
        this.algorithms = List.of(algorithms);
    }

    /// Names of the algorithms.
    public List<String> algorithms() {
        return algorithms;
    }
}
