package org.flowrl.rl.grade.code;

/// Programs of strangers are not run, for nothing would confine them.
public final class UnconfinedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String reason;

    /// @param reason which means is missing
    public UnconfinedException(String reason) {
        super("sandbox: refuses to run programs, for nothing would confine them: " + reason
                + "; --allow-unconfined runs them all the same");
        this.reason = reason;
    }

    /// Which means is missing.
    public String reason() {
        return reason;
    }
}
