package org.flowrl.rl.grade.code.cell;

/// The kernel, or this machine, has no means of confining a program; the message says which is missing.
final class Unconfined extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unconfined(String reason) {
        super(reason);
    }
}
