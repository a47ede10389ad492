package org.flowrl.transformer.text.jinja;

/// A template that cannot be read, or whose values broke a rule while it was filled in. The message is one line.
public final class JinjaException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// An exception with this one-line message.
    public JinjaException(String message) {
        super(message);
    }

    private JinjaException(String message, JinjaException cause) {
        super(message, cause);
    }

    /// The same at a line of a template.
    JinjaException at(String template, int line) {
        return new JinjaException(template + ", line " + line + ": " + getMessage(), this);
    }
}
