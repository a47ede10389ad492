package org.flowrl.transformer.text.jinja;

/// A function, a method of a value, or a macro.
@FunctionalInterface
interface Callable {
    Object call(Arguments arguments);
}
