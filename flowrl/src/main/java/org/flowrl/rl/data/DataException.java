package org.flowrl.rl.data;

/// A data file that cannot be used; the message is one line: file, place in it, what was found and the rule it breaks.
public final class DataException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// An exception with this one-line message.
    public DataException(String message) {
        super(message);
    }

    /// An exception with this one-line message and the exception that gave rise to it.
    public DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
