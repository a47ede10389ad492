package org.flowrl.transformer.text;

/// A tokenizer folder, a text or an id that cannot be used; the message is one line: the file or operation, the value
/// found, and the rule it breaks.
public final class TokenizerException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// An exception with the given one-line message.
    public TokenizerException(String message) {
        super(message);
    }

    /// An exception with the given one-line message and the exception that gave rise to it.
    public TokenizerException(String message, Throwable cause) {
        super(message, cause);
    }
}
