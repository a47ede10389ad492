package org.flowrl.transformer.text.jinja;

/// The value of what is not there: prints as nothing, is not true, has no items, and is an error in all else.
///
/// @param problem what is missing, for messages
record Undefined(String problem) {
    /// The error of using it.
    JinjaException refuse() {
        return new JinjaException(problem);
    }
}
