package org.flowrl.transformer;

/// A model folder that cannot be used; the message is one line: the file, what was found, and the rule it breaks.
public final class ModelException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// An exception with this one-line message.
    public ModelException(String message) {
        super(message);
    }

    /// An exception with this one-line message and the exception that gave rise to it.
    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
