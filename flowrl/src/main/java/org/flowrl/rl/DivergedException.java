package org.flowrl.rl;

/// Training stopped because a number stopped being one; the message says where.
public final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// @param message step, mini-batch and what went wrong
    public DivergedException(String message) {
        super(message);
    }
}
