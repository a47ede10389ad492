package org.flowrl.rl.grade.symbolic;

/// Says that an expression has no value: it divides by zero, is infinite, or is not a number at all. Never leaves the
/// package.
final class Undefined extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Undefined(String reason) {
        super(reason, null, false, false);
    }
}
