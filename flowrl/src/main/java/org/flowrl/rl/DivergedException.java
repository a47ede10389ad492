package org.flowrl.rl;

import org.flowrl.autograd.Tape;

/// Training stopped because a number stopped being one; the message says where.
public final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// @param place step and mini-batch
    /// @param tape on which the loss was computed
    DivergedException(String place, Tape tape) {
        super(place + ": the loss is not a number; the first value that is none: "
                + tape.firstNaN().orElse("the loss itself"));
    }
}
