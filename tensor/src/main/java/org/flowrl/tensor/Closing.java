package org.flowrl.tensor;

import java.util.List;

/// Ends several things, whatever becomes of any of them.
public final class Closing {
    private Closing() {
    }

    /// Runs all actions in order. Where some throw, the first of what they threw is thrown at the end, the rest
    /// suppressed in it.
    public static void all(List<? extends Runnable> actions) {
        Throwable first = null;
        for (Runnable action : actions) {
            try {
                action.run();
            } catch (RuntimeException | Error failure) {
                if (first == null) {
                    first = failure;
                } else if (failure != first) {
                    first.addSuppressed(failure);
                }
            }
        }
        switch (first) {
            case null -> { }
            case RuntimeException failure -> throw failure;
            case Error failure -> throw failure;
            case Throwable impossible -> throw new AssertionError("actions throw nothing checked", impossible);
        }
    }

    /// Runs `action`, which ends what a constructor had opened when `failure` ended it; what it throws is suppressed in
    /// `failure`, which the caller throws again.
    public static void after(Throwable failure, Runnable action) {
        try {
            action.run();
        } catch (RuntimeException | Error second) {
            if (second != failure) {
                failure.addSuppressed(second);
            }
        }
    }
}
