package org.flowrl.rl;

import java.nio.file.Path;

/// Takes a run folder in a process of its own, and prints why it cannot have it.
final class LockingProgram {
    private LockingProgram() {
    }

    public static void main(String[] arguments) {
        try (RunLock _ = RunLock.of("train", Path.of(arguments[0]))) {
            System.out.println("taken");
        } catch (IllegalStateException e) {
            System.out.println(e.getMessage());
        }
    }
}
