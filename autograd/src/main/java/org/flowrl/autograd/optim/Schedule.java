package org.flowrl.autograd.optim;

/// The factor on the learning rate at each step.
@FunctionalInterface
public interface Schedule {
    /// The factor of step `step`, counted from 0.
    double factor(long step);

    /// Always 1.
    static Schedule constant() {
        return step -> 1;
    }

    /// Linear from 0 at step 0 to 1 at step `warmup`, then 1: the first step has rate 0, as PyTorch's LambdaLR with
    /// k / warmup and FlowRL's released code have it.
    static Schedule linearWarmup(long warmup) {
        if (warmup < 0) {
            throw new IllegalArgumentException("linearWarmup: warmup " + warmup + " must be 0 or more");
        }
        return step -> warmup == 0 ? 1 : Math.min(1, (double) step / warmup);
    }

    /// Linear to 1 over `warmup` steps, the first having factor 1 / warmup, then a half cosine down to `floor` at step
    /// `total`:
    /// ```
    /// floor + (1 − floor) · (1 + cos(π · (step − warmup) / (total − warmup))) / 2
    /// ```
    static Schedule cosine(long warmup, long total, double floor) {
        if (warmup < 0 || total < warmup || !(floor >= 0 && floor <= 1)) {
            throw new IllegalArgumentException("cosine: warmup " + warmup + ", total " + total + ", floor " + floor
                    + " must satisfy 0 ≤ warmup ≤ total and 0 ≤ floor ≤ 1");
        }
        return step -> {
            if (step < warmup) {
                return (step + 1.0) / warmup;
            }
            double progress = total == warmup ? 1 : Math.min(1, (double) (step - warmup) / (total - warmup));
            return floor + (1 - floor) * (1 + StrictMath.cos(StrictMath.PI * progress)) / 2;
        };
    }
}
