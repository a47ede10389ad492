package org.flowrl.rl.grade.symbolic;

/// Says that a text is not mathematics that {@link MathParser} knows. Never leaves the package.
final class ParseFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ParseFailure(String reason) {
        // Without a stack trace: most texts of a model are not mathematics.
        super(reason, null, false, false);
    }
}
